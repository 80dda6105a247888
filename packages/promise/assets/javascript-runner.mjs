// Runs one plug-in promise written in JavaScript, in a process of its own.
//
// The job comes as JSON on the standard input. Messages go to descriptor 3, one JSON object a line: `loaded`, then `result`, or
// `error` when the plug-in cannot be loaded. What it imports as `@slapos/promise` is this module's `api`, wherever it lies.
import fs from 'node:fs';
import Module, { createRequire, register } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

const MESSAGES = 3;
const MAX_MESSAGE = 5000;
const PACKAGE = '@slapos/promise';
const MS_PER_MINUTE = 60_000;
const FAILURE_LEVELS = new Set(['CRITICAL', 'ERROR']);
const RECORD =
  /^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})[ \t]+(?:-[ \t]*)?([A-Za-z]+)[ \t]+(?:-[ \t]*)?(\d+-\d{3})(?:[ \t]+(?:-[ \t]*)?(.*))?$/;

const two = (value) => String(value).padStart(2, '0');
function formatDate(date) {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function say(message) {
  let data = Buffer.from(`${JSON.stringify(message)}\n`);
  while (data.length > 0) data = data.subarray(fs.writeSync(MESSAGES, data));
}

class PromiseResult {
  constructor({ problem = false, message = undefined, date = new Date() } = {}) {
    this.problem = problem;
    this.message =
      typeof message === 'string' && message.length > MAX_MESSAGE ? `...${message.slice(-MAX_MESSAGE)}` : message;
    this.date = date;
  }

  hasFailed() {
    return this.problem;
  }
}

export class TestResult extends PromiseResult {
  type() {
    return 'Test Result';
  }
}

export class AnomalyResult extends PromiseResult {
  type() {
    return 'Anomaly Result';
  }
}

export class EmptyResult extends PromiseResult {
  type() {
    return 'Empty Result';
  }
}

function readRuns(file, latestMinute, resultCount) {
  if (file === undefined || !fs.existsSync(file)) return [];
  const records = [];
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const match = RECORD.exec(line);
    if (match !== null) records.push({ date: match[1], status: match[2], runId: match[3], message: match[4] ?? '' });
    else if (records.length > 0 && line.trim() !== '') records.at(-1).message += `\n${line}`;
  }
  const limit = latestMinute > 0 ? formatDate(new Date(Date.now() - latestMinute * MS_PER_MINUTE)) : undefined;
  const runs = [];
  for (const record of records.reverse()) {
    if (limit !== undefined && record.date <= limit) break;
    if (runs.at(-1)?.[0].runId !== record.runId) {
      if (runs.length === resultCount) break;
      runs.push([]);
    }
    runs.at(-1).unshift(record);
  }
  return runs;
}

const hasFailed = (run) => run.some((record) => FAILURE_LEVELS.has(record.status));

class Logger {
  #file;
  #runId;
  #isDebug;

  constructor(file, isDebug) {
    this.#file = file;
    this.#isDebug = isDebug;
    this.#runId = `${Math.floor(Date.now() / 1000)}-${100 + Math.floor(Math.random() * 900)}`;
    // The file is there from the beginning, also when nothing is ever logged.
    if (file !== undefined) fs.appendFileSync(file, '');
  }

