import { createLinuxHost, DirectSpawner, HelperSpawner, LinuxCommandRunner, LinuxUserDatabase } from '@slapos/host';

const COMMANDS = 50;
const LARGE_BYTES = 1024 ** 3;
const CHUNK_BYTES = 1024 ** 2;

/** What makes this process large; pages that were written, or the kernel would not have to copy their tables. @type {Buffer[]} */
const ballast = [];

function grow() {
  while (ballast.length * CHUNK_BYTES < LARGE_BYTES) ballast.push(Buffer.alloc(CHUNK_BYTES, 1));
}

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'spawn',
  row: 'P10',
  description: 'starting commands from a small and from a large process, directly and through the helper',
  packages: ['@slapos/host'],
  async prepare() {
    const users = new LinuxUserDatabase();
    const nobody = process.getuid?.() === 0 ? await users.byName('nobody') : undefined;
    const helperSpawner = new HelperSpawner();
    const direct = new LinuxCommandRunner({ users, spawner: new DirectSpawner() });
    const helper = new LinuxCommandRunner({ users, spawner: helperSpawner });
    const host = createLinuxHost();
    const command = { file: 'true', args: [] };
    const commands = [
      { what: 'as we are', command },
      // Changing the user needs root.
      ...(nobody === undefined ? [] : [{ what: 'as another user', command: { ...command, user: nobody } }]),
    ];
    /** @param {number} medianMs */
    const figures = (medianMs) => ({ msPerCommand: Math.round((medianMs / COMMANDS) * 1e3) / 1e3 });
    const cases = [
      { how: 'small, directly', runner: direct, large: false },
      { how: 'small, through the helper', runner: helper, large: false },
      { how: 'large, directly', runner: direct, large: true },
      { how: 'large, through the helper', runner: helper, large: true },
      { how: 'large, as the host chooses', runner: host.commands, large: true },
    ].flatMap(({ how, runner, large }) =>
      commands.map(({ what, command: each }) => ({
        label: `${how}, ${what}`,
        sizes: { commands: COMMANDS, callerBytes: large ? LARGE_BYTES : 0 },
        figures,
        beforeEach: large ? grow : () => {},
        async run() {
          for (let count = 0; count < COMMANDS; count += 1) await runner.run(each);
        },
      })),
    );
    return {
      cases,
      async dispose() {
        ballast.length = 0;
        await helperSpawner[Symbol.asyncDispose]();
        await host[Symbol.asyncDispose]();
      },
    };
  },
};
