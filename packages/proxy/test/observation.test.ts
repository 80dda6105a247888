import type { LogFields, Logger } from '@slapos/slap';
import { describe, expect, test } from 'vitest';

import { createProxy } from '../src/index.js';

const BASE = 'http://localhost';

/** The samples of a page of Prometheus. */
function samples(page: string): Map<string, number> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('/metrics', () => {
  test('counts requests by route, and shows what is in the database', async () => {
    await using proxy = await createProxy({ computerId: 'COMP-1' });
    await proxy.seed({
      computers: { 'COMP-1': { partitions: 3 } },
      instances: [{ partitionReference: 'a', softwareReleaseUrl: 'u' }],
    });
    const get = (path: string, method = 'GET') => proxy.fetch(new Request(BASE + path, { method }));
    for (const path of [
      '/getRunId',
      '/getRunId',
      '/hateoas/partitions/a',
      '/hateoas/partitions/b',
      '/made/up',
      '/made/up2',
    ])
      await get(path);
    await get('/getRunId', 'DELETE');
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    const seen = samples(await response.text());
    const requests = (labels: string) => seen.get(`slapos_proxy_requests_total{${labels}}`);
    expect(requests('method="GET",route="/getRunId",status="200"')).toBe(2);
    expect(requests('method="other",route="/getRunId",status="405"')).toBe(1);
    expect(requests('method="GET",route="/hateoas/partitions/",status="200"')).toBe(1);
    expect(requests('method="GET",route="/hateoas/partitions/",status="404"')).toBe(1);
    expect(requests('method="GET",route="other",status="404"')).toBe(2);
    expect(seen.get('slapos_proxy_request_duration_seconds_count{route="/getRunId"}')).toBe(3);
    expect(seen.get('slapos_proxy_requests_in_flight')).toBe(1);
    expect(seen.get('slapos_proxy_partitions{computer="COMP-1",state="free"}')).toBe(2);
    expect(seen.get('slapos_proxy_partitions{computer="COMP-1",state="busy"}')).toBe(1);
    expect(seen.get('slapos_proxy_last_event_id')).toBe(2);
    expect(seen.get('slapos_proxy_event_followers')).toBe(0);
    expect(seen.get('process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  });

  test('two proxies of one process do not mix', async () => {
    await using first = await createProxy();
    await using second = await createProxy();
    await first.fetch(new Request(`${BASE}/getRunId`));
    const page = await (await second.fetch(new Request(`${BASE}/metrics`))).text();
    expect(page).not.toContain('/getRunId');
  });
});

describe('/healthz', () => {
  test('is well while the database can be read', async () => {
    await using proxy = await createProxy();
    const response = await proxy.fetch(new Request(`${BASE}/healthz`));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok', runId: proxy.runId });
  });

  test('is not when the database is gone', async () => {
    const proxy = await createProxy();
    await proxy.close();
    const response = await proxy.fetch(new Request(`${BASE}/healthz`));
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: 'the database cannot be read' });
  });
});

describe('ids of requests', () => {
  function recorder(): { lines: { level: string; message: string; fields: LogFields }[]; logger: Logger } {
    const lines: { level: string; message: string; fields: LogFields }[] = [];
    const record =
      (level: string) =>
      (message: string, fields: LogFields = {}) =>
        void lines.push({ level, message, fields });
    const logger: Logger = {
      debug: record('debug'),
      info: record('info'),
      warn: record('warn'),
      error: record('error'),
      child: () => logger,
    };
    return { lines, logger };
  }

  test('are in the answer and in every line of the log', async () => {
    const { lines, logger } = recorder();
    await using proxy = await createProxy({ logger });
    const response = await proxy.fetch(new Request(`${BASE}/registerComputerPartition?computer_reference=x`));
    const id = response.headers.get('x-request-id');
    expect(id).toMatch(/^[\w-]{12}$/);
    expect(lines.map(({ message, fields }) => [message, fields['requestId']])).toEqual([
      ['A request was refused', id],
      ['Request', id],
    ]);
    const other = await proxy.fetch(new Request(`${BASE}/getRunId`, { headers: { 'x-request-id': 'mine' } }));
    expect(other.headers.get('x-request-id')).not.toBe('mine');
  });

  test.each([
    ['its own address', false, '192.0.2.1', '127.0.0.1'],
    ['the one that a trusted front end says', true, 'made up, 192.0.2.1', '192.0.2.1'],
    ['its own, when the front end says nonsense', true, '192.0.2.1, unknown', '127.0.0.1'],
  ])('the log says where a request came from: %s', async (_name, trustForwardedHeaders, forwarded, logged) => {
    const { lines, logger } = recorder();
    await using proxy = await createProxy({ logger, trustForwardedHeaders });
    const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
    await (await fetch(`${url}/getRunId`, { headers: { 'x-forwarded-for': forwarded } })).text();
    expect(lines.map(({ fields }) => fields['client'])).toEqual([logged]);
  });

  test.each([
    ['abc-1.2:3', true],
    ['with space', false],
    ['x'.repeat(101), false],
  ])('%s of a front end that is trusted', async (sent, isKept) => {
    await using proxy = await createProxy({ trustForwardedHeaders: true });
    const response = await proxy.fetch(new Request(`${BASE}/getRunId`, { headers: { 'x-request-id': sent } }));
    expect(response.headers.get('x-request-id') === sent).toBe(isKept);
  });
});
