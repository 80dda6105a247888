// The checks that a JSON file can ask for. They run in the worker of the partition's user, without a process of their own
// (but `command`). What reaches this module was checked by the schema of the package.
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';

// Not imported by name, so that a worker with nothing but declarative checks needs no import hook.
const { GenericPromise } = globalThis[Symbol.for('@slapos/promise/api')];

const MS_PER_SECOND = 1000;
const MS_PER_MINUTE = 60_000;
const MS_PER_DAY = 86_400_000;
const MAX_BODY_BYTES = 1024 * 1024;
const MAX_OUTPUT_LENGTH = 4000;
const FIRST_GOOD_STATUS = 200;
const FIRST_BAD_STATUS = 400;
const PERCENT = 100;

class CheckFailure extends Error {}

const quote = (text) => JSON.stringify(text);
const fail = (message) => {
  throw new CheckFailure(message);
};

/** Settles with `work`, or fails when the time is over; `stop` ends what still runs. */
async function within(seconds, what, start) {
  let stop = () => {};
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new CheckFailure(`${what}: no answer within ${seconds} seconds`));
    }, seconds * MS_PER_SECOND);
  });
  try {
    return await Promise.race([
      start((stopper) => {
        stop = stopper;
      }),
      late,
    ]);
  } finally {
    clearTimeout(timer);
    stop();
  }
}

function fetchOnce(check, onStop) {
  return new Promise((resolve, reject) => {
    const isSecure = check.url.startsWith('https:');
    const options = { method: check.method, headers: check.headers, agent: false };
    if (isSecure) options.rejectUnauthorized = check.verifyCertificate;
    const request = (isSecure ? https : http).request(check.url, options, (response) => {
      const parts = [];
      let size = 0;
      const finish = () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') });
      response.on('data', (part) => {
        parts.push(part);
        size += part.length;
        if (size >= MAX_BODY_BYTES) finish();
      });
      response.once('end', finish);
      response.once('error', reject);
    });
    onStop(() => request.destroy());
    request.once('error', reject);
    request.end();
  });
}

async function checkHttp(check) {
  const what = `${check.method} ${check.url}`;
  const { status, body } = await within(check.timeoutSeconds, what, (onStop) => fetchOnce(check, onStop)).catch(
    (error) => fail(error instanceof CheckFailure ? error.message : `${what}: ${error.message || error.code}`),
  );
  const wanted = check.expectedStatus;
  const isGood =
    wanted.length === 0 ? status >= FIRST_GOOD_STATUS && status < FIRST_BAD_STATUS : wanted.includes(status);
  if (!isGood)
    fail(`${what}: status ${status}, expected ${wanted.length === 0 ? 'one from 200 to 399' : wanted.join(' or ')}`);
  if (check.contains !== undefined && !body.includes(check.contains))
    fail(`${what}: the answer does not contain ${quote(check.contains)}`);
  return `${what}: status ${status}`;
}

function connectOnce(connect, event, onStop) {
  return new Promise((resolve, reject) => {
    const socket = connect();
    onStop(() => socket.destroy());
    socket.once('error', reject);
    socket.once(event, () => resolve(socket));
  });
}

async function checkTcp(check, folder) {
  const target =
    check.socketPath === undefined
      ? { host: check.host, port: check.port }
      : { path: path.resolve(folder, check.socketPath) };
  const what = check.socketPath === undefined ? `${check.host} port ${check.port}` : target.path;
  await within(check.timeoutSeconds, what, (onStop) => connectOnce(() => net.connect(target), 'connect', onStop)).catch(
    (error) => fail(error instanceof CheckFailure ? error.message : `${what}: ${error.code ?? error.message}`),
  );
  return `${what}: accepts connections`;
}

