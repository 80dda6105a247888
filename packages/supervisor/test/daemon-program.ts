import { runDaemon } from '../src/embedded/daemon/main.js';

// As the program of the package does.
process.exit(await runDaemon(process.argv.slice(2), process.argv.slice(0, 2)));
