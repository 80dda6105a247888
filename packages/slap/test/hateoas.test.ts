import { describe, expect, test } from 'vitest';

import { SlapClient } from '../src/index.js';
import { type RecordedMaster, startRecordedMaster } from './recorded-master.js';

const ORIGIN = 'http://127.0.0.1:5000'; // The recorded master puts its own in its place.
const ROOT = {
  _links: {
    raw_search: { href: `${ORIGIN}/h?mode=search{&query,select_list*,limit*}` },
    traverse: { href: `${ORIGIN}/h?mode=traverse{&relative_url,view}` },
    self: { href: `${ORIGIN}/hateoas` },
  },
};
const json = (body: unknown, status = 200) => ({
  request: { method: 'GET', path: '' },
  response: { status, contentType: 'application/json', body: typeof body === 'string' ? body : JSON.stringify(body) },
});
const rows = (...contents: Record<string, unknown>[]) => json({ _embedded: { contents } });
const aDocument = (fields: Record<string, unknown>) =>
  json({
    _embedded: {
      _view: Object.fromEntries(
        Object.entries(fields).map(([name, value]) => [
          `my_${name}`,
          { type: 'StringField', default: value, key: name },
        ]),
      ),
    },
  });

async function navigate(master: RecordedMaster) {
  const client = new SlapClient({ masterUrl: master.url, masterRestUrl: `${master.url}/hateoas`, retries: 0 });
  return { navigator: (await client.hateoas())!, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

describe('the navigator', () => {
  test('gives all rows of a long list, asking for more while there are more', async () => {
    const all = Array.from({ length: 70 }, (_, index) => ({ title: `t${String(index)}` }));
    await using master = await startRecordedMaster([json(ROOT), rows(...all.slice(0, 40)), rows(...all)]);
    await using open = await navigate(master);
    const titles: unknown[] = [];
    for await (const row of open.navigator.searchAll({ query: 'x', select: ['title'] })) titles.push(row['title']);
    expect(titles).toEqual(all.map(({ title }) => title));
    expect(master.seen.slice(1).map(({ path }) => /limit=(\d+)/.exec(path)?.[1])).toEqual(['40', '160']);
  });

  test('stops at a master that does not know limits', async () => {
    const all = Array.from({ length: 40 }, (_, index) => ({ title: String(index) }));
    await using master = await startRecordedMaster([json(ROOT), rows(...all), rows(...all)]);
    await using open = await navigate(master);
    let found = 0;
    for await (const _row of open.navigator.searchAll({ query: 'x', select: ['title'] })) found += 1;
    expect(found).toBe(40);
  });

  test('never takes its identity to another host', async () => {
    const elsewhere = { _links: { ...ROOT._links, raw_search: { href: 'http://elsewhere.invalid/{?query}' } } };
    await using master = await startRecordedMaster([json(elsewhere)]);
    await using open = await navigate(master);
    await expect(open.navigator.getComputerDict()).rejects.toMatchObject({
      code: 'SLAP_INVALID_DOCUMENT',
      message: expect.stringContaining('another host') as string,
    });
  });

  test('asks again after a failure', async () => {
    await using master = await startRecordedMaster([json('', 500), json(ROOT), rows({ title: 'a', reference: 'r' })]);
    await using open = await navigate(master);
    await expect(open.navigator.getComputerDict()).rejects.toMatchObject({ code: 'SLAP_HTTP_ERROR' });
    expect(await open.navigator.getComputerDict()).toEqual({ a: { title: 'a', reference: 'r' } });
  });

  test('is missing only where a master said so: who cannot ask gets to know why', async () => {
    await using closed = await startRecordedMaster([]);
    const { url } = closed;
    await closed[Symbol.asyncDispose]();
    await using unreachable = new SlapClient({ masterUrl: url, retries: 0 });
    await expect(unreachable.getComputerDict()).rejects.toMatchObject({ code: 'SLAP_CONNECTION_FAILED' });
    await using forbidding = await startRecordedMaster([json('', 403), json('', 404), json('no URL at all')]);
    await using client = new SlapClient({ masterUrl: forbidding.url, retries: 0 });
    await expect(client.getOpenOrderDict()).rejects.toMatchObject({ code: 'SLAP_AUTHENTICATION' });
    await expect(client.requestToken()).rejects.toMatchObject({ code: 'SLAP_HATEOAS_UNAVAILABLE' });
    await expect(client.registerOpenOrder().getInformation('a')).rejects.toMatchObject({
      code: 'SLAP_HATEOAS_UNAVAILABLE',
    });
  });

  test.each(['<html>', '{', '{"_links": {}}', 'null'])('refuses %j for its root', async (body) => {
    await using master = await startRecordedMaster([json(body)]);
    await using open = await navigate(master);
    await expect(open.navigator.getComputerDict()).rejects.toMatchObject({ code: 'SLAP_INVALID_DOCUMENT' });
  });

  test('refuses a title that would break out of a query, and sends nothing', async () => {
    await using master = await startRecordedMaster([]);
    await using open = await navigate(master);
    await expect(open.navigator.getInstanceTreeInstanceList('a" OR title:"b')).rejects.toMatchObject({
      code: 'SLAP_INVALID_ARGUMENT',
    });
    expect(master.seen).toEqual([]);
  });

  test('refuses two documents of the same name', async () => {
    const twice = rows({ reference: 'COMP-1', relative_url: 'a/1' }, { reference: 'COMP-1', relative_url: 'a/2' });
    await using master = await startRecordedMaster([json(ROOT), twice]);
    await using open = await navigate(master);
    await expect(open.navigator.getComputerInformation('COMP-1')).rejects.toThrow(/2 documents/);
  });

  test('says that there are no news where there are none', async () => {
    const found = rows({ reference: 'COMP-1', relative_url: 'a/1' });
    const news = { computer: { text: '#ok' }, partition: { p0: { text: '#up' } } };
    const exchanges = [json(ROOT), found, aDocument({ news }), found, aDocument({ news }), found, aDocument({})];
    await using master = await startRecordedMaster(exchanges);
    await using open = await navigate(master);
    expect(await open.navigator.getComputerNews('COMP-1')).toBe('#ok');
    expect(await open.navigator.getComputerPartitionNews('COMP-1', 'p0')).toBe('#up');
    expect(await open.navigator.getComputerPartitionNews('COMP-1', 'p1')).toBe('#error no data found');
  });

  test('reads an attachment as it is', async () => {
    await using master = await startRecordedMaster([json(ROOT), json({ any: 1 }), json({ other: 2 })]);
    await using open = await navigate(master);
    expect(await open.navigator.getAttachment('module/1')).toEqual({ any: 1 });
    expect(await open.navigator.getAttachment(`${master.url}/hateoas/x`)).toEqual({ other: 2 });
    expect(master.seen[2]?.path).toBe('/hateoas/x');
  });
});
