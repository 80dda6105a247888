#!/usr/bin/env node
// `npm run docs [FOLDER]`: the documentation as a site of static files, in `site/` unless a folder is named. Any warning or dead link
// makes it fail. The command and its manifest must have been built.
import path from 'node:path';

import { WORKSPACE_ROOT } from '../setup/setup.mjs';
import { findDeadLinks } from './dead-links.mjs';
import { writeReferencePages } from './reference-pages.mjs';
import { buildSite } from './site.mjs';

const target = path.resolve(process.argv[2] ?? path.join(WORKSPACE_ROOT, 'site'));
const pages = await writeReferencePages(path.join(WORKSPACE_ROOT, 'docs/reference'));
const isSound = await buildSite(pages, target);
const { pageCount, dead } = await findDeadLinks(target);
for (const link of dead) console.error(`dead link: ${link}`);
console.log(`${pageCount} pages in ${target}`);
process.exitCode = isSound && dead.length === 0 ? 0 : 1;
