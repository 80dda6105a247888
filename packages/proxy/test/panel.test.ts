import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unmarshal } from '@slapos/slap';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createProxy } from '../src/index.js';
import { buildPanel, openTab, startBrowser, type Tab } from './support/panel-browser.js';
import { COMPUTER, HOSTILE, openScene, partition, type Scene } from './support/panel-scene.js';
import { temporaryFolder } from './support/server-process.js';
import { post } from './support/slap-calls.js';

/** Runs in the page. */
const weakContrasts = readFileSync(join(import.meta.dirname, 'fixtures/weak-contrasts.js'), 'utf8');
const HOOK_TIMEOUT_MS = 60_000;

let folder: ReturnType<typeof temporaryFolder>;
let panelDirectory: string;
let browser: Browser;
let scene: Scene;
let url: string;

beforeAll(async () => {
  folder = temporaryFolder();
  panelDirectory = join(folder.path, 'panel');
  [browser] = await Promise.all([startBrowser(), buildPanel(panelDirectory)]);
  scene = await openScene(folder.path, { panelDirectory });
  ({ url } = await scene.proxy.listen({ host: '127.0.0.1', port: 0 }));
}, HOOK_TIMEOUT_MS);
afterAll(async () => {
  await browser.close();
  await scene[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function instance(title: string): Promise<{ state: string; parameters: Record<string, string> }> {
  const call = new Request('http://localhost/slapos.get.v0.instance_tree', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title }),
  });
  return (await (await scene.proxy.fetch(call)).json()) as { state: string; parameters: Record<string, string> };
}

/** Goes forward with the Tab key until something of that name has the focus. */
async function tabTo({ page }: Tab, name: string): Promise<void> {
  for (let steps = 0; steps < 60; steps += 1) {
    await page.keyboard.press('Tab');
    const focused =
      (await page
        .locator(':focus')
        .textContent({ timeout: 1_000 })
        .catch(() => null)) ?? '';
    if (focused.trim().startsWith(name)) return;
  }
  throw new Error(`The Tab key does not lead to ${name}`);
}

