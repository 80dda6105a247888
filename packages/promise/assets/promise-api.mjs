// What a promise written in JavaScript imports as `@slapos/promise`: the base class and its results. (spec: promise 4, 8.2)
//
// Self-contained on purpose: it is handed over to the worker as text, because the partition's user often cannot read the folder
// in which this package lies.
import fs from 'node:fs';
import path from 'node:path';
import { format } from 'node:util';

const MAX_MESSAGE = 5000;
const MS_PER_SECOND = 1000;
const MS_PER_MINUTE = 60_000;
const DEFAULT_PERIODICITY_MINUTES = 2;
/** Logs are never rotated here: the first look is at their last part only, and grows until it is enough. */
const FIRST_LOOK_BYTES = 64 * 1024;
const LOOK_GROWTH = 8;
const FIRST_SUFFIX = 100;
const SUFFIXES = 900;
const FAILURE_LEVELS = new Set(['CRITICAL', 'ERROR']);
const RECORD =
  /^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})[ \t]+(?:-[ \t]*)?([A-Za-z]+)[ \t]+(?:-[ \t]*)?(\d+-\d{3})(?:[ \t]+(?:-[ \t]*)?(.*))?$/;

const two = (value) => String(value).padStart(2, '0');

function formatDate(milliseconds) {
  const date = new Date(milliseconds);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

const textOf = (error) => (error instanceof Error ? error.message : String(error));

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

function readEnd(file, bytes) {
  const descriptor = fs.openSync(file, 'r');
  try {
    const { size } = fs.fstatSync(descriptor);
    const length = Math.min(size, bytes);
    const buffer = Buffer.alloc(length);
    const read = fs.readSync(descriptor, buffer, 0, length, size - length);
    return { text: buffer.toString('utf8', 0, read), isWhole: length === size };
  } finally {
    fs.closeSync(descriptor);
  }
}

function parseRecords(text) {
  const records = [];
  for (const line of text.split('\n')) {
    const match = RECORD.exec(line);
    if (match !== null) records.push({ date: match[1], status: match[2], runId: match[3], message: match[4] ?? '' });
    else if (records.length > 0 && line.trim() !== '') records.at(-1).message += `\n${line}`;
  }
  return records;
}

function splitRuns(records, limit, resultCount) {
  const runs = [];
  for (const record of records.toReversed()) {
    if (limit !== undefined && record.date <= limit) return { runs, isComplete: true };
    if (runs.at(-1)?.[0].runId !== record.runId) {
      if (runs.length === resultCount) return { runs, isComplete: true };
      runs.push([]);
    }
    runs.at(-1).unshift(record);
  }
  return { runs, isComplete: false };
}

/** The latest runs of a log, newest first. */
function readRuns(file, latestMinute, resultCount) {
  if (file === undefined || !fs.existsSync(file)) return [];
  const limit = latestMinute > 0 ? formatDate(Date.now() - latestMinute * MS_PER_MINUTE) : undefined;
  for (let bytes = FIRST_LOOK_BYTES; ; bytes *= LOOK_GROWTH) {
    const { text, isWhole } = readEnd(file, bytes);
    const { runs, isComplete } = splitRuns(parseRecords(text), limit, resultCount);
    if (isComplete || isWhole) return runs;
  }
}

const hasFailed = (run) => run.some((record) => FAILURE_LEVELS.has(record.status));

/** How often the verdict changed from one run to the next. */
function countChanges(runs) {
  return runs.filter((run, index) => index > 0 && hasFailed(run) !== hasFailed(runs[index - 1])).length;
}

class Logger {
  #file;
  #runId;
  #isDebug;

  constructor(file, isDebug) {
    this.#file = file;
    this.#isDebug = isDebug;
    const suffix = FIRST_SUFFIX + Math.floor(Math.random() * SUFFIXES);
    this.#runId = `${Math.floor(Date.now() / MS_PER_SECOND)}-${suffix}`;
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
    if (this.#file === undefined) return;
    fs.appendFileSync(this.#file, `${formatDate(Date.now())} - ${level} - ${this.#runId} - ${message}\n`);
  }
}

function readBoolean(name, value) {
  const text = String(value).toLowerCase();
  if (text !== 'true' && text !== 'false') throw new Error(`${name} must be true or false, not ${value}`);
  return text === 'true';
}

export class GenericPromise {
  #config;
  #own;
  #periodicity = DEFAULT_PERIODICITY_MINUTES;
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
    if (bang !== undefined) this.#allowsBang = readBoolean('bang-on-failure', bang);
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

  #evaluate(Result, { resultCount = 1, failureAmount = 1, latestMinute = 0, consecutive = false, flapping } = {}) {
    const wanted = consecutive ? failureAmount : resultCount;
    const seen = readRuns(this.getLogFile(), latestMinute, Math.max(wanted, flapping?.runs ?? 0));
    if (seen.length === 0) return new Result({ message: 'No result found!' });
    const message = seen[0]
      .map((record) => record.message)
      .join('\n')
      .trim();
    const changes = flapping === undefined ? 0 : countChanges(seen.slice(0, flapping.runs));
    if (flapping !== undefined && changes >= flapping.changes) {
      const note = `Flapping: ${changes} changes in the last ${flapping.runs} runs`;
      return new Result({ problem: true, message: message === '' ? note : `${note}\n${message}` });
    }
    const runs = seen.slice(0, wanted);
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
