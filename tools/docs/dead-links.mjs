// Looks whether every link of a folder of pages leads to something in it. What lies elsewhere in the world is not asked.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

const LINK = /<(?:a|link|script|img|iframe)\b[^>]*?\s(?:href|src)="([^"]*)"/g;
const ANCHOR = /\s(?:id|name)="([^"]*)"/g;
const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i;
const ENTITIES = /** @type {const} */ ({ '&amp;': '&', '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>' });

/**
 * @param {string} folder
 * @returns {Promise<{ pageCount: number, dead: string[] }>} dead: `PAGE -> LINK`, sorted, each once
 */
export async function findDeadLinks(folder) {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Set(
    names.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)),
  );
  const pages = [...files].filter((file) => file.endsWith('.html'));
  const texts = new Map(
    await Promise.all(pages.map(async (page) => /** @type {const} */ ([page, await readFile(page, 'utf8')]))),
  );
  const anchors = new Map([...texts].map(([page, text]) => [page, valuesOf(text, ANCHOR)]));
  const dead = new Set();
  for (const [page, text] of texts) {
    for (const link of valuesOf(text, LINK)) {
      if (ELSEWHERE.test(link)) continue;
      const [address = '', fragment = ''] = link.split('#', 2);
      const pathname = decode(address.split('?', 1)[0] ?? '');
      const target = pathname === '' ? page : path.join(path.dirname(page), pathname);
      const isThere = files.has(target) && (fragment === '' || anchors.get(target)?.has(decode(fragment)) !== false);
      if (!isThere) dead.add(`${path.relative(folder, page)} -> ${link}`);
    }
  }
  return { pageCount: pages.length, dead: [...dead].sort() };
}

/** @param {string} text @param {RegExp} pattern @returns {Set<string>} */
function valuesOf(text, pattern) {
  return new Set(
    [...text.matchAll(pattern)].map(([, value = '']) =>
      value.replace(/&(?:amp|quot|#39|lt|gt);/g, (entity) => ENTITIES[/** @type {keyof typeof ENTITIES} */ (entity)]),
    ),
  );
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A stray percent sign: then no file has this name.
  }
}
