#!/usr/bin/env node
// Both commands of the package are this file: `npx @slapos/cli` only starts a package whose commands are all the same.
const isWatchdog = /(?:^|\/)slapos-watchdog$/.test(process.argv[1] ?? '');
const words = process.argv.slice(2);

if (isWatchdog) {
  const { watchdogMain } = await import('../dist/watchdog.js');
  process.exitCode = await watchdogMain(words);
} else {
  const { main } = await import('../dist/main.js');
  process.exitCode = await main(words, import.meta.url);
}