describe('a person at the panel', () => {
  test('needs no mouse', async () => {
    await using tab = await openTab(browser, url);
    const { page } = tab;
    await page.getByRole('link', { name: 'mariadb' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('old');
    await page.getByRole('link', { name: 'mariadb' }).waitFor({ state: 'detached' });
    await tabTo(tab, 'old');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'old', level: 1 }).waitFor();
    // On the new page the Tab key begins at its content.
    await tabTo(tab, 'Start');
    await page.keyboard.press('Enter');
    await page.getByText('starting').waitFor();
    expect((await instance('old')).state).toBe('started');
    await tabTo(tab, 'Destroy…');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Destroy old?' }).waitFor();
    // Whoever presses Enter without reading keeps it.
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect((await instance('old')).state).toBe('started');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('being destroyed').waitFor();
    expect((await instance('old')).state).toBe('destroyed');
    expect(tab.complaints).toEqual([]);
  });

  test('sees what changes when it changes, also what changed while the master was away', async () => {
    const databasePath = join(folder.path, 'live.db');
    await using other = await openScene(join(folder.path, 'live'), { panelDirectory, databasePath });
    const { url: otherUrl, port } = await other.proxy.listen({ host: '127.0.0.1', port: 0 });
    await using tab = await openTab(browser, `${otherUrl}/panel/#/instance/mariadb___shop___0`);
    const { page } = tab;
    const badge = page.locator('.title .badge');
    await page.getByText('all promises hold').waitFor();
    expect(await badge.textContent()).toBe('started');
    await other.tell('/softwareInstanceError', { ...partition(3), error_log: "Promise 'disk.py' failed: it is full" });
    await page.locator('.reports pre', { hasText: 'it is full' }).waitFor();
    expect(await badge.textContent()).toBe('failing');
    await other.proxy.close();
    await page.getByText('Not connected').waitFor();
    await using again = await createProxy({ computerId: COMPUTER, panelDirectory, databasePath });
    const recovered = await post(
      (call) => again.fetch(call),
      'http://localhost/startedComputerPartition',
      partition(3),
    );
    expect(recovered.status).toBe(200);
    await again.listen({ host: '127.0.0.1', port });
    await badge.getByText('started').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await page.getByRole('row', { name: /instance\.reported/ }).count()).toBe(3);
  });

  test('requests an instance with the form that the release describes', async () => {
    await using tab = await openTab(browser, `${url}/panel/#/request`);
    const { page } = tab;
    await page.getByLabel('Domain name').waitFor();
    expect(await page.getByLabel('Port', { exact: true }).getAttribute('placeholder')).toBe('8080');
    await page.getByLabel('Name', { exact: true }).fill('new-site');
    await page.getByLabel('Domain name').fill('shop.example');
    await page.getByLabel('Port', { exact: true }).fill('4443');
    await page.getByLabel('Use https').selectOption('false');
    await page.getByLabel('Log level').selectOption('debug');
    await page.getByLabel('Other names').fill('a.example\na.example');
    await page.getByLabel('Size in MB').fill('64');
    await page.getByLabel('Rewrite rules').fill('{ "/old": 1 }');
    await page.getByRole('button', { name: 'Request' }).click();
    // What HTML cannot know, the schema does.
    const problems = page.getByRole('alert');
    await problems.getByText('$.aliases').waitFor();
    await problems.getByText('$.rewrite').waitFor();
    await page.getByLabel('Other names').fill('a.example');
    await page.getByLabel('Rewrite rules').fill('{ "/old": "/new" }');
    await page.getByRole('button', { name: 'Request' }).click();
    await page.getByRole('heading', { name: 'new-site', exact: true }).waitFor();
    const { parameters } = await instance('new-site');
    expect(Object.keys(parameters)).toEqual(['_']);
    expect(JSON.parse(parameters['_']!)).toEqual({
      domain: 'shop.example',
      port: 4443,
      https: false,
      level: 'debug',
      aliases: ['a.example'],
      cache: { size: 64 },
      rewrite: { '/old': '/new' },
    });
    // Later it is changed, and what is not touched stays.
    await page.getByRole('link', { name: 'Change parameters' }).click();
    await page.getByLabel('Port', { exact: true }).fill('');
    await page.getByRole('button', { name: 'Change' }).click();
    await page.getByRole('heading', { name: 'new-site', exact: true }).waitFor();
    const changed = JSON.parse((await instance('new-site')).parameters['_']!) as Record<string, unknown>;
    expect(changed).not.toHaveProperty('port');
    expect(changed).toMatchObject({ domain: 'shop.example', cache: { size: 64 } });
    expect(tab.complaints).toEqual([]);
  });

  test('requests without a description: names and values, or JSON', async () => {
    await using tab = await openTab(browser, `${url}/panel/#/request?release=/nowhere/software.cfg`);
    const { page } = tab;
    await page.getByText('No computer is supplied with this Software Release').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('plain');
    await page.getByLabel('Name 1').fill('greeting');
    await page.getByLabel('Value 1').fill('Hello');
    await page.getByRole('button', { name: 'JSON' }).click();
    await page.getByLabel('All parameters').fill('{"greeting": "Hi", ');
    await page.getByRole('button', { name: 'Request' }).click();
    expect(await page.locator('textarea:invalid').count()).toBe(1);
    await page.getByLabel('All parameters').fill('{"greeting": "Hi", "who": "all"}');
    await page.getByRole('button', { name: 'Request' }).click();
    await page.getByRole('heading', { name: 'plain' }).waitFor();
    expect((await instance('plain')).parameters).toEqual({ greeting: 'Hi', who: 'all' });
  });

  test('is asked for the token where the master is not for everybody', async () => {
    const restricted = await scene.proxy.listen({ host: '127.0.0.1', port: 0, access: 'restricted' });
    await using tab = await openTab(browser, restricted.url);
    const { page } = tab;
    await page.getByLabel('Token').fill('guessed');
    await page.keyboard.press('Enter');
    await page.getByText('does not know this token').waitFor();
    await page.getByLabel('Token').fill(await scene.proxy.userToken());
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'mariadb' }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(tab.requests.filter((address) => address.includes('guessed'))).toEqual([]);
    await page.getByRole('button', { name: 'Forget token' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(0);
  });

  test('with the certificate of an instance sees its tree, live, and can change nothing', async () => {
    const query = new URLSearchParams(partition(0)).toString();
    const issued = await scene.proxy.fetch(new Request(`http://localhost/getComputerPartitionCertificate?${query}`));
    const pair = Object.fromEntries(unmarshal(await issued.text()) as Map<string, string>);
    const secure = await scene.proxy.listen({ host: '127.0.0.1', port: 0, tls: {}, access: 'restricted' });
    await using tab = await openTab(browser, secure.url, {
      // The authority of the mini-master is not one of the browser's.
      ignoreHTTPSErrors: true,
      clientCertificates: [
        { origin: secure.url, cert: Buffer.from(pair['certificate']!), key: Buffer.from(pair['key']!) },
      ],
    });
    const { page } = tab;
    await page.getByText('5 instances in 1 tree').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'balancer' }).click();
    await page.getByRole('heading', { name: 'balancer', level: 1 }).waitFor();
    await scene.tell('/softwareInstanceError', { ...partition(6), error_log: 'no backend is left' });
    await page.locator('.reports pre', { hasText: 'no backend is left' }).waitFor();
    await page.goto(`${secure.url}/panel/#/instance/shop______0`);
    await page.getByText('zope-count').waitFor();
    expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Request an instance' }).count()).toBe(0);
    expect(tab.complaints).toEqual([]);
  });

  test('sees the same by day and by night, on any screen, and nothing that somebody smuggled in', async () => {
    const pages = ['instances', 'instance/shop______0', 'request', 'software', 'computers', 'events'];
    const shades = new Map<string, number>();
    for (const colorScheme of ['light', 'dark'] as const) {
      await using tab = await openTab(browser, url, { colorScheme });
      const { page } = tab;
      await page.getByRole('link', { name: HOSTILE }).waitFor();
      for (const path of pages) {
        await page.goto(`${url}/panel/#/${path}`);
        await page.locator('main h1').waitFor();
        if (path.startsWith('instance/')) await page.getByText('zope-count').waitFor();
        if (path === 'request') await page.getByLabel('Domain name').waitFor();
        await tab.screenshot(`${colorScheme}-${path.split('/')[0]!}`);
        expect(await page.evaluate(weakContrasts), `${path}, ${colorScheme}`).toEqual([]);
      }
      const ground = await page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
      shades.set(colorScheme, Number(/\d+/.exec(ground)?.[0]));
      expect(new Set(tab.requests.map((address) => new URL(address).origin))).toEqual(new Set([url]));
      expect(tab.complaints).toEqual([]);
    }
    expect(shades.get('light')).toBeGreaterThan(200);
    expect(shades.get('dark')).toBeLessThan(50);
    await using phone = await openTab(browser, url, { viewport: { width: 390, height: 800 } });
    await phone.page.getByRole('link', { name: 'mariadb' }).waitFor();
    await phone.screenshot('phone');
    expect(await phone.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  });
});

