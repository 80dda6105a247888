#!/usr/bin/env node
import { runDaemon } from '../dist/index.js';

// Whatever is still open then, such as an output that a leftover of a service holds, must not keep the daemon.
process.exit(await runDaemon(process.argv.slice(2), process.argv.slice(0, 2)));