async function readCertificate(check, folder) {
  if (check.certificateFile !== undefined) {
    const certificate = new X509Certificate(fs.readFileSync(path.resolve(folder, check.certificateFile)));
    return { what: check.certificateFile, validTo: Date.parse(certificate.validTo) };
  }
  const what = `${check.host} port ${check.port}`;
  const options = {
    host: check.host,
    port: check.port,
    rejectUnauthorized: check.verifyCertificate,
    ...(net.isIP(check.host) === 0 || check.serverName !== undefined
      ? { servername: check.serverName ?? check.host }
      : {}),
  };
  return within(check.timeoutSeconds, what, async (onStop) => {
    const socket = await connectOnce(() => tls.connect(options), 'secureConnect', onStop);
    return { what, validTo: Date.parse(socket.getPeerCertificate().valid_to) };
  }).catch((error) =>
    fail(error instanceof CheckFailure ? error.message : `${what}: ${error.code ?? ''} ${error.message}`.trim()),
  );
}

async function checkTls(check, folder) {
  const { what, validTo } = await readCertificate(check, folder);
  if (Number.isNaN(validTo)) fail(`${what}: the certificate does not say until when it is valid`);
  const days = (validTo - Date.now()) / MS_PER_DAY;
  const date = new Date(validTo).toISOString();
  if (days < 0) fail(`${what}: the certificate expired at ${date}`);
  if (days < check.minimumDays)
    fail(`${what}: the certificate expires at ${date}, in less than ${check.minimumDays} days`);
  return `${what}: the certificate is valid until ${date}`;
}

function checkFile(check, folder) {
  const file = path.resolve(folder, check.path);
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  if (!check.exists) return stats === undefined ? `${file}: absent` : fail(`${file}: exists, and should not`);
  if (stats === undefined) fail(`${file}: does not exist`);
  if (check.minimumBytes !== undefined && stats.size < check.minimumBytes)
    fail(`${file}: ${stats.size} bytes, expected at least ${check.minimumBytes}`);
  if (check.maximumBytes !== undefined && stats.size > check.maximumBytes)
    fail(`${file}: ${stats.size} bytes, expected at most ${check.maximumBytes}`);
  const minutes = (Date.now() - stats.mtimeMs) / MS_PER_MINUTE;
  if (check.maximumAgeMinutes !== undefined && minutes > check.maximumAgeMinutes)
    fail(`${file}: unchanged for ${Math.floor(minutes)} minutes, expected at most ${check.maximumAgeMinutes}`);
  if (check.contains !== undefined) {
    if (!stats.isFile()) fail(`${file}: is no regular file`);
    const descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    try {
      const bytes = Buffer.alloc(Math.min(stats.size, MAX_BODY_BYTES));
      const length = fs.readSync(descriptor, bytes, 0, bytes.length, Math.max(0, stats.size - bytes.length));
      if (!bytes.toString('utf8', 0, length).includes(check.contains))
        fail(`${file}: does not contain ${quote(check.contains)}`);
    } finally {
      fs.closeSync(descriptor);
    }
  }
  return `${file}: ${stats.size} bytes`;
}

function runOnce(check, folder, onStop) {
  return new Promise((resolve, reject) => {
    const [file, ...args] = check.command;
    const program = file.includes('/') ? path.resolve(folder, file) : file;
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    onStop(() => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // All of its processes are gone.
      }
    });
    let output = '';
    const keep = (part) => {
      output = (output + part.toString('utf8')).slice(-MAX_OUTPUT_LENGTH);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      // What it wrote is read; who still holds its output keeps nobody waiting.
      setImmediate(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ code, signal, output: output.trim() });
      });
    });
  });
}

async function checkCommand(check, folder) {
  const what = quote(check.command.join(' '));
  const { code, signal, output } = await within(check.timeoutSeconds, what, (onStop) =>
    runOnce(check, folder, onStop),
  ).catch((error) => fail(error instanceof CheckFailure ? error.message : `${what}: ${error.message}`));
  const ending = output === '' ? '' : `\n${output}`;
  if (signal !== null) fail(`${what}: ended by ${signal}${ending}`);
  if (!check.expectedStatus.includes(code))
    fail(`${what}: status ${code}, expected ${check.expectedStatus.join(' or ')}${ending}`);
  if (check.contains !== undefined && !output.includes(check.contains))
    fail(`${what}: the output does not contain ${quote(check.contains)}${ending}`);
  return output === '' ? `${what}: status ${code}` : output;
}

