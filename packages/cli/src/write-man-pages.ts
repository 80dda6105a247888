import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readOwnCatalogue } from './command-line/catalogue.js';
import { manPages } from './explain/man-page.js';

// A program of the build, run when the manifest is written: the manual lies beside it, where npm looks for it.
const folder = new URL('./man/', import.meta.url);
await mkdir(folder, { recursive: true });
for (const { file, text } of manPages(await readOwnCatalogue(import.meta.url))) {
  await writeFile(fileURLToPath(new URL(file, folder)), `${text}\n`);
}
