/** Runs a command that starts children, with `dieWithUs`, prints what it prints, and waits to be killed. */
import { LinuxCommandRunner, LinuxUserDatabase } from '../../src/index.js';

const script = process.argv[2] ?? '';
const runner = new LinuxCommandRunner({ users: new LinuxUserDatabase() });
await runner.run({
  file: 'sh',
  args: ['-c', script],
  dieWithUs: true,
  onLine: (line) => void process.stdout.write(`${line}\n`),
});
