import { SUPERVISOR_STATES } from '../../states.js';
import type { RpcValue } from '../../xml-rpc/values.js';
import type { SupervisorDaemon } from '../daemon/supervisor-daemon.js';
import { RpcFault } from './fault.js';
import { ProcessMethods } from './process-methods.js';
import { readLog } from './read-log.js';

/** supervisorctl insists on exactly this one. */
const API_VERSION = '3.0';
/** The supervisord whose behaviour this is. */
const COMPATIBLE_VERSION = '4.2.5';

type ParameterType = 'string' | 'int' | 'boolean' | 'any' | 'array';
interface Method {
  /** Types of what must be given. */
  readonly takes: readonly ParameterType[];
  /** Types of what may follow. */
  readonly optional?: readonly ParameterType[];
  readonly returns: 'string' | 'int' | 'boolean' | 'array' | 'struct';
  readonly help: string;
  readonly run: (parameters: readonly RpcValue[]) => RpcValue | Promise<RpcValue>;
}

/** The methods of the daemon: a fixed table, so that no name reaches anything else (spec: supervisor §9.2, §9.3, security S27). */
export class RpcMethods {
  readonly processes: ProcessMethods;
  readonly #daemon: SupervisorDaemon;
  readonly #methods: ReadonlyMap<string, Method>;

  constructor(daemon: SupervisorDaemon) {
    this.#daemon = daemon;
    this.processes = new ProcessMethods(daemon);
    this.#methods = new Map([
      ...Object.entries(this.#supervisorMethods()).map(([name, method]) => [`supervisor.${name}`, method] as const),
      ...Object.entries(this.#systemMethods()).map(([name, method]) => [`system.${name}`, method] as const),
    ]);
  }

  /** @throws RpcFault */
  async call(name: string, parameters: readonly RpcValue[]): Promise<RpcValue> {
    const method = this.#methods.get(name);
    if (!method) throw new RpcFault('UNKNOWN_METHOD');
    if (name.startsWith('supervisor.') && this.#daemon.state !== (SUPERVISOR_STATES.RUNNING as number))
      throw new RpcFault('SHUTDOWN_STATE');
    const types = [...method.takes, ...(method.optional ?? [])];
    const fits =
      parameters.length >= method.takes.length &&
      parameters.length <= types.length &&
      parameters.every((parameter, index) => isOf(types[index], parameter));
    if (!fits) throw new RpcFault('INCORRECT_PARAMETERS');
    return method.run(parameters);
  }

  #supervisorMethods(): Record<string, Method> {
    const daemon = this.#daemon;
    const { processes } = this;
    const text = (value: RpcValue | undefined): string => (typeof value === 'string' ? value : '');
    const whole = (value: RpcValue | undefined): number => Math.trunc(Number(value));
    const waits = (value: RpcValue | undefined): boolean => value !== false && value !== 0;
    const answer = (returns: Method['returns'], help: string, run: () => RpcValue | Promise<RpcValue>): Method => ({
      takes: [],
      returns,
      help,
      run,
    });
    const named = (
      returns: Method['returns'],
      help: string,
      run: (name: string) => RpcValue | Promise<RpcValue>,
    ): Method => ({
      takes: ['string'],
      returns,
      help,
      run: ([name]) => run(text(name)),
    });
    const namedAndWait = (
      returns: Method['returns'],
      help: string,
      run: (name: string, wait: boolean) => Promise<RpcValue>,
    ): Method => ({
      takes: ['string'],
      optional: ['boolean'],
      returns,
      help,
      run: ([name, wait]) => run(text(name), waits(wait)),
    });
    const all = (help: string, run: (wait: boolean) => Promise<RpcValue>): Method => ({
      takes: [],
      optional: ['boolean'],
      returns: 'array',
      help,
      run: ([wait]) => run(waits(wait)),
    });
    const ofLog = (
      returns: 'string' | 'array',
      help: string,
      run: (name: string, offset: number, length: number) => RpcValue,
    ): Method => ({
      takes: ['string', 'int', 'int'],
      returns,
      help,
      run: ([name, offset, length]) => run(text(name), whole(offset), whole(length)),
    });
    const version = answer('string', 'The version of this interface', () => API_VERSION);
    const readMainLog: Method = {
      takes: ['int', 'int'],
      returns: 'string',
      help: 'A piece of the main log',
      run: ([offset, length]) => readLog(daemon.mainLog.file, undefined, whole(offset), whole(length)),
    };
    const readStdout = ofLog('string', 'A piece of the log of stdout', (name, offset, length) =>
      processes.readProcessLog('stdout', name, offset, length),
    );
    const tailStdout = ofLog('array', 'The end of the log of stdout', (name, offset, length) =>
      processes.tailProcessLog('stdout', name, offset, length),
    );
    const clearLogs = named('boolean', 'Empties the logs of a process', (name) => processes.clearProcessLogs(name));
    const end = (help: string, reason: 'shutdown' | 'restart'): Method =>
      answer('boolean', help, () => {
        // The answer goes first.
        setImmediate(() => void daemon.end(reason));
        return true;
      });
    return {
      getAPIVersion: version,
      getVersion: version,
      getSupervisorVersion: answer('string', 'The version of supervisord that this follows', () => COMPATIBLE_VERSION),
      getIdentification: answer('string', 'The identifier', () => daemon.identifier),
      getState: answer('struct', 'The state of the daemon', () => ({
        statecode: SUPERVISOR_STATES.RUNNING,
        statename: 'RUNNING',
      })),
      getPID: answer('int', 'The pid of the daemon', () => process.pid),
      readLog: readMainLog,
      readMainLog,
      clearLog: answer('boolean', 'Empties the main log', () => {
        daemon.mainLog.clear();
        return true;
      }),
      shutdown: end('Stops everything and ends', 'shutdown'),
      restart: end('Stops everything and begins anew', 'restart'),
      reloadConfig: answer('array', 'Reads the configuration; added, changed and removed groups', () =>
        processes.reloadConfig(),
      ),
      addProcessGroup: named('boolean', 'Adds a group of the configuration', (name) => processes.addProcessGroup(name)),
      removeProcessGroup: named('boolean', 'Removes a stopped group', (name) => processes.removeProcessGroup(name)),
      startProcess: namedAndWait('boolean', 'Starts a process', (name, wait) => processes.startProcess(name, wait)),
      startProcessGroup: namedAndWait('array', 'Starts a group', (name, wait) =>
        processes.startProcessGroup(name, wait),
      ),
      startAllProcesses: all('Starts everything', (wait) => processes.startAllProcesses(wait)),
      stopProcess: namedAndWait('boolean', 'Stops a process', (name, wait) => processes.stopProcess(name, wait)),
      stopProcessGroup: namedAndWait('array', 'Stops a group', (name, wait) => processes.stopProcessGroup(name, wait)),
      stopAllProcesses: all('Stops everything', (wait) => processes.stopAllProcesses(wait)),
      signalProcess: {
        takes: ['string', 'any'],
        returns: 'boolean',
        help: 'Sends a signal',
        run: ([name, signal = '']) => processes.signalProcess(text(name), signal),
      },
      signalProcessGroup: {
        takes: ['string', 'any'],
        returns: 'array',
        help: 'Sends a signal to a group',
        run: ([name, signal = '']) => processes.signalProcessGroup(text(name), signal),
      },
      signalAllProcesses: {
        takes: ['any'],
        returns: 'array',
        help: 'Sends a signal to everything',
        run: ([signal = '']) => processes.signalAllProcesses(signal),
      },
      getProcessInfo: named('struct', 'Facts about a process', (name) => processes.getProcessInfo(name)),
      getAllProcessInfo: answer('array', 'Facts about all processes', () => processes.getAllProcessInfo()),
      getAllConfigInfo: answer('array', 'The configuration of all processes', () => processes.getAllConfigInfo()),
      readProcessStdoutLog: readStdout,
      readProcessLog: readStdout,
      readProcessStderrLog: ofLog('string', 'A piece of the log of stderr', (name, offset, length) =>
        processes.readProcessLog('stderr', name, offset, length),
      ),
      tailProcessStdoutLog: tailStdout,
      tailProcessLog: tailStdout,
      tailProcessStderrLog: ofLog('array', 'The end of the log of stderr', (name, offset, length) =>
        processes.tailProcessLog('stderr', name, offset, length),
      ),
      clearProcessLogs: clearLogs,
      clearProcessLog: clearLogs,
      clearAllProcessLogs: answer('array', 'Empties all logs', () => processes.clearAllProcessLogs()),
      sendProcessStdin: {
        takes: ['string', 'string'],
        returns: 'boolean',
        help: 'Writes to the stdin of a process',
        run: ([name, chars]) => processes.sendProcessStdin(text(name), text(chars)),
      },
      sendRemoteCommEvent: {
        takes: ['string', 'string'],
        returns: 'boolean',
        help: 'Sends an event to listeners',
        run: ([type, data]) => {
          daemon.publish({ name: 'REMOTE_COMMUNICATION', payload: `type:${text(type)}\n${text(data)}` });
          return true;
        },
      },
    };
  }

