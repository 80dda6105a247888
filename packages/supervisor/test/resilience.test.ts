import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { HostError, isProcessAlive, type Command } from '@slapos/host';
import { RecordingLogger } from '@slapos/host/testing';
import { createLinuxHost } from '@slapos/host';
import { describe, expect, it } from 'vitest';
import { SupervisorError, supervisorPaths, writeSupervisorEnvironment } from '../src/index.js';
import { eventually, Scratch } from './scratch.js';

// Supervisors are started and ended several times in each.
const GROUPS = 1000;
const KINDS = ['supervisord', 'embedded'] as const;

/** A node with these sections in its configuration. */
async function withSections(kind: (typeof KINDS)[number], sections: string): Promise<Scratch> {
  const scratch = await Scratch.create(kind);
  await writeSections(scratch, sections);
  return scratch;
}

function writeSections({ instanceRoot }: Scratch, sections: string): Promise<void> {
  return writeFile(path.join(supervisorPaths(instanceRoot).includeDirectory, 'test.conf'), sections);
}

function program(name: string, command = 'exec sleep 600', more = ''): string {
  return `[program:${name}]\ncommand=/bin/sh -c '${command}'\nautostart=false\nstartsecs=0\nstopwaitsecs=1\nstdout_logfile=NONE\nstderr_logfile=NONE\n${more}\n`;
}

async function daemonPid({ instanceRoot }: Scratch): Promise<number> {
  return Number(await readFile(supervisorPaths(instanceRoot).pid, 'utf8'));
}

async function stateOf({ supervisor }: Scratch, name: string): Promise<string | undefined> {
  return (await supervisor.processInfo(name))?.stateName;
}

