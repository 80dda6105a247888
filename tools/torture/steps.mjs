import fc from 'fast-check';

/**
 * What happens to a node in a round, in order. `fault` of a pass: at the how-maniest change of the disk (or start of a process) the agent
 * is killed in the middle of it, or gets an error from the system. `beside` happens while the pass runs.
 *
 * @typedef {'software' | 'instance' | 'report'} PassName
 * @typedef {{ at: number, kill: true } | { at: number, error: string }} AgentFault
 * @typedef {(
 *   | { do: 'request', name: string, release: string, state: string, shared: boolean, n: number }
 *   | { do: 'supply', state: 'available' | 'destroyed' }
 *   | { do: 'bang', partition: number }
 *   | { do: 'wait', ms: number }
 *   | { do: 'kill proxy' }
 *   | { do: 'kill supervisor' }
 *   | { do: 'kill service', partition: number }
 *   | { do: 'lie', how: string, answers: number }
 *   | { do: 'plant', partition: number, what: string, where: string }
 *   | { do: 'swap', partition: number, where: string }
 *   | { do: 'fill disk', bytesLeft: number }
 *   | { do: 'empty disk' }
 * )} Deed
 * @typedef {{ do: 'kill agent', afterMs: number }} KillAgent
 * @typedef {{ do: 'other pass', pass: PassName, fault: AgentFault | null }} OtherPass
 * @typedef {{ do: 'pass', pass: PassName, fault: AgentFault | null, clockSeconds: number, beside: (Deed | KillAgent | OtherPass)[] }} Pass
 * @typedef {Deed | Pass} Step
 */

/** Partitions of the node; one less than there are names, so that some requests find no place. */
export const PARTITIONS = 4;
const NAMES = ['web', 'database', 'été', 'a_b', 'last'];
const SHARED_NAMES = ['shared one', 'other'];

/** What a master, or what is between it and the node, does to an answer. */
export const LIES = /** @type {const} */ ([
  'refuse',
  'slow',
  'trickle',
  'cut',
  'lose the answer',
  'error 500',
  'error 503',
  'error 404',
  'page with 200',
  'nothing with 200',
  'wrong length',
  'stale',
]);

/** What an owner puts in the place of a file or folder of his. */
export const PLANTS = /** @type {const} */ ([
  'link to a file',
  'link to a folder',
  'hard link',
  'fifo',
  'folder',
  'file',
  'huge file',
  'closed folder',
  'nothing',
]);

const PLACES = [
  '.timestamp',
  '.slapgrid',
  '.slapgrid/promise',
  '.slapgrid/promise/result',
  '.slapgrid/promise/log',
  '.slapgrid/transaction',
  'buildout.cfg',
  '.installed.cfg',
  'software_release',
  'etc',
  'etc/service',
  'etc/promise',
  'etc/promise/is-deployed',
  'etc/report',
  'etc/run',
  'var',
  'sbin',
  'plugin',
];

const DAY = 86_400;
const CLOCKS = [0, 0, 0, DAY, -DAY, 400 * DAY, -3600];
const ERRORS = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE'];
/** A pass with something to do changes the disk some hundred times; one that comes to its end before is not disturbed. */
const LAST_FAULT = 120;
const LONGEST_LIFE_MS = 700;

const partition = fc.nat({ max: PARTITIONS - 1 });
const where = fc.constantFrom(...PLACES);

/** @type {fc.Arbitrary<Deed>} */
const request = fc.record({
  do: /** @type {fc.Arbitrary<'request'>} */ (fc.constant('request')),
  name: fc.constantFrom(...NAMES),
  release: fc.constantFrom('one', 'one', 'two'),
  state: fc.constantFrom('started', 'started', 'started', 'stopped', 'destroyed'),
  shared: fc.constant(false),
  n: fc.nat({ max: 3 }),
});

/** @type {fc.Arbitrary<Deed>} */
const requestShared = fc.record({
  do: /** @type {fc.Arbitrary<'request'>} */ (fc.constant('request')),
  name: fc.constantFrom(...SHARED_NAMES),
  release: fc.constant('one'),
  state: fc.constantFrom('started', 'started', 'destroyed'),
  shared: fc.constant(true),
  n: fc.nat({ max: 3 }),
});

/** @type {fc.Arbitrary<Deed>} */
const supply = fc.record({
  do: /** @type {fc.Arbitrary<'supply'>} */ (fc.constant('supply')),
  state: /** @type {fc.Arbitrary<'available' | 'destroyed'>} */ (fc.constantFrom('available', 'destroyed')),
});