  #systemMethods(): Record<string, Method> {
    const find = (name: RpcValue | undefined): Method => {
      const method = this.#methods.get(typeof name === 'string' ? name : '');
      if (!method) throw new RpcFault('SIGNATURE_UNSUPPORTED');
      return method;
    };
    return {
      listMethods: {
        takes: [],
        returns: 'array',
        help: 'Names of all methods',
        run: () => [...this.#methods.keys()].sort(),
      },
      methodHelp: {
        takes: ['string'],
        returns: 'string',
        help: 'What a method does',
        run: ([name]) => find(name).help,
      },
      methodSignature: {
        takes: ['string'],
        returns: 'array',
        help: 'Types of the result and of the parameters of a method',
        run: ([name]) => [find(name).returns, ...find(name).takes, ...(find(name).optional ?? [])],
      },
      multicall: {
        takes: ['array'],
        returns: 'array',
        help: 'Several calls in one',
        run: ([calls]) => this.#multicall(calls as RpcValue[]),
      },
    };
  }

  async #multicall(calls: readonly RpcValue[]): Promise<RpcValue> {
    const results: RpcValue[] = [];
    for (const entry of calls) {
      try {
        const call = typeof entry === 'object' && !Array.isArray(entry) ? entry : {};
        const { methodName, params = [] } = call;
        if (typeof methodName !== 'string' || !Array.isArray(params))
          throw new RpcFault('INCORRECT_PARAMETERS', 'No methodName');
        if (methodName === 'system.multicall')
          throw new RpcFault('INCORRECT_PARAMETERS', 'Recursive system.multicall forbidden');
        results.push(await this.call(methodName, params));
      } catch (error) {
        if (!(error instanceof RpcFault)) throw error;
        results.push({ faultCode: error.faultCode, faultString: error.message });
      }
    }
    return results;
  }
}

function isOf(type: ParameterType | undefined, value: RpcValue): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'int':
      return typeof value === 'number' && Number.isInteger(value);
    case 'boolean':
      return typeof value === 'boolean' || value === 0 || value === 1;
    case 'array':
      return Array.isArray(value);
    default:
      return typeof value === 'string' || typeof value === 'number';
  }
}