describe('a person without JavaScript', () => {
  test('reads what there is', async () => {
    await using tab = await openTab(browser, url, { javaScriptEnabled: false });
    const { page } = tab;
    await page.getByRole('link', { name: 'without it' }).click();
    await page.getByRole('heading', { name: 'Instances' }).waitFor();
    for (const heading of ['Software', 'Computers', 'Events']) {
      const table = page.locator(`h2:text-is("${heading}") + table`);
      expect(await table.locator('tr').count(), heading).toBeGreaterThan(1);
    }
    await tab.screenshot('plain');
    await page.getByRole('link', { name: 'shop', exact: true }).click();
    await page.getByRole('heading', { name: 'shop', level: 1 }).waitFor();
    expect(await page.locator('h2:text-is("Published") + table').textContent()).toContain('site-url');
    expect(await page.locator('h2:text-is("Parameters") + table').textContent()).toContain('zope-count');
    await tab.screenshot('plain-instance');
    await page.getByRole('link', { name: 'All instances' }).click();
    await page.getByRole('link', { name: HOSTILE }).click();
    await page.getByRole('heading', { name: HOSTILE, level: 1 }).waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(tab.complaints).toEqual([]);
  });

  test('turns the pages of long lists', async () => {
    await using many = await createProxy({ computerId: COMPUTER, panelDirectory });
    await many.seed({
      computers: { [COMPUTER]: { partitions: 501 } },
      instances: Array.from({ length: 501 }, (_, index) => ({
        partitionReference: `i${index}`,
        softwareReleaseUrl: 'sr',
      })),
    });
    const read = async (query: string) =>
      (await many.fetch(new Request(`http://localhost/panel/plain${query}`))).text();
    const [first, second] = [await read(''), await read('?page=2')];
    expect(first).toContain('>i499</a>');
    expect(first).not.toContain('>i500</a>');
    expect(first).toContain('href="?page=2"');
    expect(second).toContain('>i500</a>');
    expect(await read('?page=99')).toContain('Page 2 of 2');
    expect(await read('?page=x')).toContain('Page 1 of 2');
  });
});

