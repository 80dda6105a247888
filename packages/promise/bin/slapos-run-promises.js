#!/usr/bin/env node
import { runPromisesCommand } from '../dist/index.js';

process.exitCode = await runPromisesCommand(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  environment: process.env,
});
