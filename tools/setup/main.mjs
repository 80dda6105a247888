#!/usr/bin/env node
import { runTool, setUp } from './setup.mjs';

await runTool(async () => {
  await setUp();
  console.log('Everything is installed and built.');
});
