import { findProblems } from '../config/find-problems.js';
import type { DoctorContext, Finding } from './finding.js';

/** The configuration: which file, and what is wrong in it. */
export async function checkConfiguration({ config, origin }: DoctorContext): Promise<Finding[]> {
  const problems = findProblems(config).map(({ severity, message, suggestion }) => ({
    id: 'config.content',
    severity,
    message,
    remedy: suggestion === undefined ? undefined : `did you mean ${suggestion}?`,
  }));
  return Promise.resolve([{ id: 'config.file', severity: 'ok', message: `${config.file} (${origin})` }, ...problems]);
}
