import { FormatMachine } from '../format-machine.mjs';

const NEW_PARTITIONS = 100;
const FORMATTED_PARTITIONS = 1000;
/** The reference sleeps 2 s for each address: 600 s for an IPv4, an IPv6 and a tap of each of them. The goal is a thirtieth. */
const NEW_GOAL_MS = 20_000;
const NO_OP_GOAL_MS = 1000;

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'format',
  row: 'P16',
  description:
    'node format in a process of its own: new partitions with IPv4, IPv6, range and tap; a machine that is formatted',
  packages: ['@slapos/format'],
  async prepare() {
    const formatted = new FormatMachine(FORMATTED_PARTITIONS);
    formatted.addUsers();
    formatted.format();
    formatted.format(); // The first repeat archives the document.
    /** @type {FormatMachine | undefined} */
    let fresh;
    return {
      cases: [
        {
          label: 'a machine that is formatted',
          sizes: { partitions: FORMATTED_PARTITIONS },
          goalMs: NO_OP_GOAL_MS,
          run() {
            const kinds = formatted.format();
            if (kinds.join() !== 'send') throw new Error(`something was done: ${kinds.join()}`);
          },
        },
        {
          label: 'new partitions',
          sizes: { partitions: NEW_PARTITIONS },
          goalMs: NEW_GOAL_MS,
          beforeEach() {
            fresh?.[Symbol.dispose]();
            fresh = new FormatMachine(NEW_PARTITIONS);
          },
          run: () => fresh?.format(),
        },
      ],
      async dispose() {
        fresh?.[Symbol.dispose]();
        formatted[Symbol.dispose]();
      },
    };
  },
};
