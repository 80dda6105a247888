import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAnswer } from './read-answer.js';

const recorded = path.resolve(import.meta.dirname, '../../test/fixtures/supervisor-wire');

async function answer(name: string): Promise<ReturnType<typeof readAnswer>> {
  return readAnswer(await readFile(path.join(recorded, `${name}.response.xml`), 'utf8'));
}

describe('readAnswer, on what supervisord 4.2.5 answered', () => {
  it('reads a state', async () => {
    expect(await answer('get-state')).toEqual({ kind: 'value', value: { statecode: 1, statename: 'RUNNING' } });
  });

  it('reads a process', async () => {
    expect(await answer('get-process-info')).toMatchObject({ kind: 'value', value: { group: 'slappart0' } });
  });

  it('reads lists in lists', async () => {
    const { value } = (await answer('reload-config')) as { value: unknown };
    expect(value).toEqual([[expect.any(Array), expect.any(Array), expect.any(Array)]]);
  });

  it('reads a fault', async () => {
    expect(await answer('fault-bad-name')).toMatchObject({ kind: 'fault', code: 10 });
  });

  it('reads every recorded answer', async () => {
    const names = (await readdir(recorded)).filter((name) => name.endsWith('.response.xml'));
    expect(names.length).toBeGreaterThan(8);
    for (const name of names)
      expect(['value', 'fault']).toContain((await answer(name.replace('.response.xml', ''))).kind);
  });
});

describe('readAnswer, on anything else', () => {
  it.each([
    ['an HTML page', '<html><body>hello</body></html>'],
    ['nothing', ''],
    ['half a document', '<methodResponse><params><param><value>'],
    ['a document type', '<!DOCTYPE x [<!ENTITY e "x">]><methodResponse/>'],
    [
      'a number that is none',
      '<methodResponse><params><param><value><int>x</int></value></param></params></methodResponse>',
    ],
    ['a fault without code', '<methodResponse><fault><value><struct/></value></fault></methodResponse>'],
    ['a deep document', `<methodResponse>${'<value>'.repeat(100)}`],
  ])('refuses %s', (_, document) => {
    expect(() => readAnswer(document)).toThrow();
  });

  it('keeps keys like __proto__ to themselves', () => {
    const document =
      '<methodResponse><params><param><value><struct><member><name>__proto__</name><value><int>1</int></value></member></struct></value></param></params></methodResponse>';
    expect(readAnswer(document)).toMatchObject({ kind: 'value' });
    expect(Object.hasOwn(Object.prototype, '1')).toBe(false);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});