describe.each(KINDS)('%s', (kind) => {
  it('that was killed is started again over its socket and its pid file', async () => {
    await using scratch = await withSections(kind, program('web'));
    await scratch.supervisor.ensureRunning();
    const first = await daemonPid(scratch);
    process.kill(first, 'SIGKILL');
    await eventually('its end', async () => !isProcessAlive(first));
    await expect(scratch.supervisor.allProcessInfo()).rejects.toMatchObject({ code: 'SUPERVISOR_NOT_RUNNING' });
    expect(await scratch.supervisor.isRunning()).toBe(false);
    expect((await stat(supervisorPaths(scratch.instanceRoot).socket)).isSocket()).toBe(true);

    await scratch.supervisor.ensureRunning();
    expect(await daemonPid(scratch)).not.toBe(first);
    await scratch.supervisor.startGroup('web');
    await eventually('the service', async () => (await stateOf(scratch, 'web:web')) === 'RUNNING');
  });

  it('is one, however many make sure of it at once', async () => {
    await using scratch = await withSections(kind, program('web'));
    const others = Array.from({ length: 3 }, () => scratch.otherSupervisor({ kind }));
    await Promise.all([scratch.supervisor, ...others].map((supervisor) => supervisor.ensureRunning()));
    const pid = await daemonPid(scratch);
    await Promise.all(others.map((supervisor) => supervisor.startGroup('web')));
    const { pid: service } = (await scratch.supervisor.processInfo('web:web')) ?? {};
    const status = await readFile(`/proc/${String(service)}/status`, 'utf8');
    expect(/^PPid:\t(\d+)$/m.exec(status)?.[1]).toBe(String(pid));
  });

  it('that hangs is told from one that is not there, and no second one is started beside it', async () => {
    await using scratch = await withSections(kind, '');
    await scratch.supervisor.ensureRunning();
    const pid = await daemonPid(scratch);
    process.kill(pid, 'SIGSTOP');
    try {
      const impatient = scratch.otherSupervisor({ kind, answerTimeoutMs: 200 });
      await expect(impatient.ensureRunning()).rejects.toMatchObject({
        code: 'SUPERVISOR_NOT_ANSWERING',
        retryable: true,
        hint: expect.stringContaining('kill -CONT') as string,
      });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await scratch.supervisor.ensureRunning();
    expect(await daemonPid(scratch)).toBe(pid);
  });

  it('that is shutting down is waited for, and then another one is started', async () => {
    await using scratch = await withSections(
      kind,
      program('slow', 'trap "" TERM; echo $$ > @FILE@; while :; do sleep 0.1; done', 'stopwaitsecs=2'),
    );
    const file = path.join(scratch.instanceRoot, 'trapped');
    await writeSections(
      scratch,
      program('slow', `trap "" TERM; echo $$ > ${file}; while :; do sleep 0.1; done`, 'stopwaitsecs=2'),
    );
    await scratch.supervisor.ensureRunning();
    const first = await daemonPid(scratch);
    await scratch.supervisor.startGroup('slow');
    await eventually('the trap to be set', () =>
      stat(file).then(
        () => true,
        () => false,
      ),
    );
    process.kill(first, 'SIGTERM');
    await eventually('the shutdown to begin', async () => !(await scratch.supervisor.isRunning()));
    // It still answers, so nobody must take its place yet.
    expect(isProcessAlive(first)).toBe(true);
    await scratch.supervisor.ensureRunning();
    expect(await daemonPid(scratch)).not.toBe(first);
    // It has given up its socket, and on a busy machine may need a moment to end.
    await eventually('its end', () => Promise.resolve(!isProcessAlive(first)));
  });

  it('that is restarted keeps its configuration and takes calls again', async () => {
    await using scratch = await withSections(
      kind,
      program('web') + program('auto').replace('autostart=false', 'autostart=true'),
    );
    await scratch.supervisor.ensureRunning();
    const pid = await daemonPid(scratch);
    await scratch.supervisor.startGroup('web');
    process.kill(pid, 'SIGHUP');
    // What was started by hand is not started again, which shows that it came back.
    // It answers until it goes, and then not; what was started by hand is not started again, which shows that it came back.
    await eventually('its return', async () => {
      const state = await stateOf(scratch, 'web:web').catch((error: unknown) => {
        if (!(error instanceof SupervisorError)) throw error;
        return 'unknown';
      });
      return state === 'STOPPED' && (await scratch.supervisor.isRunning());
    });
    expect(await daemonPid(scratch)).toBe(pid);
    await eventually('what starts by itself', async () => (await stateOf(scratch, 'auto:auto')) === 'RUNNING');
  });

  it('beside one on the socket of old nodes is ended with its services', async () => {
    await using scratch = await withSections(kind, program('web'));
    const { socket, legacySocket } = supervisorPaths(scratch.instanceRoot);
    await scratch.supervisor.ensureRunning();
    const young = await daemonPid(scratch);
    await scratch.supervisor.startGroup('web');
    const service = (await scratch.supervisor.processInfo('web:web'))?.pid ?? 0;
    expect(isProcessAlive(service)).toBe(true);
    // An old node: its supervisor listens on the old name, of which ours knows nothing.
    await using old = await Scratch.create(kind);
    await old.supervisor.ensureRunning();
    await rename(supervisorPaths(old.instanceRoot).socket, legacySocket);
    const logger = new RecordingLogger();
    try {
      await scratch.otherSupervisor({ kind, logger }).ensureRunning();
      await eventually('the end of the younger', async () => !isProcessAlive(young));
      expect(isProcessAlive(service)).toBe(false);
      expect(logger.records.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { socket } }]);
      // Calls go to the one that stays.
      expect(await scratch.supervisor.isRunning()).toBe(true);
    } finally {
      await rename(legacySocket, supervisorPaths(old.instanceRoot).socket);
    }
  });

  it('refuses a configuration that it cannot read, and what runs goes on', async () => {
    await using scratch = await withSections(kind, program('web'));
    await scratch.supervisor.ensureRunning();
    await scratch.supervisor.startGroup('web');
    await eventually('the service', async () => (await stateOf(scratch, 'web:web')) === 'RUNNING');
    await writeSections(scratch, '[program:web]\nstartsecs=soon\n');
    await expect(scratch.supervisor.update()).rejects.toMatchObject({ code: 'SUPERVISOR_FAULT', faultCode: 92 });
    expect(await stateOf(scratch, 'web:web')).toBe('RUNNING');
    await writeSections(scratch, program('web') + program('more'));
    expect(await scratch.supervisor.update()).toEqual({ added: ['more'], changed: [], removed: [] });
  });

  it('refuses what it cannot start, by a fault of its own', async () => {
    await using scratch = await withSections(kind, '[program:none]\ncommand=/nowhere/x\nautostart=false\n');
    await scratch.supervisor.ensureRunning();
    await expect(scratch.supervisor.startProcess('none:none')).rejects.toMatchObject({ faultCode: 20 });
    await expect(scratch.supervisor.startProcess('nope:nope')).rejects.toMatchObject({ faultCode: 10 });
    expect(await scratch.supervisor.processInfo('nope:nope')).toBeUndefined();
    await scratch.supervisor.stopGroup('nope');
  });

  it(`has ${String(GROUPS)} groups`, async () => {
    await using scratch = await withSections(kind, '');
    await scratch.supervisor.ensureRunning();
    const names = Array.from({ length: GROUPS }, (_, index) => `slappart${String(index)}`);
    await writeSections(scratch, names.map((name) => program(name)).join(''));
    expect((await scratch.supervisor.update()).added.toSorted()).toEqual(names.toSorted());
    expect(await scratch.supervisor.update()).toEqual({ added: [], changed: [], removed: [] });
    expect(await scratch.supervisor.allProcessInfo()).toHaveLength(GROUPS + 1);
    await writeSections(
      scratch,
      names
        .slice(1)
        .map((name) => program(name))
        .join(''),
    );
    expect(await scratch.supervisor.update()).toEqual({ added: [], changed: [], removed: ['slappart0'] });
  });
});

describe('auto', () => {
  const { commands } = createLinuxHost();

  it('takes the embedded one where supervisord is not installed, and says so', async () => {
    await using scratch = await Scratch.create();
    const logger = new RecordingLogger();
    const withoutSupervisord = {
      run: (command: Command, options = {}) =>
        command.file === 'supervisord'
          ? Promise.reject(new HostError('HOST_COMMAND_NOT_FOUND', 'supervisord is not there'))
          : commands.run(command, options),
    };
    await scratch.otherSupervisor({ kind: 'auto', commands: withoutSupervisord, logger }).ensureRunning();
    expect(await scratch.supervisor.isRunning()).toBe(true);
    expect(logger.messages('info')).toContain('supervisord is not installed: the embedded supervisor is started');
  });

  it('uses whichever runs already', async () => {
    await using scratch = await Scratch.create('embedded');
    await scratch.supervisor.ensureRunning();
    const pid = await daemonPid(scratch);
    await writeSupervisorEnvironment({ instanceRoot: scratch.instanceRoot });
    await scratch.otherSupervisor({ kind: 'auto' }).ensureRunning();
    expect(await daemonPid(scratch)).toBe(pid);
  });
});
