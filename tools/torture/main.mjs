#!/usr/bin/env node
/**
 * `npm run torture`: a whole node (proxy, supervisor, passes, partitions with users of their own when run as root) goes through rounds of
 * random requests, kills, full disks, lies of its master, hostile owners and jumps of the clock. After each round all faults end, passes
 * run until there is nothing to do, and the invariants are checked.
 *
 * Options: `--seed N`, `--minutes N`, `--rounds N`, `--length N` steps in a round, `--replay FILE` (rounds as a failure printed them, one
 * a line), `--keep` (the node's folder stays after a failure).
 * Exit code 0: all invariants held; 1: one did not; 2: wrong use, or the torture itself failed.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { stepsOfRound } from './steps.mjs';
import { Torture } from './torture.mjs';

/** @import { Step } from './steps.mjs' */

const MS_PER_MINUTE = 60_000;
const MS_PER_SECOND = 1000;
const LARGEST_SEED = 0x3fff_ffff;
const DEFAULT_LENGTH = '10';
const DEFAULT_MINUTES = '2';

/** @param {string | undefined} text @param {string} option */
function positive(text, option) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0)) throw new TypeError(`--${option} takes a number above 0, not ${JSON.stringify(text)}.`);
  return value;
}

/** @param {string} line */
function readSteps(line) {
  const steps = /** @type {Step[] | undefined} */ (JSON.parse(line));
  if (Array.isArray(steps)) return steps;
  throw new TypeError(`--replay takes a file with one list of steps a line, not ${line}`);
}

async function readArguments() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(1 + Math.floor(Math.random() * LARGEST_SEED)) },
      minutes: { type: 'string' },
      rounds: { type: 'string' },
      length: { type: 'string', default: DEFAULT_LENGTH },
      replay: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const rounds = positive(values.rounds, 'rounds');
  const minutes = positive(values.minutes ?? (rounds === undefined ? DEFAULT_MINUTES : undefined), 'minutes');
  const replayed = values.replay === undefined ? undefined : (await readFile(values.replay, 'utf8')).trim().split('\n');
  return {
    seed: positive(values.seed, 'seed') ?? 1,
    length: positive(values.length, 'length') ?? 1,
    rounds: replayed?.length ?? rounds ?? Number.POSITIVE_INFINITY,
    limitMs: replayed !== undefined || minutes === undefined ? Number.POSITIVE_INFINITY : minutes * MS_PER_MINUTE,
    replayed: replayed?.map(readSteps),
    keep: values.keep,
  };
}

async function main() {
  const { seed, length, rounds, limitMs, replayed, keep } = await readArguments();
  const began = Date.now();
  /** @type {Step[][]} */
  const played = [];
  const torture = await Torture.begin();
  let isKept = false;
  const end = new AbortController();
  // Nothing of the node may stay behind: it ends after the round.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => end.abort());
  console.log(`seed ${seed}, ${torture.powers}, in ${torture.directory}`);
  try {
    for (let round = 0; round < rounds && Date.now() - began < limitMs && !end.signal.aborted; round += 1) {
      const steps = replayed?.[round] ?? stepsOfRound({ seed, round, length });
      played.push(steps);
      const roundBegan = Date.now();
      const violations = await torture.round(steps);
      console.log(`round ${round}: ${steps.length} steps, ${((Date.now() - roundBegan) / MS_PER_SECOND).toFixed(1)} s`);
      if (violations.length === 0) continue;
      console.log(`\nRound ${round} of seed ${seed} broke:`);
      for (const { invariant, detail } of violations) console.log(`- ${invariant}: ${detail}`);
      console.log(
        `\nThe rounds until then, for --replay FILE (or --seed ${seed} --rounds ${round + 1} --length ${length}):`,
      );
      for (const one of played) console.log(JSON.stringify(one));
      isKept = keep;
      process.exitCode = 1;
      return;
    }
    console.log(`seed ${seed}: ${played.length} rounds (${await torture.describeDeeds()}), all invariants held`);
  } catch (error) {
    console.log(`\nRound ${played.length - 1} of seed ${seed} could not be played:`);
    for (const one of played) console.log(JSON.stringify(one));
    isKept = keep;
    throw error;
  } finally {
    if (isKept)
      console.log(`\nThe node still runs in ${torture.directory}; its logs are agent.log and proxy.log there.`);
    else await torture.end();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof TypeError ? error.message : error);
  process.exitCode = 2;
}
// With --keep the node's proxy goes on without us.
if (process.exitCode !== undefined && process.exitCode !== 0) process.exit();
