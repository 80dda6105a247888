import { createInterface } from 'node:readline/promises';
import { socketPath } from '../configuration/paths.js';
import { SupervisorError } from '../errors.js';
import { readProcessInfoList } from '../supervisord/process-info.js';
import { SUPERVISORCTL_ACTIONS } from './actions.js';
import { Control } from './control.js';
import { fullName } from './process-names.js';
import { runActionOrExplain } from './run-supervisorctl.js';

const PROMPT = 'supervisor> ';
const LEAVING = new Set(['exit', 'quit']);

export interface SupervisorctlPromptOptions {
  readonly instanceRoot: string;
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/**
 * The prompt of supervisorctl: shows the status, then does what is typed until `exit`, `quit` or the end of the input
 * (spec: supervisor §8). The interrupt key ends what follows a log, and at the prompt itself ends it.
 * @returns the exit status of the last action
 */
export async function runSupervisorctlPrompt(options: SupervisorctlPromptOptions): Promise<number> {
  const { instanceRoot, input, output } = options;
  let following: AbortController | undefined;
  let status = 0;
  let socket = await socketPath(instanceRoot);
  let names: string[] = [];
  const lines = createInterface({ input, output, prompt: PROMPT, completer: (text: string) => complete(text, names) });
  lines.on('SIGINT', () => (following === undefined ? lines.close() : following.abort()));
  const typed = shareLines(lines[Symbol.asyncIterator]());
  const perform = async (words: readonly string[]): Promise<void> => {
    following = new AbortController();
    const control = new Control({
      socket,
      print: (text) => output.write(text),
      signal: following.signal,
      typed: { [Symbol.asyncIterator]: () => typed },
      confirm: async (question) => {
        output.write(question);
        const answer = await typed.next();
        return answer.done !== true && /^y/i.test(answer.value.trim());
      },
    });
    await runActionOrExplain(control, words);
    following = undefined;
    ({ status, socket } = control);
    names = await processNames(control);
  };
  await perform(['status']);
  lines.prompt();
  for (let line = await typed.next(); line.done !== true; line = await typed.next()) {
    const words = line.value.split(/\s+/).filter((word) => word !== '');
    if (words[0] !== undefined && LEAVING.has(words[0])) break;
    if (words.length > 0) await perform(words[0] === '?' ? ['help', ...words.slice(1)] : words);
    lines.prompt();
  }
  lines.close();
  return status;
}

/** Lines for several readers: one that `fg` still waited for when it was ended goes to the prompt. */
function shareLines(lines: AsyncIterator<string>): AsyncIterator<string> {
  let awaited: Promise<IteratorResult<string>> | undefined;
  return {
    async next() {
      const mine = (awaited ??= lines.next());
      const line = await mine;
      if (awaited === mine) awaited = undefined;
      return line;
    },
  };
}

/** For the completion of names; that there is no supervisor has been said already. */
async function processNames(control: Control): Promise<string[]> {
  try {
    const all = readProcessInfoList(await control.call('getAllProcessInfo'));
    return ['all', ...new Set(all.flatMap((info) => [`${info.group}:*`, fullName(info)]))];
  } catch (error) {
    if (error instanceof SupervisorError) return [];
    throw error;
  }
}

/** The first word is an action, the others are names of processes. */
function complete(text: string, names: readonly string[]): [string[], string] {
  const words = text.trimStart().split(/\s+/);
  const last = words.at(-1) ?? '';
  const candidates = words.length <= 1 ? [...SUPERVISORCTL_ACTIONS, ...LEAVING] : names;
  return [candidates.filter((candidate) => candidate.startsWith(last)), last];
}
