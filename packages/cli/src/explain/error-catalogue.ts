import { cliErrors } from './cli-errors.js';
import { collectErrors } from './collect-errors.js';
import type { ErrorExplanation } from './explanation.js';
import { formatErrors } from './format-errors.js';
import { gridErrors } from './grid-errors.js';
import { hostErrors } from './host-errors.js';
import { managerErrors } from './manager-errors.js';
import { promiseErrors } from './promise-errors.js';
import { proxyErrors } from './proxy-errors.js';
import { slapErrors } from './slap-errors.js';
import { standaloneErrors } from './standalone-errors.js';
import { supervisorErrors } from './supervisor-errors.js';

/** All codes, by the package whose errors have them. */
export const ERROR_CATALOGUE: Readonly<Record<string, Readonly<Record<string, ErrorExplanation>>>> = {
  cli: cliErrors,
  collect: collectErrors,
  format: formatErrors,
  grid: gridErrors,
  host: hostErrors,
  manager: managerErrors,
  promise: promiseErrors,
  proxy: proxyErrors,
  slap: slapErrors,
  standalone: standaloneErrors,
  supervisor: supervisorErrors,
};

/** What a code means; in any spelling of its letters. */
export function explanationOf(code: string): ErrorExplanation | undefined {
  const wanted = code.toUpperCase();
  return Object.values(ERROR_CATALOGUE)
    .flatMap((codes) => Object.entries(codes))
    .find(([name]) => name === wanted)?.[1];
}

/** All codes there are, sorted. */
export function errorCodes(): string[] {
  return Object.values(ERROR_CATALOGUE)
    .flatMap((codes) => Object.keys(codes))
    .sort();
}

/** The page of all errors, in Markdown. */
export function errorPage(): string {
  const sections = Object.entries(ERROR_CATALOGUE).map(([name, codes]) =>
    [`## @slapos/${name}`, ...Object.entries(codes).map(([code, explanation]) => entryOf(code, explanation))].join(
      '\n\n',
    ),
  );
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

const INTRODUCTION = `# Errors

Every error of these packages has a stable \`code\`, a message that says what was attempted on what, and often a \`hint\`. Programs look
at the code (\`isSlapOSError(error) && error.code === 'SLAP_NOT_READY'\`); with \`--output json\` a command that fails prints
\`{"kind":"Error","code":…,"exitCode":…,"message":…,"hint":…}\`. This page is printed by \`slapos explain CODE\`, code by code.`;

function entryOf(code: string, { meaning, remedy, run = [] }: ErrorExplanation): string {
  const commands = run.length === 0 ? '' : ` ${run.map((command) => `\`${command}\``).join(', ')}`;
  return `### ${code}\n\n${meaning}\n\n**What to do:** ${remedy}${commands}`;
}
