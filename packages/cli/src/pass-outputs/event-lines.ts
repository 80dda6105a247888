import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { CliError } from '../errors.js';

const STANDARD_OUTPUT = 1;
const DESCRIPTOR = /^fd:(\d{1,4})$/u;

/** Where events go, a line of JSON each. */
export interface EventLines extends Disposable {
  write(event: object): void;
}

/**
 * Opens what `--events` names: a file, which is added to, `-`, or a descriptor that whoever started us has opened.
 * A reader that goes away ends nothing: the pass goes on without it.
 * @throws CliError `CLI_USAGE`
 */
export function openEventLines(place: string): EventLines {
  const given = place === '-' ? STANDARD_OUTPUT : DESCRIPTOR.exec(place)?.[1];
  let descriptor: number | undefined = given === undefined ? openFile(place) : openDescriptor(Number(given), place);
  return {
    write(event) {
      if (descriptor === undefined) return;
      try {
        writeSync(descriptor, `${JSON.stringify(event)}\n`);
      } catch {
        descriptor = undefined;
      }
    },
    [Symbol.dispose]() {
      if (given === undefined && descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

function openFile(file: string): number {
  try {
    return openSync(file, 'a');
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

function openDescriptor(descriptor: number, place: string): number {
  try {
    fstatSync(descriptor);
    return descriptor;
  } catch (error) {
    throw cannotWrite(place, error);
  }
}

function cannotWrite(place: string, error: unknown): CliError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CliError('CLI_USAGE', `argument --events: ${place} cannot be written to: ${reason}`, { cause: error });
}
