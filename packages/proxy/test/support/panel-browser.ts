import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { build } from 'vite';

const PACKAGE_FOLDER = join(import.meta.dirname, '../..');
const CHROMIUM = '/usr/bin/chromium';
/** For people who look at them. */
const SCREENSHOTS = join(PACKAGE_FOLDER, 'test-results', 'panel');

/** Builds the panel as it is published. */
export async function buildPanel(folder: string): Promise<void> {
  await build({ root: join(PACKAGE_FOLDER, 'panel'), build: { outDir: folder } });
}

/** Debian's Chromium. Its absence is a failure that says what to install. */
export async function startBrowser(): Promise<Browser> {
  await access(CHROMIUM).catch(() => {
    throw new Error('The panel is tested in Chromium: apt-get install --no-install-recommends chromium');
  });
  // The tests run as root in containers, where its own sandbox does not work; all it loads is ours.
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
}

/** A tab of its own, and what went wrong in it. */
export interface Tab extends AsyncDisposable {
  readonly page: Page;
  /** Errors of the page and the browser: refused by the content security policy, thrown, not found. */
  readonly complaints: readonly string[];
  /** Addresses of everything that was loaded or asked for. */
  readonly requests: readonly string[];
  screenshot(name: string): Promise<void>;
}

export async function openTab(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog of a script: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(url);
  return {
    page,
    complaints,
    requests,
    async screenshot(name) {
      await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}
