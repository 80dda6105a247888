import { escapeControlCharacters } from '@slapos/host';
import type { ProxyDatabaseContent, ProxyShowValue } from '@slapos/proxy';

/** An instance as the database of a mini-master has it. */
export interface ListedInstance {
  readonly name: string;
  /** Name of the root of its tree; its own for a root. */
  readonly root: string;
  readonly partition: string;
  readonly computer: string;
  readonly state: string;
  readonly softwareUrl: string;
  readonly softwareType: string;
}

/** All instances, each tree with its root first, in the order in which the partitions are. */
export function listInstances({ partitions }: ProxyDatabaseContent): ListedInstance[] {
  const all = partitions.rows.map((row) => {
    const name = text(row['partition_reference']);
    const requestedBy = text(row['requested_by']);
    return {
      name,
      root: requestedBy === '' ? name : requestedBy,
      isRoot: requestedBy === '',
      partition: text(row['reference']),
      computer: text(row['computer_reference']),
      state: text(row['requested_state']),
      softwareUrl: text(row['software_release']),
      softwareType: text(row['software_type']),
    };
  });
  const roots = new Map(all.filter(({ isRoot }) => isRoot).map(({ name }) => [name, true]));
  // A tree whose root is gone is listed all the same.
  for (const { root } of all) roots.set(root, true);
  return [...roots.keys()].flatMap((root) => {
    const tree = all.filter((instance) => instance.root === root);
    return [...tree.filter(({ isRoot }) => isRoot), ...tree.filter(({ isRoot }) => !isRoot)].map(
      ({ isRoot: _isRoot, ...instance }) => instance,
    );
  });
}

/** The trees for people (spec: ux-ideas §20); computers are named when there are several. */
export async function treesText(instances: readonly ListedInstance[]): Promise<string> {
  const { default: stringWidth } = await import('string-width');
  const isOneComputer = new Set(instances.map(({ computer }) => computer)).size <= 1;
  const placeOf = ({ computer, partition }: ListedInstance): string =>
    escapeControlCharacters(isOneComputer ? partition : `${computer} ${partition}`);
  const padded = (cell: string, width: number): string => cell + ' '.repeat(Math.max(0, width - stringWidth(cell)));
  const lines: string[] = [];
  for (const root of new Set(instances.map((instance) => instance.root))) {
    const tree = instances.filter((instance) => instance.root === root);
    const head = tree.find(({ name }) => name === root);
    const children = tree.filter((instance) => instance !== head);
    const name = escapeControlCharacters(root);
    lines.push(
      head === undefined
        ? `${name} (gone)`
        : `${name} (${placeOf(head)}, ${escapeControlCharacters(head.state)}) ${escapeControlCharacters(head.softwareUrl)}`,
    );
    const names = children.map((child) => escapeControlCharacters(child.name));
    const nameWidth = Math.max(0, ...names.map((child) => stringWidth(child)));
    const placeWidth = Math.max(0, ...children.map((child) => stringWidth(placeOf(child))));
    for (const [index, child] of children.entries()) {
      const branch = index === children.length - 1 ? '└─' : '├─';
      const cells = [padded(names[index] ?? '', nameWidth), padded(placeOf(child), placeWidth)];
      lines.push(`${branch} ${cells.join('  ')}  ${escapeControlCharacters(child.state)}`);
    }
  }
  return lines.join('\n');
}

function text(value: ProxyShowValue | undefined): string {
  return value === null || value === undefined ? '' : String(value);
}
