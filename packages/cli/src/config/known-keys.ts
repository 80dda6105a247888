import type { KeyFacts, SectionFacts } from './keys/key-facts.js';
import {
  COLLECT_KEYS,
  DAEMON_KEYS,
  FIREWALL_KEYS,
  MULTIMASTER_KEYS,
  NETWORKCACHE_KEYS,
  SLAPCONSOLE_KEYS,
  SLAPPROXY_KEYS,
} from './keys/other-keys.js';
import { SLAPFORMAT_KEYS } from './keys/slapformat-keys.js';
import { SLAPOS_KEYS } from './keys/slapos-keys.js';

/** Keys by the section that they belong to; a test holds them equal to the schemas of the libraries. */
export const SECTION_KEYS: Readonly<Record<string, SectionFacts>> = {
  slapos: SLAPOS_KEYS,
  slapformat: SLAPFORMAT_KEYS,
  networkcache: NETWORKCACHE_KEYS,
  slapconsole: SLAPCONSOLE_KEYS,
  slapproxy: SLAPPROXY_KEYS,
  'multimaster/URL': MULTIMASTER_KEYS,
  firewall: FIREWALL_KEYS,
  collect: COLLECT_KEYS,
  daemon: DAEMON_KEYS,
};

/** A key of the one may stand in the other, as sections are merged before they are read (spec: config §2). */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  slapos: ['slapformat', 'networkcache', 'slapproxy'],
  slapformat: ['slapos'],
  networkcache: ['slapos'],
  slapproxy: ['slapos'],
};

const MULTIMASTER = 'multimaster/';

/** Facts of the keys that belong to a section, without those that may stand in it as well; `undefined` for sections of other programs. */
export function ownKeys(section: string): SectionFacts | undefined {
  const name = section.startsWith(MULTIMASTER) ? 'multimaster/URL' : section;
  return Object.hasOwn(SECTION_KEYS, name) ? SECTION_KEYS[name] : undefined;
}

/** The keys that a section may have; `undefined` for sections that belong to somebody else. */
export function knownKeys(section: string): ReadonlySet<string> | undefined {
  const own = ownKeys(section);
  if (own === undefined) return undefined;
  const names = [own, ...(ALSO[section] ?? []).map((other) => ownKeys(other) ?? {})].flatMap((facts) =>
    Object.keys(facts),
  );
  // The mini-master reads its keys with dashes, too.
  const dashed = section === 'slapproxy' ? names.map((name) => name.replaceAll('_', '-')) : [];
  return new Set([...names, ...dashed]);
}

/** What is known of a key where it stands. */
export function keyFacts(section: string, key: string): KeyFacts | undefined {
  const places = [section, ...(ALSO[section] ?? [])];
  const names = section === 'slapproxy' ? [key, key.replaceAll('-', '_')] : [key];
  return places.flatMap((place) => names.map((name) => ownKeys(place)?.[name])).find((facts) => facts !== undefined);
}