describe('the files of the panel', () => {
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(url + path, { headers, redirect: 'manual' });

  test('are found, kept, and bound to their server', async () => {
    expect((await get('/')).headers.get('location')).toBe('/panel/');
    const redirection = await get('/panel');
    expect([redirection.status, redirection.headers.get('location')]).toEqual([308, '/panel/']);
    const page = await get('/panel/');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const policy = page.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|style=|\son\w+=/);
    const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(html)![1]!;
    const file = await get(`/panel/${script}`);
    expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(file.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    const etag = file.headers.get('etag')!;
    expect((await get(`/panel/${script}`, { 'if-none-match': etag })).status).toBe(304);
    const head = await fetch(`${url}/panel/${script}`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test.each(['..%2findex.html', '%2e%2e%2f%2e%2e%2fsecret.json', '..%5cindex.html', 'index.html', '%00.js', 'none.js'])(
    'are those of the build alone: %s',
    async (name) => {
      expect((await get(`/panel/assets/${name}`)).status).toBe(404);
    },
  );

  test('that are missing are a clear error; nothing is read before', async () => {
    await using proxy = await createProxy({ panelDirectory: '/nonexistent/panel' });
    const answer = await proxy.fetch(new Request('http://localhost/panel/'));
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('The panel is not in /nonexistent/panel');
    expect((await proxy.fetch(new Request('http://localhost/getRunId'))).status).toBe(200);
  });

  test('can be left out', async () => {
    await using proxy = await createProxy({ panel: false });
    for (const path of ['/panel/', '/panel/data/overview'])
      expect((await proxy.fetch(new Request(`http://localhost${path}`))).status).toBe(404);
  });
});

describe('what the panel is told', () => {
  const read = async (path: string, query: Record<string, string> = {}, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/panel/data/${path}?${new URLSearchParams(query).toString()}`, { headers });
    return { status: response.status, etag: response.headers.get('etag')!, text: await response.text() };
  };

  test('is asked from the database only when something changed', async () => {
    const first = await read('overview');
    expect((await read('overview', {}, { 'if-none-match': first.etag })).status).toBe(304);
    await scene.tell('/startedComputerPartition', partition(0));
    expect((await read('overview', {}, { 'if-none-match': first.etag })).status).toBe(200);
  });

  test('about parameters comes from releases that are known, and from where they are', async () => {
    const unknown = await read('schema', { software_release_url: '/etc/software.cfg' });
    expect([unknown.status, unknown.text]).toEqual([403, expect.stringContaining('No computer is supplied')]);
    const { status, text } = await read('schema', { software_release_url: scene.release, software_type: 'elsewhere' });
    expect(status).toBe(200);
    expect(text).not.toContain('secret"');
    expect(JSON.parse(text)).not.toHaveProperty('schema');
  });

  test.each([
    ['no JSON', 'text/plain', '{}'],
    ['half a JSON', 'application/json', '{"softwareReleaseUrl": '],
    ['something else', 'application/json', '{"softwareReleaseUrl": 1}'],
  ])('about a check that is %s', async (_what, type, body) => {
    const answer = await fetch(`${url}/panel/data/check`, { method: 'POST', headers: { 'content-type': type }, body });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('The question cannot be read');
  });

  test('about reports of a partition that is not there is nothing', async () => {
    const query = { computer_id: COMPUTER, computer_partition_id: 'slappart99' };
    expect((await read('reports', query)).status).toBe(404);
  });
});
