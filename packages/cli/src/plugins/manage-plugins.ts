import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createLinuxHost } from '@slapos/host';
import { z } from 'zod';
import { CliError } from '../errors.js';

const entrySchema = z.object({ name: z.string(), type: z.string(), tag: z.string().optional() });
const folderSchema = z.looseObject({
  dependencies: z.record(z.string(), z.string()).optional(),
  oclif: z.looseObject({ plugins: z.array(entrySchema).optional() }).optional(),
});
type FolderManifest = z.output<typeof folderSchema>;
const pluginSchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  description: z.string().optional(),
  oclif: z.looseObject({}).optional(),
});

/** A plug-in that is installed. */
export interface InstalledPlugin {
  readonly name: string;
  readonly version: string;
  readonly description: string;
}

/** The plug-ins of a user, in the folder where oclif looks for them; packages are fetched by npm. */
export class PluginStore {
  readonly #folder: string;
  readonly #signal: AbortSignal;

  constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
  }

  async list(): Promise<InstalledPlugin[]> {
    const { oclif } = await this.#manifest();
    return Promise.all((oclif?.plugins ?? []).map(({ name }) => this.#installed(name)));
  }

  /**
   * Installs a package and makes its commands known.
   * @param specification what npm takes: a name, with a version or not, a folder, an archive
   * @throws CliError `CLI_INPUT` when npm cannot install it, or when it is no plug-in; nothing is left then
   */
  async add(specification: string): Promise<InstalledPlugin> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const before = await this.#manifest();
    if (before.oclif === undefined) await this.#write({ private: true, ...before, oclif: { schema: 1, plugins: [] } });
    await this.#npm('install', specification);
    const after = await this.#manifest();
    const known = before.dependencies ?? {};
    const changed = Object.keys(after.dependencies ?? {}).filter((name) => known[name] === undefined);
    // A package that was there already is named, or is the only one whose version changed.
    const name = changed[0] ?? Object.keys(known).find((candidate) => specification.startsWith(candidate));
    if (name === undefined)
      throw new CliError('CLI_INPUT', `npm installed nothing for ${JSON.stringify(specification)}.`);
    const manifest = await this.#pluginManifest(name);
    if (manifest.oclif === undefined) {
      await this.#npm('uninstall', name);
      throw new CliError('CLI_INPUT', `${name} is no plug-in: its package.json has no "oclif".`, {
        hint: 'A plug-in is a package of oclif: https://oclif.io/docs/plugins',
      });
    }
    const others = (after.oclif?.plugins ?? []).filter((entry) => entry.name !== name);
    await this.#write({ ...after, oclif: { schema: 1, ...after.oclif, plugins: [...others, { name, type: 'user' }] } });
    return this.#installed(name);
  }

  /** @throws CliError `CLI_INPUT` when there is none of that name */
  async remove(name: string): Promise<void> {
    const before = await this.#manifest();
    const plugins = before.oclif?.plugins ?? [];
    if (!plugins.some((entry) => entry.name === name)) {
      const names = plugins.map((entry) => entry.name).join(', ');
      throw new CliError('CLI_INPUT', `There is no plug-in ${JSON.stringify(name)}.`, {
        hint: names === '' ? 'None is installed.' : `There are ${names}.`,
      });
    }
    // Forgotten first: commands of a half removed package would be worse than a package that nobody uses.
    const rest = plugins.filter((entry) => entry.name !== name);
    await this.#write({ ...before, oclif: { schema: 1, ...before.oclif, plugins: rest } });
    await this.#npm('uninstall', name);
  }

  async #installed(name: string): Promise<InstalledPlugin> {
    const { version, description = '' } = await this.#pluginManifest(name);
    return { name, version, description };
  }

  async #pluginManifest(name: string): Promise<z.output<typeof pluginSchema>> {
    const file = path.join(this.#folder, 'node_modules', name, 'package.json');
    return parseManifest(pluginSchema, await readFile(file, 'utf8'), file);
  }

  async #manifest(): Promise<FolderManifest> {
    const file = path.join(this.#folder, 'package.json');
    const text = await readFile(file, 'utf8').catch(() => '{}');
    return parseManifest(folderSchema, text, file);
  }

  async #write(manifest: object): Promise<void> {
    const file = path.join(this.#folder, 'package.json');
    await writeFile(`${file}.new`, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
  }

  async #npm(action: string, what: string): Promise<void> {
    const host = createLinuxHost({ environment: process.env, environmentPass: Object.keys(process.env) });
    const options = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
    const { exitCode, output } = await host.commands.run(
      { file: 'npm', args: [action, '--prefix', this.#folder, ...options, '--', what] },
      { signal: this.#signal },
    );
    if (exitCode === 0) return;
    throw new CliError('CLI_INPUT', `npm ${action} ${what} failed:\n${output.trim()}`, {
      hint: 'npm must be installed, and reach its registry.',
    });
  }
}

function parseManifest<Schema extends z.ZodType>(schema: Schema, text: string, file: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CliError('CLI_INPUT', `${file} cannot be read as the manifest of a package.`, {
      hint: 'Move it away; plug-ins can be added again.',
      cause,
    });
  }
}
