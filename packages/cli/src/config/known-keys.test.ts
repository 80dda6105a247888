import { DEPRECATED_FORMAT_KEYS, formatSectionSchema } from '@slapos/format';
import { daemonSectionSchema, firewallSectionSchema, gridSectionSchema } from '@slapos/grid';
import { multimasterSectionSchema, slapproxySectionSchema } from '@slapos/proxy';
import { clientSectionSchema, consoleSectionSchema } from '@slapos/slap';
import { supervisorSectionSchema } from '@slapos/supervisor';
import { describe, expect, it } from 'vitest';
import { keyFacts, knownKeys, SECTION_KEYS } from './known-keys.js';

/** What libraries read, by the section that commands read it from. */
const SCHEMAS = {
  slapos: [gridSectionSchema, supervisorSectionSchema, clientSectionSchema],
  slapformat: [formatSectionSchema],
  networkcache: [gridSectionSchema],
  slapconsole: [consoleSectionSchema],
  slapproxy: [slapproxySectionSchema.out],
  'multimaster/http://[2001:db8::1]/': [multimasterSectionSchema],
  firewall: [firewallSectionSchema],
  daemon: [daemonSectionSchema],
} as const;

describe.each(Object.entries(SCHEMAS))('[%s]', (section, schemas) => {
  it('may have every key that a library reads from it', () => {
    const known = knownKeys(section);
    for (const key of schemas.flatMap(({ shape }) => Object.keys(shape))) expect(known).toContain(key);
  });
});

it('keys that node format refuses are known as removed', () => {
  for (const key of DEPRECATED_FORMAT_KEYS) expect(keyFacts('slapformat', key)?.unused).toMatch(/^removed/);
});

it('defaults are those of the schemas', () => {
  const defaults = {
    slapos: supervisorSectionSchema.parse({}),
    slapproxy: slapproxySectionSchema.parse({ port: '1', database_uri: '/d', computer_id: 'c' }),
    slapformat: formatSectionSchema.parse({
      computer_id: 'c',
      master_url: 'm',
      instance_root: '/i',
      software_root: '/s',
      computer_xml: '/x',
      partition_amount: '1',
    }),
  };
  for (const [section, values] of Object.entries(defaults) as [string, Record<string, unknown>][]) {
    for (const [key, { default: value }] of Object.entries(SECTION_KEYS[section] ?? {})) {
      // Other defaults are in the code that reads the key.
      if (values[key] !== undefined && value !== undefined)
        expect(`${key} ${value}`).toBe(`${key} ${JSON.stringify(values[key]).replaceAll('"', '')}`);
    }
  }
});

it('sections of other programs are theirs', () => {
  expect(knownKeys('re6stnet')).toBeUndefined();
  expect(knownKeys('constructor')).toBeUndefined();
});
