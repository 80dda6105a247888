/**
 * Loaded into the agent's process before anything else (`node --import`): counts what it does to the disk and the processes that it
 * starts, and at the given count ends it in the middle of a write, or makes the call fail. May also move its clock.
 * Told by the variable TORTURE: `{"fault": {"at": 17, "kill": true}, "clockSeconds": 86400}`
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const CHANGING = [
  'renameSync',
  'unlinkSync',
  'mkdirSync',
  'rmdirSync',
  'symlinkSync',
  'fchmodSync',
  'fchownSync',
  'lchownSync',
  'chmodSync',
  'ftruncateSync',
];
const MS_PER_SECOND = 1000;

/** @typedef {(...args: unknown[]) => unknown} AnyFunction */

/** @type {{ fault?: { at: number, kill?: true, error?: string } | null, clockSeconds?: number, strikes?: string }} */
const told = JSON.parse(process.env['TORTURE'] ?? '{}');
const { fault = null, clockSeconds = 0, strikes = '/dev/null' } = told;
const { openSync: reallyOpen, writeSync: reallyWrite } = fs;
let count = 0;

/** @param {string} call @param {() => void} [last] what still happens before the end */
function strike(call, last) {
  count += 1;
  if (count !== fault?.at) return;
  reallyWrite(reallyOpen(strikes, 'a'), `${fault.error ?? 'killed'} ${call}\n`);
  if (fault.error === undefined) {
    last?.();
    process.kill(process.pid, 'SIGKILL');
  }
  const code = fault.error ?? 'EIO';
  throw Object.assign(new Error(`${code}: the torture made it fail, ${call}`), { code, errno: -1, syscall: call });
}

function disturb() {
  const functions = /** @type {Record<string, AnyFunction>} */ (/** @type {unknown} */ (fs));
  const original = (/** @type {string} */ name) => {
    const found = functions[name];
    if (found === undefined) throw new Error(`there is no fs.${name}`);
    return found;
  };
  for (const name of CHANGING) {
    const real = original(name);
    functions[name] = (...args) => {
      strike(name.replace('Sync', ''));
      return real(...args);
    };
  }
  const open = original('openSync');
  functions['openSync'] = (...args) => {
    if ((Number(args[1]) & fs.constants.O_CREAT) !== 0) strike('open');
    return open(...args);
  };
  const write = original('writeSync');
  functions['writeSync'] = (...args) => {
    const [descriptor, data] = args;
    strike('write', () => {
      // Half of the data reaches the disk.
      if (data instanceof Uint8Array) write(descriptor, data.subarray(0, Math.floor(data.length / 2)));
    });
    return write(...args);
  };
  const spawner = /** @type {Record<string, AnyFunction>} */ (/** @type {unknown} */ (childProcess));
  const spawn = /** @type {AnyFunction} */ (spawner['spawn']);
  spawner['spawn'] = (...args) => {
    const child = spawn(...args);
    if (fault?.kill === true) strike('spawn');
    return child;
  };
  syncBuiltinESMExports();
}

function moveClock() {
  const offsetMs = clockSeconds * MS_PER_SECOND;
  const RealDate = Date;
  const now = () => RealDate.now() + offsetMs;
  const MovedDate = /** @type {DateConstructor} */ (
    class Date extends RealDate {
      /** @param {[] | [number | string]} args */
      constructor(...args) {
        super(args[0] ?? now());
      }
    }
  );
  MovedDate.now = now;
  globalThis.Date = MovedDate;
}

if (fault !== null) disturb();
if (clockSeconds !== 0) moveClock();