  debug(...parts) {
    if (this.#isDebug) this.#write('DEBUG', parts);
  }
  info(...parts) {
    this.#write('INFO', parts);
  }
  warn(...parts) {
    this.#write('WARNING', parts);
  }
  warning(...parts) {
    this.#write('WARNING', parts);
  }
  error(...parts) {
    this.#write('ERROR', parts);
  }
  critical(...parts) {
    this.#write('CRITICAL', parts);
  }

  #write(level, parts) {
    const message = format(...parts);
    process.stderr.write(`${level} ${message}\n`);
    if (this.#file === undefined) return;
    fs.appendFileSync(this.#file, `${formatDate(new Date())} - ${level} - ${this.#runId} - ${message}\n`);
  }
}

export class GenericPromise {
  #config;
  #own;
  #periodicity = 2;
  #isTested = true;
  #isAnomalyDetected = true;
  #allowsBang = true;

  constructor(config) {
    const take = (key) => {
      const value = config[key];
      delete config[key];
      return value;
    };
    this.#own = {
      logFolder: take('log-folder'),
      partitionFolder: take('partition-folder'),
      name: take('name'),
      path: take('path'),
    };
    const isDebug = take('debug') ?? true;
    const periodicity = take('periodicity');
    const bang = take('bang-on-failure');
    this.#config = config;
    for (const key of ['name', 'path', 'partitionFolder']) {
      if (this.#own[key] === undefined) throw new Error(`the configuration has no ${key}`);
    }
    if (periodicity !== undefined) this.setPeriodicity(Number(periodicity));
    if (bang !== undefined) {
      const text = String(bang).toLowerCase();
      if (text !== 'true' && text !== 'false') throw new Error(`bang-on-failure must be true or false, not ${bang}`);
      this.#allowsBang = text === 'true';
    }
    this.logger = new Logger(this.getLogFile(), isDebug);
  }

  getConfig(key, fallback = undefined) {
    return Object.hasOwn(this.#config, key) ? this.#config[key] : fallback;
  }
  setConfig(key, value) {
    this.#config[key] = value;
  }
  getTitle() {
    return path.parse(this.#own.name).name;
  }
  getName() {
    return this.#own.name;
  }
  getPartitionFolder() {
    return this.#own.partitionFolder;
  }
  getPromiseFile() {
    return this.#own.path;
  }
  getLogFolder() {
    return this.#own.logFolder;
  }
  getLogFile() {
    const { logFolder } = this.#own;
    return logFolder === undefined ? undefined : path.join(logFolder, `${this.getTitle()}.log`);
  }
  setPeriodicity(minute) {
    if (!(minute > 0)) throw new Error(`the periodicity must be more than 0 minutes, not ${minute}`);
    this.#periodicity = minute;
  }
  getPeriodicity() {
    return this.#periodicity;
  }
  setTestLess() {
    this.#isTested = false;
  }
  isTested() {
    return this.#isTested;
  }
  setAnomalyLess() {
    this.#isAnomalyDetected = false;
  }
  isAnomalyDetected() {
    return this.#isAnomalyDetected;
  }
  allowBang(allow = true) {
    this.#allowsBang = allow;
  }
  isBangAllowed() {
    return this.#allowsBang;
  }

  getLastPromiseResultList({ latestMinute = 0, resultCount = 1, onlyFailure = false } = {}) {
    const runs = readRuns(this.getLogFile(), latestMinute, resultCount);
    return onlyFailure ? runs.filter(hasFailed) : runs;
  }

  #evaluate(Result, { resultCount = 1, failureAmount = 1, latestMinute = 0 } = {}) {
    const runs = readRuns(this.getLogFile(), latestMinute, resultCount);
    if (runs.length === 0) return new Result({ message: 'No result found!' });
    const message = runs[0]
      .map((record) => record.message)
      .join('\n')
      .trim();
    const failures = runs.filter(hasFailed).length;
    return new Result({ problem: hasFailed(runs[0]) && failureAmount > 0 && failures >= failureAmount, message });
  }

  checkTest(rule) {
    return this.#evaluate(TestResult, rule);
  }
  checkAnomaly(rule) {
    return this.#evaluate(AnomalyResult, rule);
  }
  async test() {
    return this.checkTest();
  }
  async anomaly() {
    return this.checkAnomaly();
  }

  /** Senses and judges: the last word of a promise. */
  async run(isAnomalyMode) {
    const Result = isAnomalyMode ? AnomalyResult : TestResult;
    if (!this.#isTested && !this.#isAnomalyDetected) {
      return new Result({ problem: true, message: "It's not allowed to disable both Test and Anomaly in promise!" });
    }
    if (!(isAnomalyMode ? this.#isAnomalyDetected : this.#isTested)) return new EmptyResult();
    try {
      await this.sense();
    } catch (error) {
      this.logger.error('%s', textOf(error));
    }
    const name = isAnomalyMode ? 'anomaly' : 'test';
    try {
      const result = await this[name]();
      return result ?? new Result({ problem: true, message: `Promise ${name} method returned 'None'` });
    } catch (error) {
      return new Result({ problem: true, message: textOf(error) });
    }
  }
}

const textOf = (error) => (error instanceof Error ? error.message : String(error));

const api = { AnomalyResult, EmptyResult, GenericPromise, TestResult };

/** Makes `@slapos/promise` stand for `api`, for `import` and for `require`. */
function provideApi() {
  globalThis[Symbol.for('@slapos/promise/api')] = api;
  const source = Object.keys(api)
    .map((name) => `export const ${name} = globalThis[Symbol.for('@slapos/promise/api')].${name};`)
    .join('\n');
  const moduleUrl = `data:text/javascript,${encodeURIComponent(source)}`;
  const hooks = `export async function resolve(specifier, context, next) {
    return specifier === ${JSON.stringify(PACKAGE)}
      ? { url: ${JSON.stringify(moduleUrl)}, shortCircuit: true }
      : next(specifier, context);
  }`;
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
  const load = Module._load;
  Module._load = function loadPackage(request, ...rest) {
    return request === PACKAGE ? api : Reflect.apply(load, this, [request, ...rest]);
  };
}

async function loadPromise(job) {
  const file = job.config.path;
  // The CommonJS loader finds no names in a module of the other kind, so each is loaded as its name says.
  const module = file.endsWith('.cjs')
    ? createRequire(pathToFileURL(file))(file)
    : await import(pathToFileURL(file).href);
  const RunPromise = module.RunPromise ?? module.default;
  if (typeof RunPromise !== 'function') throw new Error(`${file} has no class RunPromise`);
  if (!(RunPromise.prototype instanceof GenericPromise)) throw new Error(`RunPromise of ${file} is no GenericPromise`);
  if (typeof RunPromise.prototype.sense !== 'function') throw new Error(`RunPromise of ${file} has no method sense`);
  const config = Object.assign(Object.create(null), job.config);
  for (const [key, value] of Object.entries(module.extraConfig ?? {})) {
    if (key in config || key === 'queue')
      throw new Error(`extraConfig of ${file} has the reserved key ${JSON.stringify(key)}`);
    config[key] = value;
  }
  return new RunPromise(config);
}

async function main() {
  const job = JSON.parse(fs.readFileSync(0, 'utf8'));
  process.chdir(job.config['partition-folder']);
  provideApi();
  let promise;
  try {
    promise = await loadPromise(job);
  } catch (error) {
    const trace = error instanceof Error ? String(error.stack) : '';
    say({ event: 'error', message: textOf(error).slice(0, MAX_MESSAGE), trace: trace.slice(-MAX_MESSAGE) });
    return;
  }
  say({
    event: 'loaded',
    periodicity: promise.getPeriodicity(),
    isTested: promise.isTested(),
    isAnomalyDetected: promise.isAnomalyDetected(),
    moduleFile: job.config.path,
    moduleMtime: fs.statSync(job.config.path).mtimeMs / 1000,
  });
  const result = await promise.run(job.checkAnomaly);
  say({
    event: 'result',
    type: result.type(),
    failed: result.hasFailed(),
    message: result.message ?? null,
    allowBang: promise.isBangAllowed(),
  });
}

await main();
// What a plug-in left running (timers, sockets) keeps nobody waiting.
process.exit();
