/** Formats as the options in the file say that is the argument, and prints what kinds of actions that took. */
import { readFileSync } from 'node:fs';

import { formatComputer } from '@slapos/format';
import { createLinuxHost, silentLogger } from '@slapos/host';

/** @type {import('@slapos/format').FormatOptions} */
const options = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const host = createLinuxHost({ environment: process.env });
try {
  const { actions } = await formatComputer(options, {
    host,
    logger: silentLogger,
    slaposVersion: '0.1.0',
    send: async () => {},
  });
  process.stdout.write(JSON.stringify(actions.map(({ kind }) => kind)));
} finally {
  await host[Symbol.asyncDispose]();
}
