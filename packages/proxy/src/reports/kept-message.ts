import { NOT_IN_XML } from '../http/form.js';

/** Logs of failed builds are long; their end says what went wrong. */
const MAX_KEPT_CHARACTERS = 10_000;
const EACH_NOT_IN_XML = new RegExp(NOT_IN_XML, 'gu');

/** A message as it is kept: its end when it is very long, and without what no document can carry (terminal colours, binary output). */
export function keptMessage(message: string | undefined): string {
  return (message ?? '').slice(-MAX_KEPT_CHARACTERS).replace(EACH_NOT_IN_XML, '\ufffd');
}

const MAX_EVENT_CHARACTERS = 500;

/** The beginning of a message, for a line of the log of what changed. */
export function shortMessage(message: string | undefined): string {
  return (message ?? '').slice(0, MAX_EVENT_CHARACTERS).replace(EACH_NOT_IN_XML, '\ufffd');
}
