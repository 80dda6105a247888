import { describe, expect, it } from 'vitest';
import { CliError } from '../errors.js';
import { findCommand } from './find-command.js';

const NAMES = ['node status', 'node software', 'node instance', 'request', 'service list', 'service info', 'supply'];

function errorOf(line: string): CliError {
  try {
    findCommand(line.split(' '), NAMES);
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error(`${line} names a command`);
}

describe('findCommand', () => {
  it.each([
    ['node', 'node status', []],
    ['node software --now', 'node software', ['--now']],
    ['request a b', 'request', ['a', 'b']],
    ['service info x', 'service info', ['x']],
  ])('%j is %j', (line, name, rest) => {
    expect(findCommand(line.split(' '), NAMES)).toEqual({ name, rest });
  });

  it('says that an option stands before the command', () => {
    expect(errorOf('node -x')).toMatchObject({ code: 'CLI_UNKNOWN_COMMAND', message: "slapos: invalid option '-x'" });
  });

  it('lists all commands when there is none of that name', () => {
    const lines = errorOf('foo bar').message.split('\n');
    expect(lines[0]).toBe("slapos: the command 'foo bar' does not exist or is not yet implemented.");
    expect(lines).toContain('Available commands: ');
    expect(lines).toContain(
      [...NAMES]
        .sort()
        .map((name) => `'${name}'`)
        .join(', '),
    );
  });

  it.each([
    ['node instnace', 'node instance'],
    ['sevice list', 'service list'],
    ['suply', 'supply'],
  ])('%j is a slip for %j', (line, meant) => {
    expect(errorOf(line).message).toContain(`Did you mean: slapos ${meant} ?`);
  });

  it('makes no suggestion for what is far from everything', () => {
    expect(errorOf('frobnicate').message).not.toContain('Did you mean');
  });
});
