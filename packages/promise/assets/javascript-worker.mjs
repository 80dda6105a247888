// Runs promises written in JavaScript, and declarative checks, one after the other in one process of the partition's user.
//
// It is called with one JSON document: the texts of its modules, what all jobs share, and the jobs. Messages go to descriptor 3,
// one JSON object a line: `begin`, `loaded`, then `text` (parts of the message) and `result`, or `error`, and last `end`.
// A job that leaves something running ends the process: the next one gets a fresh one.
import fs from 'node:fs';
import Module, { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const MESSAGES = 3;
const MAX_MESSAGE = 5000;
const TEXT_PART = 2000;
const PACKAGE = '@slapos/promise';
const MS_PER_SECOND = 1000;
/** A closed socket is gone after a few rounds of the event loop. */
const MAX_ROUNDS_TO_SETTLE = 20;

function say(message) {
  let data = Buffer.from(`${JSON.stringify(message)}\n`);
  while (data.length > 0) {
    try {
      data = data.subarray(fs.writeSync(MESSAGES, data));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

const textOf = (error) => (error instanceof Error ? error.message : String(error));
const moduleUrl = (text) => `data:text/javascript,${encodeURIComponent(text)}`;

/** Makes `@slapos/promise` stand for `api`, for `import` and for `require`, wherever the plug-in lies. */
function provideApi(api) {
  const names = Object.keys(api).map((name) => `export const ${name} = api.${name};`);
  const url = moduleUrl(`const api = globalThis[Symbol.for('@slapos/promise/api')];\n${names.join('\n')}`);
  if (typeof Module.registerHooks === 'function') {
    Module.registerHooks({
      resolve: (specifier, context, next) =>
        specifier === PACKAGE ? { url, format: 'module', shortCircuit: true } : next(specifier, context),
    });
  } else {
    Module.register(
      moduleUrl(`export async function resolve(specifier, context, next) {
        return specifier === ${JSON.stringify(PACKAGE)}
          ? { url: ${JSON.stringify(url)}, format: 'module', shortCircuit: true }
          : next(specifier, context);
      }`),
    );
  }
  const load = Module._load;
  Module._load = function loadPackage(request, ...rest) {
    return request === PACKAGE ? api : Reflect.apply(load, this, [request, ...rest]);
  };
}

class Worker {
  #document;
  #api;
  #declarative;

  constructor(document, api) {
    this.#document = document;
    this.#api = api;
  }

  /** Once, before the first job: what this opens is ours, not a job's. */
  async prepare() {
    globalThis[Symbol.for('@slapos/promise/api')] = this.#api;
    const { jobs, sources } = this.#document;
    if (jobs.some((job) => job.check !== undefined)) this.#declarative = await import(moduleUrl(sources.declarative));
    if (jobs.some((job) => job.check === undefined)) {
      provideApi(this.#api);
      await import(PACKAGE);
    }
  }

  async #load(job) {
    const config = Object.assign(Object.create(null), this.#document.config, { name: job.name, path: job.path });
    if (job.check !== undefined) return new this.#declarative.DeclarativePromise(config, job.check);
    const file = job.path;
    // The CommonJS loader finds no names in a module of the other kind, so each is loaded as its name says.
    const module = file.endsWith('.cjs')
      ? createRequire(pathToFileURL(file))(file)
      : await import(pathToFileURL(file).href);
    const RunPromise = module.RunPromise ?? module.default;
    if (typeof RunPromise !== 'function') throw new Error(`${file} has no class RunPromise`);
    if (!(RunPromise.prototype instanceof this.#api.GenericPromise))
      throw new Error(`RunPromise of ${file} is no GenericPromise`);
    if (typeof RunPromise.prototype.sense !== 'function') throw new Error(`RunPromise of ${file} has no method sense`);
    for (const [key, value] of Object.entries(module.extraConfig ?? {})) {
      if (key in config || key === 'queue')
        throw new Error(`extraConfig of ${file} has the reserved key ${JSON.stringify(key)}`);
      config[key] = value;
    }
    return new RunPromise(config);
  }

  async run(job) {
    let promise;
    try {
      promise = await this.#load(job);
    } catch (error) {
      const trace = error instanceof Error ? String(error.stack) : '';
      say({ event: 'error', message: textOf(error).slice(0, TEXT_PART), trace: trace.slice(-TEXT_PART) });
      return;
    }
    say({
      event: 'loaded',
      periodicity: promise.getPeriodicity(),
      isTested: promise.isTested(),
      isAnomalyDetected: promise.isAnomalyDetected(),
      moduleFile: job.path,
      moduleMtime: fs.statSync(job.path).mtimeMs / MS_PER_SECOND,
    });
    const result = await promise.run(this.#document.checkAnomaly);
    const message = result.message === undefined || result.message === null ? undefined : String(result.message);
    const kept =
      message !== undefined && message.length > MAX_MESSAGE + 3 ? `...${message.slice(-MAX_MESSAGE)}` : message;
    for (let at = 0; kept !== undefined && at < kept.length; at += TEXT_PART)
      say({ event: 'text', text: kept.slice(at, at + TEXT_PART) });
    say({
      event: 'result',
      type: result.type(),
      failed: result.hasFailed() === true,
      hasMessage: kept !== undefined,
      allowBang: promise.isBangAllowed(),
    });
  }
}

/** Waits a few rounds for what is about to close. Returns whether nothing is left of a job. */
async function settles(before) {
  for (let round = 0; round < MAX_ROUNDS_TO_SETTLE; round += 1) {
    if (process.getActiveResourcesInfo().length <= before) return true;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return false;
}

export async function main(document, api) {
  process.chdir(document.config['partition-folder']);
  const worker = new Worker(document, api);
  await worker.prepare();
  // What a plug-in throws outside of its methods ends the process: that promise gave no result.
  for (const job of document.jobs) {
    const before = process.getActiveResourcesInfo().length;
    say({ event: 'begin', job: job.index });
    await worker.run(job);
    const isClean = process.cwd() === document.config['partition-folder'] && (await settles(before));
    say({ event: 'end', job: job.index });
    if (!isClean) break;
  }
  process.exit();
}
