/** Runs collect over a node as it was recorded, and kills itself at the given step; without one it prints how many steps there are. */
import fs from 'node:fs';

import { RecordedNode } from '../support/recorded-node.js';

const [root = '', step] = process.argv.slice(2);
const CALLS = [
  'openSync',
  'writeSync',
  'fchmodSync',
  'renameSync',
  'mkdirSync',
  'unlinkSync',
  'rmdirSync',
  'closeSync',
] as const;

let count = 0;
const functions = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
for (const call of CALLS) {
  const original: (...args: never[]) => unknown = fs[call];
  functions[call] = (...args) => {
    // What is read about processes changes nothing.
    if (!/^\/proc\/?(?!self\/fd\/)/.test(String(args[0]))) {
      count += 1;
      if (count === Number(step)) process.kill(process.pid, 'SIGKILL');
    }
    return Reflect.apply(original, fs, args);
  };
}
const node = new RecordedNode(root);
await node.run();
await node[Symbol.asyncDispose]();
process.stdout.write(String(count));