function checkDisk(check, folder) {
  const place = path.resolve(folder, check.path);
  const facts = fs.statfsSync(place);
  const free = facts.bavail * facts.bsize;
  const percent = facts.blocks === 0 ? PERCENT : (facts.bavail / facts.blocks) * PERCENT;
  if (check.minimumFreeBytes !== undefined && free < check.minimumFreeBytes)
    fail(`${place}: ${free} bytes free, expected at least ${check.minimumFreeBytes}`);
  if (check.minimumFreePercent !== undefined && percent < check.minimumFreePercent)
    fail(`${place}: ${percent.toFixed(1)} % free, expected at least ${check.minimumFreePercent} %`);
  if (check.minimumFreeInodes !== undefined && facts.ffree < check.minimumFreeInodes)
    fail(`${place}: ${facts.ffree} inodes free, expected at least ${check.minimumFreeInodes}`);
  return `${place}: ${percent.toFixed(1)} % free`;
}

function ownCommandLines() {
  const uid = process.getuid();
  const lines = [];
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      if (fs.statSync(`/proc/${name}`).uid !== uid) continue;
      const line = fs.readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      if (line !== '') lines.push(line);
    } catch {
      // It ended while we looked.
    }
  }
  return lines;
}

function checkProcess(check, folder) {
  if (check.pidFile !== undefined) {
    const file = path.resolve(folder, check.pidFile);
    let text;
    try {
      text = fs.readFileSync(file, 'utf8').trim();
    } catch (error) {
      fail(`${file}: ${error.code}`);
    }
    if (!/^[1-9]\d*$/.test(text)) fail(`${file}: holds no process id`);
    let status;
    try {
      status = fs.readFileSync(`/proc/${text}/stat`, 'latin1');
    } catch {
      fail(`${file}: there is no process ${text}`);
    }
    if (status.slice(status.lastIndexOf(')') + 2).startsWith('Z')) fail(`${file}: process ${text} has ended`);
    if (check.commandLine !== undefined) {
      const line = fs.readFileSync(`/proc/${text}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (!line.includes(check.commandLine)) fail(`${file}: process ${text} is not ${quote(check.commandLine)}`);
    }
    return `process ${text} runs`;
  }
  const count = ownCommandLines().filter((line) => line.includes(check.commandLine)).length;
  const what = `processes with ${quote(check.commandLine)}`;
  if (count < check.minimumCount) fail(`${count} ${what}, expected at least ${check.minimumCount}`);
  if (check.maximumCount !== undefined && count > check.maximumCount)
    fail(`${count} ${what}, expected at most ${check.maximumCount}`);
  return `${count} ${what}`;
}

const CHECKS = {
  http: checkHttp,
  tcp: checkTcp,
  tls: checkTls,
  file: checkFile,
  command: checkCommand,
  disk: checkDisk,
  process: checkProcess,
};

/** A promise that a JSON file describes. */
export class DeclarativePromise extends GenericPromise {
  #check;

  constructor(config, check) {
    super(config);
    this.#check = check;
    this.setPeriodicity(check.periodicity);
    this.allowBang(check.bangOnFailure);
    if (!check.modes.includes('test')) this.setTestLess();
    if (!check.modes.includes('anomaly')) this.setAnomalyLess();
  }

  async sense() {
    this.logger.info('%s', await CHECKS[this.#check.check](this.#check, this.getPartitionFolder()));
  }

  test() {
    return this.checkTest(this.#check.test);
  }

  anomaly() {
    return this.checkAnomaly(this.#check.anomaly);
  }
}
