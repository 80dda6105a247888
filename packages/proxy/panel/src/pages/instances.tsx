import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { PanelInstance, PanelOverview } from '../../../src/panel/panel-documents.js';
import { Badge, Empty, Release } from '../parts/parts.js';
import { conditionOf, countText } from '../parts/texts.js';
import { linkTo } from '../route.js';

const TREES_AT_ONCE = 100;

interface Tree {
  readonly title: string;
  /** The root first. */
  readonly instances: readonly PanelInstance[];
}

/** All instances, tree by tree. */
export function InstancesPage({ overview }: { readonly overview: PanelOverview }): JSX.Element {
  const [wanted, setWanted] = useState('');
  const [limit, setLimit] = useState(TREES_AT_ONCE);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focusFilter = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      if (event.key !== '/' || isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener('keydown', focusFilter);
    return () => removeEventListener('keydown', focusFilter);
  }, []);
  const trees = useMemo(() => treesOf(overview.instances), [overview.instances]);
  const found = useMemo(() => matching(trees, wanted), [trees, wanted]);
  const failing = overview.instances.filter((instance) => conditionOf(instance).mood === 'bad').length;
  return (
    <>
      <div class="title">
        <h1>Instances</h1>
        <p class="summary">
          {countText(overview.instances.length, 'instance')} in {countText(trees.length, 'tree')}
          {failing > 0 && (
            <>
              , <strong class="bad">{failing.toLocaleString()} failing</strong>
            </>
          )}
        </p>
        <label class="filter">
          <span>Find</span>
          <input
            ref={field}
            type="search"
            placeholder="Name, release, partition, state"
            aria-keyshortcuts="/"
            value={wanted}
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
          <kbd aria-hidden="true">/</kbd>
        </label>
      </div>
      {found.length === 0 ? (
        <Empty>
          {trees.length === 0
            ? 'Nobody has requested an instance yet.'
            : 'No instance has this in its name, release, partition or state.'}
        </Empty>
      ) : (
        <div class="scroll">
          <table class="trees">
            <thead>
              <tr>
                <th scope="col">Instance</th>
                <th scope="col">State</th>
                <th scope="col">Software Release</th>
                <th scope="col">Type</th>
                <th scope="col">Partition</th>
              </tr>
            </thead>
            {found.slice(0, limit).map((tree) => (
              <tbody key={tree.title}>
                {tree.instances.map((instance) => (
                  <Row key={instance.guid} instance={instance} />
                ))}
              </tbody>
            ))}
          </table>
        </div>
      )}
      {found.length > limit && (
        <button type="button" onClick={() => setLimit(limit + TREES_AT_ONCE)}>
          Show more of {countText(found.length, 'tree')}
        </button>
      )}
    </>
  );
}

function Row({ instance }: { readonly instance: PanelInstance }): JSX.Element {
  const { guid, title, isRoot, softwareReleaseUrl, softwareType, computerId, partitionId } = instance;
  return (
    <tr class={isRoot ? 'root' : 'child'}>
      <th scope="row">
        <a href={linkTo('instance', guid)}>{title}</a>
      </th>
      <td class="narrow">
        <Badge condition={conditionOf(instance)} />
      </td>
      <td>
        <Release url={softwareReleaseUrl} />
      </td>
      <td>{softwareType}</td>
      <td class="narrow">
        {partitionId} <span class="dim">on {computerId}</span>
      </td>
    </tr>
  );
}

function treesOf(instances: readonly PanelInstance[]): Tree[] {
  const trees = new Map<string, PanelInstance[]>();
  for (const instance of instances) {
    const tree = trees.get(instance.tree);
    if (tree === undefined) trees.set(instance.tree, [instance]);
    else tree.push(instance);
  }
  return [...trees]
    .map(([title, members]) => ({
      title,
      instances: members.sort((a, b) => Number(b.isRoot) - Number(a.isRoot) || compare(a.title, b.title)),
    }))
    .sort((a, b) => compare(a.title, b.title));
}

/** Of trees that do not match as a whole, the members that do. */
function matching(trees: readonly Tree[], wanted: string): readonly Tree[] {
  const words = wanted
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return trees;
  return trees.flatMap(({ title, instances }) => {
    const fitting = instances.filter((instance) => {
      const text = [
        instance.title,
        title,
        instance.softwareReleaseUrl,
        instance.softwareType,
        instance.partitionId,
        instance.computerId,
        conditionOf(instance).text,
      ]
        .join(' ')
        .toLowerCase();
      return words.every((word) => text.includes(word));
    });
    return fitting.length === 0 ? [] : [{ title, instances: fitting }];
  });
}

const { compare } = new Intl.Collator(undefined, { numeric: true });
