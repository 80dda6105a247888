import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { ProxyError } from '../errors.js';

const PACKAGE_FILE = '@slapos/proxy/package.json';
const BUILT_PANEL = 'dist/panel';
/** What the build calls its files: a name, a hash of the content, and one of a few types. */
const ASSET_NAME = /^[\w-]+\.(?:js|css|svg)$/;
const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** A file of the panel. */
export interface PanelFile {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** With its quotes. */
  readonly etag: string;
}

/** The files of the built panel. Nothing is read before it is asked for. */
export class PanelFiles {
  readonly #directory: string | undefined;

  /** @param directory absolute; default: the panel that comes with this package */
  constructor(directory?: string) {
    this.#directory = directory;
  }

  /**
   * The page itself.
   * @throws ProxyError `PROXY_NOT_FOUND` when the panel was not built.
   */
  async page(): Promise<PanelFile> {
    const content = await this.#read('index.html');
    if (content !== undefined) return fileOf(content, 'text/html; charset=utf-8');
    throw new ProxyError('PROXY_NOT_FOUND', `The panel is not in ${this.#folder()}`, {
      hint: 'Install the package @slapos/proxy again; in its sources, build it: npm run build.',
    });
  }

  /** A file that the page loads; `undefined` for a name that none of them has. */
  async asset(name: string): Promise<PanelFile | undefined> {
    const type = ASSET_NAME.test(name) ? TYPES[name.slice(name.lastIndexOf('.') + 1)] : undefined;
    const content = type === undefined ? undefined : await this.#read(join('assets', name));
    return type === undefined || content === undefined ? undefined : fileOf(content, type);
  }

  #folder(): string {
    if (this.#directory !== undefined) return this.#directory;
    return join(dirname(createRequire(import.meta.url).resolve(PACKAGE_FILE)), BUILT_PANEL);
  }

  async #read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return new Uint8Array(await readFile(join(this.#folder(), name)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function fileOf(content: Uint8Array<ArrayBuffer>, type: string): PanelFile {
  return { content, type, etag: `"${createHash('sha256').update(content).digest('base64url')}"` };
}
