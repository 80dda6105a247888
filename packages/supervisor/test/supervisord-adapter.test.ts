import { lstat, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import path from 'node:path';
import { HostError, silentLogger } from '@slapos/host';
import { describe, expect, it } from 'vitest';
import {
  createSupervisordAdapter,
  PROCESS_STATES,
  removePartitionGroup,
  supervisorPaths,
  writePartitionGroups,
  writeSupervisorEnvironment,
} from '../src/index.js';
import { eventually, Scratch } from './scratch.js';

const SLEEP = 'exec sleep 600';
/** One contract for both. */
const KINDS = ['supervisord', 'embedded'] as const;

async function deploy(scratch: Scratch, partitionId: string, scripts: Record<string, string>): Promise<boolean> {
  const programs = await Promise.all(
    Object.entries(scripts).map(([id, script]) => scratch.program(partitionId, id, script)),
  );
  const { changed } = await writePartitionGroups(scratch.instanceRoot, partitionId, [{ name: partitionId, programs }]);
  return changed;
}

describe('the environment', () => {
  it('has the folders and modes of a node, and is not written again', async () => {
    await using scratch = await Scratch.create();
    const mode = async (name: string): Promise<string> =>
      ((await stat(path.join(scratch.instanceRoot, name))).mode & 0o7777).toString(8);
    expect(
      await Promise.all(
        ['var', 'etc', 'var/log', 'var/run', 'etc/supervisord.conf.d', 'etc/supervisord.conf'].map(mode),
      ),
    ).toEqual(['755', '700', '700', '700', '700', '600']);
    expect(await writeSupervisorEnvironment({ instanceRoot: scratch.instanceRoot })).toBe(false);
  });

  it('starts the watchdog with its options, quoted and without expansions', async () => {
    await using scratch = await Scratch.create();
    await writeSupervisorEnvironment({
      instanceRoot: scratch.instanceRoot,
      watchdog: {
        program: '/opt/slapos/bin/slapos-watchdog',
        masterUrl: 'http://master/?a=%20',
        computerId: "it's",
        certificateRepositoryPath: '/pki',
      },
    });
    expect(await readFile(supervisorPaths(scratch.instanceRoot).configuration, 'utf8')).toContain(
      `command=/opt/slapos/bin/slapos-watchdog --master-url 'http://master/?a=%%20'  --certificate-repository-path '/pki' --computer-id 'it'"'"'s' --instance-root '${scratch.instanceRoot}'\n`,
    );
  });

  it('refuses a root whose socket would be too long', async () => {
    const instanceRoot = `/srv/${'x'.repeat(100)}`;
    await expect(writeSupervisorEnvironment({ instanceRoot })).rejects.toMatchObject({
      code: 'SUPERVISOR_SOCKET_PATH_TOO_LONG',
    });
  });
});

describe.each(KINDS)('the supervisor (%s)', (kind) => {
  it('is launched once, and is gone after shutdown', async () => {
    await using scratch = await Scratch.create(kind);
    const { supervisor } = scratch;
    expect(await supervisor.isRunning()).toBe(false);
    await supervisor.ensureRunning();
    expect(await supervisor.isRunning()).toBe(true);
    const pid = await readFile(supervisorPaths(scratch.instanceRoot).pid, 'utf8');
    await supervisor.ensureRunning();
    expect(await readFile(supervisorPaths(scratch.instanceRoot).pid, 'utf8')).toBe(pid);
    await supervisor.shutdown();
    expect(await supervisor.isRunning()).toBe(false);
    await supervisor.shutdown();
  });

  it('is started over a stale socket', async () => {
    await using scratch = await Scratch.create(kind);
    const { socket } = supervisorPaths(scratch.instanceRoot);
    const server = createServer().listen(socket);
    await new Promise((resolve) => server.once('listening', resolve));
    // Closing removes the name, so that a dead one is left by linking it away and back.
    await rename(socket, `${socket}.kept`);
    await new Promise((resolve) => server.close(resolve));
    await rename(`${socket}.kept`, socket);
    await scratch.supervisor.ensureRunning();
    expect(await scratch.supervisor.isRunning()).toBe(true);
  });

  it('gets nothing of our environment', async () => {
    await using scratch = await Scratch.create(kind);
    await scratch.supervisor.ensureRunning();
    const pid = (await readFile(supervisorPaths(scratch.instanceRoot).pid, 'utf8')).trim();
    expect(await readFile(`/proc/${pid}/environ`, 'utf8')).toBe('');
  });

  it('says what it misses when it is not installed', async () => {
    await using scratch = await Scratch.create(kind);
    const missing = createSupervisordAdapter({
      instanceRoot: scratch.instanceRoot,
      logger: silentLogger,
      commands: { run: () => Promise.reject(new HostError('HOST_COMMAND_NOT_FOUND', 'supervisord is not there')) },
    });
    await expect(missing.ensureRunning()).rejects.toMatchObject({
      code: 'SUPERVISOR_NOT_INSTALLED',
      hint: 'Install it: apt-get install supervisor; or set supervisor = embedded',
    });
  });

  it('shows why it cannot start', async () => {
    await using scratch = await Scratch.create(kind);
    await writeFile(supervisorPaths(scratch.instanceRoot).configuration, '[supervisord]\nloglevel = nonsense\n');
    await expect(scratch.supervisor.ensureRunning()).rejects.toMatchObject({
      code: 'SUPERVISOR_LAUNCH_FAILED',
      message: expect.stringMatching(/Failed to launch supervisord:\n.*nonsense/s) as string,
    });
  });

  it('says that nobody answers, and how to change that', async () => {
    await using scratch = await Scratch.create(kind);
    await expect(scratch.supervisor.allProcessInfo()).rejects.toMatchObject({
      code: 'SUPERVISOR_NOT_RUNNING',
      retryable: true,
      hint: expect.stringContaining('slapos node supervisord') as string,
    });
  });

  it('is told from a program that speaks something else', async () => {
    await using scratch = await Scratch.create(kind);
    const server = createHttpServer((_, response) => response.end('<html>hello</html>')).listen(
      supervisorPaths(scratch.instanceRoot).socket,
    );
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      await expect(scratch.supervisor.allProcessInfo()).rejects.toMatchObject({ code: 'SUPERVISOR_INVALID_ANSWER' });
      await expect(scratch.supervisor.ensureRunning()).rejects.toMatchObject({ code: 'SUPERVISOR_INVALID_ANSWER' });
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe.each(KINDS)('groups (%s)', (kind) => {
  it('are added by an update, started, and stopped when their file goes', async () => {
    await using scratch = await Scratch.create(kind);
    const { supervisor, instanceRoot } = scratch;
    await supervisor.ensureRunning();
    expect(await deploy(scratch, 'slappart0', { web: SLEEP })).toBe(true);
    expect(await supervisor.update()).toEqual({ added: ['slappart0'], changed: [], removed: [] });
    expect(await supervisor.processInfo('slappart0:web-on-watch')).toMatchObject({ state: PROCESS_STATES.STOPPED });
    expect(await supervisor.startGroup('slappart0')).toBe('started');
    await eventually(
      'the service to run',
      async () => (await supervisor.processInfo('slappart0:web-on-watch'))?.stateName === 'RUNNING',
    );

    expect(await deploy(scratch, 'slappart0', { web: SLEEP })).toBe(false);
    expect(await supervisor.update()).toEqual({ added: [], changed: [], removed: [] });

    expect(await removePartitionGroup(instanceRoot, 'slappart0')).toBe(true);
    expect(await supervisor.update()).toEqual({ added: [], changed: [], removed: ['slappart0'] });
    expect(await supervisor.processInfo('slappart0:web-on-watch')).toBeUndefined();
    expect(await supervisor.startGroup('slappart0')).toBe('nothing-to-start');
    expect(await removePartitionGroup(instanceRoot, 'slappart0')).toBe(false);
  });

  it('that changed are stopped, and only they', async () => {
    await using scratch = await Scratch.create(kind);
    const { supervisor } = scratch;
    await supervisor.ensureRunning();
    await deploy(scratch, 'slappart0', { web: SLEEP });
    await deploy(scratch, 'slappart1', { web: SLEEP });
    await supervisor.update();
    await supervisor.startAll();
    const pidOf = async (name: string): Promise<number> => (await supervisor.processInfo(name))?.pid ?? 0;
    await eventually(
      'both to run',
      async () => (await pidOf('slappart0:web-on-watch')) > 0 && (await pidOf('slappart1:web-on-watch')) > 0,
    );
    const untouched = await pidOf('slappart0:web-on-watch');

    await deploy(scratch, 'slappart1', { web: SLEEP, other: SLEEP });
    expect(await supervisor.update()).toMatchObject({ changed: ['slappart1'] });
    expect(await pidOf('slappart0:web-on-watch')).toBe(untouched);
    expect(await pidOf('slappart1:web-on-watch')).toBe(0);
  });

  it('of a partition are removed with it, and no others', async () => {
    await using scratch = await Scratch.create(kind);
    const { instanceRoot } = scratch;
    await deploy(scratch, 'part1', { a: SLEEP });
    await deploy(scratch, 'part1a', { a: SLEEP });
    const program = await scratch.program('part1', 'socat', SLEEP);
    await writePartitionGroups(instanceRoot, 'part1', [{ name: 'part1-socat', programs: [program] }]);
    expect(await readdir(supervisorPaths(instanceRoot).includeDirectory)).toEqual(['part1-socat.conf', 'part1a.conf']);
    await writePartitionGroups(instanceRoot, 'part1', []);
    expect(await readdir(supervisorPaths(instanceRoot).includeDirectory)).toEqual(['part1a.conf']);
  });

  it('run as the user of the partition, with its environment', async () => {
    await using scratch = await Scratch.create(kind);
    const { supervisor } = scratch;
    await supervisor.ensureRunning();
    await deploy(scratch, 'slappart0', { who: 'id -un; echo "home $HOME"; exec sleep 600' });
    await supervisor.update();
    await supervisor.startGroup('slappart0');
    await eventually('its output', async () =>
      (await supervisor.tail('slappart0:who-on-watch', 'stdout', 1000)).text.includes('home '),
    );
    const { text } = await supervisor.tail('slappart0:who-on-watch', 'stdout', 1000);
    const expected = process.geteuid?.() === 0 ? 'nobody' : process.env['USER'];
    expect(text).toBe(`${expected ?? ''}\nhome ${path.join(scratch.instanceRoot, 'slappart0')}\n`);
  });

  it('show how a service ended', async () => {
    await using scratch = await Scratch.create(kind);
    const { supervisor } = scratch;
    await supervisor.ensureRunning();
    await deploy(scratch, 'slappart0', { crash: 'exit 3' });
    await supervisor.update();
    await supervisor.startGroup('slappart0');
    await eventually(
      'the end',
      async () => (await supervisor.processInfo('slappart0:crash-on-watch'))?.stateName === 'EXITED',
    );
    expect(await supervisor.processInfo('slappart0:crash-on-watch')).toMatchObject({ exitStatus: 3, pid: 0 });
    expect((await supervisor.allProcessInfo()).map(({ group, name }) => `${group}:${name}`)).toContain(
      'slappart0:crash-on-watch',
    );
  });

  it('can be read in the partition, and their logs cannot be turned against root', async () => {
    await using scratch = await Scratch.create(kind);
    const { supervisor, instanceRoot } = scratch;
    const victim = path.join(instanceRoot, 'victim');
    await writeFile(victim, 'untouched');
    const folder = await scratch.partition('slappart0');
    const log = path.join(folder, '.slappart0_talk.log');
    await symlink(victim, log);
    await supervisor.ensureRunning();
    await deploy(scratch, 'slappart0', { talk: 'echo spoken; exec sleep 600' });
    await supervisor.update();
    await supervisor.startGroup('slappart0');
    await eventually(
      'its output',
      async () => (await supervisor.tail('slappart0:talk-on-watch', 'stdout', 100)).text !== '',
    );
    if (process.geteuid?.() === 0) {
      expect(await readFile(victim, 'utf8')).toBe('untouched');
      expect((await lstat(log)).isSymbolicLink()).toBe(true);
      expect(await readFile(log, 'utf8')).toBe('spoken\n');
    } else {
      // Without root there is nobody to protect: the log is where the reference has it.
      expect(await readFile(log, 'utf8')).toContain('spoken\n');
    }
  });
});
