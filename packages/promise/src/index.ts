export {
  AnomalyResult,
  EmptyResult,
  GenericPromise,
  TestResult,
  type PluginResultOptions,
  type PluginResultType,
  type PromiseConfiguration,
  type PromiseLogger,
  type PromiseLogRecord,
  type PromiseRule,
} from '../assets/promise-api.mjs';
export {
  declarativeCheckSchema,
  readDeclarativeCheck,
  type DeclarativeCheck,
} from './declarative/declarative-check.js';
export { discoverPromises, promiseTitle, type PromiseCheck } from './discovery/discover.js';
export { PromiseError, promiseFailureText, type PromiseErrorCode } from './errors.js';
export { evaluateLog, latestRuns, type Evaluation, type EvaluationRule } from './evaluation/evaluate.js';
export { formatLogDate, formatLogRecord, parseLog, type LogRecord } from './evaluation/log-record.js';
export {
  readPromiseHistory,
  type PastRun,
  type PromiseHistory,
  type PromiseHistoryOptions,
} from './history/read-promise-history.js';
export type { PromiseSchedule } from './results/cache-file.js';
export { readResult, writeResult, type PromiseResult, type PromiseResultType } from './results/result-file.js';
export {
  decidePromise,
  type PromiseDecision,
  type PromiseDecisionInput,
  type PromiseMode,
} from './run/decide.js';
export {
  DEFAULT_PROMISE_TIMEOUT_SECONDS,
  type PromiseReport,
  type RunPromisesOptions,
  type RunPromisesPorts,
} from './run/options.js';
export { runPromises } from './run/run-promises.js';
export { runPromisesCommand, type RunnerStreams } from './runner/runner.js';
