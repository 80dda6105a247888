/*
 * A small process that starts other processes for a large one: the kernel copies the page tables of whoever forks, so an
 * agent with a big heap lets this one do it. Plain JavaScript, because it also runs from the sources, on Node.js alone.
 *
 * Messages in: { type: 'spawn', id, request }, { type: 'closeOutput', id }.
 * Messages out: spawned { id, pid }, failed { id, code, message }, output { id, stream, chunk }, exit { id, exitCode, signal },
 * closed { id }.
 *
 * When the agent goes, so do the commands that were started with `dieWithUs`, with all their children.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';

/** Bytes under way to the agent after which a command has to wait. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
const FIRST_PRIVATE_DESCRIPTOR = 3;
const O_CLOEXEC = 0o2000000;

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/** @typedef {import('./spawner.js').SpawnRequest} SpawnRequest */
/** @typedef {{ type: 'spawn', id: number, request: SpawnRequest } | { type: 'closeOutput', id: number }} Message */

/** Commands that run, or whose output somebody still holds. @type {Map<number, { child: ChildProcess, dieWithUs: boolean }>} */
const running = new Map();

/** Closes what we were given by accident: our children would inherit it. */
function closeInheritedDescriptors() {
  for (const name of fs.readdirSync('/proc/self/fd')) {
    const descriptor = Number(name);
    if (descriptor < FIRST_PRIVATE_DESCRIPTOR) continue;
    try {
      const flags = /^flags:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${name}`, 'latin1'));
      if (flags !== null && (Number.parseInt(flags[1] ?? '', 8) & O_CLOEXEC) === 0) fs.closeSync(descriptor);
    } catch {
      // It was the descriptor of the listing itself.
    }
  }
}

/**
 * @param {object} message
 * @param {() => void} [sent]
 */
function send(message, sent) {
  if (process.connected) process.send?.(message, undefined, undefined, () => sent?.());
}

/**
 * @param {number} id
 * @param {'stdout' | 'stderr'} stream
 * @param {import('node:stream').Readable | null} readable
 */
function forward(id, stream, readable) {
  let pending = 0;
  readable?.on('data', (/** @type {Buffer} */ chunk) => {
    pending += chunk.length;
    if (pending > MAX_PENDING_BYTES) readable.pause();
    send({ type: 'output', id, stream, chunk }, () => {
      pending -= chunk.length;
      if (pending <= MAX_PENDING_BYTES && readable.isPaused()) readable.resume();
    });
  });
}

/**
 * @param {number} id
 * @param {SpawnRequest} request
 */
function start(id, request) {
  /** @param {unknown} error */
  const fail = (error) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    running.delete(id);
    send({ type: 'failed', id, code, message: String(error) });
  };
  let child;
  try {
    child = spawn(request.file, request.args, {
      cwd: request.cwd,
      env: request.env,
      detached: true,
      stdio: [request.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
  } catch (error) {
    fail(error);
    return;
  }
  running.set(id, { child, dieWithUs: request.dieWithUs });
  child.once('error', fail);
  child.once('spawn', () => send({ type: 'spawned', id, pid: child.pid }));
  child.once('exit', (exitCode, signal) => {
    send({ type: 'exit', id, exitCode, signal });
  });
  child.once('close', () => {
    running.delete(id);
    send({ type: 'closed', id });
  });
  forward(id, 'stdout', child.stdout);
  forward(id, 'stderr', child.stderr);
  child.stdin?.on('error', () => {});
  child.stdin?.end(request.input);
}

/** The processes of the machine with their parents and sessions. */
function listProcesses() {
  return fs.readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const text = fs.readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return [{ pid: Number(name), parent: Number(fields[1]), session: Number(fields[3]) }];
    } catch {
      return []; // gone
    }
  });
}

/** Kills the commands that must not outlive the agent: their sessions, and whatever descends from them. */
function killRunning() {
  const doomed = new Set(
    [...running.values()].flatMap(({ child, dieWithUs }) => {
      const runs = child.exitCode === null && child.signalCode === null;
      return dieWithUs && runs && child.pid !== undefined ? [child.pid] : [];
    }),
  );
  const sessions = new Set(doomed);
  if (doomed.size === 0) return;
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent, session } of listProcesses()) {
      if (doomed.has(pid) || (!doomed.has(parent) && !sessions.has(session))) continue;
      doomed.add(pid);
      grown = true;
    }
    for (const pid of doomed) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // gone
      }
    }
  }
}

closeInheritedDescriptors();
process.on('message', (received) => {
  const message = /** @type {Message} */ (received);
  if (message.type === 'spawn') start(message.id, message.request);
  else {
    const child = running.get(message.id)?.child;
    child?.stdout?.destroy();
    child?.stderr?.destroy();
    running.delete(message.id);
  }
});
process.once('disconnect', () => {
  killRunning();
  process.exit();
});
// A terminal's Ctrl-C reaches us too; the agent decides what happens then, and we end with it.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('SIGHUP', () => {});