/** @type {fc.Arbitrary<Deed>} */
const violence = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: /** @type {fc.Arbitrary<'lie'>} */ (fc.constant('lie')),
      how: fc.constantFrom(...LIES),
      answers: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: /** @type {fc.Arbitrary<'plant'>} */ (fc.constant('plant')),
      partition,
      what: fc.constantFrom(...PLANTS),
      where,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: /** @type {fc.Arbitrary<'swap'>} */ (fc.constant('swap')), partition, where }),
  },
  { weight: 2, arbitrary: fc.constant(/** @type {Deed} */ ({ do: 'kill proxy' })) },
  { weight: 1, arbitrary: fc.constant(/** @type {Deed} */ ({ do: 'kill supervisor' })) },
  {
    weight: 1,
    arbitrary: fc.record({ do: /** @type {fc.Arbitrary<'kill service'>} */ (fc.constant('kill service')), partition }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: /** @type {fc.Arbitrary<'fill disk'>} */ (fc.constant('fill disk')),
      bytesLeft: fc.constantFrom(0, 4096, 65_536),
    }),
  },
  { weight: 1, arbitrary: fc.constant(/** @type {Deed} */ ({ do: 'empty disk' })) },
);

/** @type {fc.Arbitrary<Deed>} */
const wish = fc.oneof(
  { weight: 6, arbitrary: request },
  { weight: 2, arbitrary: requestShared },
  { weight: 1, arbitrary: supply },
  { weight: 1, arbitrary: fc.record({ do: /** @type {fc.Arbitrary<'bang'>} */ (fc.constant('bang')), partition }) },
);

/** Small and large numbers as often as all others. */
const at = fc.noBias(fc.integer({ min: 1, max: LAST_FAULT }));

/** @type {fc.Arbitrary<AgentFault>} */
const fault = fc.oneof(
  fc.record({
    at,
    kill: /** @type {fc.Arbitrary<true>} */ (fc.constant(true)),
  }),
  fc.record({ at, error: fc.constantFrom(...ERRORS) }),
);

/** @type {fc.Arbitrary<KillAgent>} */
const killAgent = fc.record({
  do: /** @type {fc.Arbitrary<'kill agent'>} */ (fc.constant('kill agent')),
  afterMs: fc.noBias(fc.integer({ min: 0, max: LONGEST_LIFE_MS })),
});

/** So that what happens beside a pass happens at any of its instants. @type {fc.Arbitrary<Deed>} */
const delay = fc.record({
  do: /** @type {fc.Arbitrary<'wait'>} */ (fc.constant('wait')),
  ms: fc.noBias(fc.integer({ min: 0, max: LONGEST_LIFE_MS })),
});

const maybeFault = /** @type {fc.Arbitrary<AgentFault | null>} */ (fc.option(fault, { freq: 2 }));

/** As from a crontab, where each pass has a line of its own. @type {fc.Arbitrary<OtherPass>} */
const otherPass = fc.record({
  do: /** @type {fc.Arbitrary<'other pass'>} */ (fc.constant('other pass')),
  pass: /** @type {fc.Arbitrary<PassName>} */ (fc.constantFrom('software', 'instance', 'report', 'report')),
  fault: maybeFault,
});

/**
 * What is asked for while a report pass empties a partition may come too late for the master to know (spec: proxy §5.6), so wishes
 * change beside the other passes only.
 *
 * @param {PassName} name
 * @returns {fc.Arbitrary<Step>}
 */
function pass(name) {
  /** @type {fc.Arbitrary<Deed | KillAgent | OtherPass>} */
  const company =
    name === 'report'
      ? fc.oneof(violence, killAgent, otherPass, delay)
      : fc.oneof(wish, violence, killAgent, otherPass, delay);
  return fc.record({
    do: /** @type {fc.Arbitrary<'pass'>} */ (fc.constant('pass')),
    pass: fc.constant(name),
    fault: maybeFault,
    clockSeconds: fc.constantFrom(...CLOCKS),
    beside: fc.array(company, { maxLength: 3 }),
  });
}

/** @type {fc.Arbitrary<Step>} */
const step = fc.oneof(
  { weight: 6, arbitrary: wish },
  { weight: 4, arbitrary: violence },
  { weight: 1, arbitrary: pass('software') },
  { weight: 3, arbitrary: pass('instance') },
  { weight: 2, arbitrary: pass('report') },
);

/**
 * The steps of one round; the same for the same seed, length and number of the round.
 *
 * @param {{ seed: number, round: number, length: number }} options
 * @returns {Step[]}
 */
export function stepsOfRound({ seed, round, length }) {
  const sequences = fc.array(step, { minLength: length, maxLength: length, size: 'max' });
  const [steps = []] = fc.sample(sequences, { seed: seed + round, numRuns: 1 });
  return steps;
}
