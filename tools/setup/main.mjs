#!/usr/bin/env node
import { runTool, setUp } from './setup.mjs';

await runTool(async () => {
  await setUp({ forTests: true });
  console.log('Everything is installed and built.');
});
