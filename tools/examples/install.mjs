#!/usr/bin/env node
/**
 * Makes a copy of an example Software Release that knows where it lies, ready to be supplied to a node.
 *
 *   node tools/examples/install.mjs hello-web /srv/releases   prints /srv/releases/hello-web/software.cfg
 *
 * Only Node's own modules: it runs before anything is installed.
 */
import { cp, mkdir, readFile, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const EXAMPLES = fileURLToPath(new URL('../../examples/software', import.meta.url));
const PLACEHOLDER = '@here@';

/**
 * Copies the example `name` to `directory/name`, with `@here@` in its profiles replaced by that path.
 * Repeatable: an older copy is replaced whole, and a copy that was cut short is never left under the final name.
 *
 * @param {string} name folder in `examples/software`, such as `hello-web`
 * @param {string} directory where to put the copy; made if it is missing
 * @returns {Promise<string>} absolute path of the copy's `software.cfg`: the URL to supply
 */
export async function installExample(name, directory) {
  await mkdir(directory, { recursive: true });
  const target = path.join(await realpath(directory), name);
  const incoming = `${target}.incoming`;
  await rm(incoming, { recursive: true, force: true });
  await cp(path.join(EXAMPLES, name), incoming, {
    recursive: true,
    filter: (source) => path.basename(source) !== '__pycache__',
  });
  for (const file of await readdir(incoming)) {
    if (!file.endsWith('.cfg')) continue;
    const profile = path.join(incoming, file);
    const text = await readFile(profile, 'utf8');
    await writeFile(
      profile,
      text.replaceAll(PLACEHOLDER, () => target),
    );
  }
  await rm(target, { recursive: true, force: true });
  await rename(incoming, target);
  return path.join(target, 'software.cfg');
}

if (process.argv[1] && (await realpath(process.argv[1])) === fileURLToPath(import.meta.url)) {
  const [name, directory] = process.argv.slice(2);
  if (!name || !directory) {
    console.error('Usage: node tools/examples/install.mjs EXAMPLE DIRECTORY');
    process.exitCode = 2;
  } else {
    console.log(await installExample(name, directory));
  }
}
