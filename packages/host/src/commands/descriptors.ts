import fs from 'node:fs';

const FIRST_PRIVATE_DESCRIPTOR = 3;
const O_CLOEXEC = 0o2000000;

/**
 * The descriptors that whoever started us passed on, by intent or by accident, and that every child of ours would inherit:
 * Node.js opens its own so that they are closed in children, but not these. (spec: security S17)
 */
export function inheritedDescriptors(): number[] {
  return fs.readdirSync('/proc/self/fd').flatMap((name) => {
    const descriptor = Number(name);
    if (descriptor < FIRST_PRIVATE_DESCRIPTOR) return [];
    try {
      const flags = /^flags:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${name}`, 'latin1'))?.[1] ?? '0';
      return (Number.parseInt(flags, 8) & O_CLOEXEC) === 0 ? [descriptor] : [];
    } catch {
      return []; // the descriptor of the listing itself
    }
  });
}

/**
 * Closes the descriptors that we inherited, so that no child gets them. For programs, at their start, before anything else;
 * never for libraries: somebody may be using them. What Node.js itself talks to its parent with stays.
 * @param words of the command line: a descriptor that one of them names, as a shell's `<(…)` does, stays open
 */
export function closeInheritedDescriptors(words: readonly string[] = []): void {
  const kept = new Set(words.flatMap(descriptorsNamedIn));
  // `fork` of Node.js gives its child a channel.
  const channel: unknown = process.channel !== undefined && 'fd' in process.channel ? process.channel.fd : undefined;
  if (typeof channel === 'number') kept.add(channel);
  for (const descriptor of inheritedDescriptors()) if (!kept.has(descriptor)) fs.closeSync(descriptor);
}

function descriptorsNamedIn(word: string): number[] {
  return [...word.matchAll(/\/(?:dev|proc\/self)\/fd\/(\d+)/g)].map(([, digits]) => Number(digits));
}
