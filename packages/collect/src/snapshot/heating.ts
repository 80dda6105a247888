import type { Clock, CommandRunner } from '@slapos/host';

import { CollectError } from '../errors.js';
import { readTemperatures, type TemperatureReading } from './temperature.js';

/** Degrees a second from which a model's heat counts as used, by model. (spec: collect §3.6) */
const RATIO_OF_MODEL: Readonly<Record<string, number>> = { shuttle_ds61_i7: 0.045, nuc_i7: 0.055 };
const STEP_MS = 30_000;
const LIMIT_MS = 600_000;
const MILLISECONDS = 1000;
const FULL = 100;

/** How fast a machine warms up when all its processors work. */
interface HeatingResult {
  readonly initialTemperature: number;
  readonly finalTemperature: number;
  readonly seconds: number;
  readonly zeroEmissionRatio: number;
}

interface HeatingContext {
  readonly commands: CommandRunner;
  readonly clock: Clock;
  readonly processors: number;
  readonly signal?: AbortSignal;
}

/**
 * Keeps all processors busy until the sensor no longer rises, ten minutes at most.
 * @returns `undefined` when the sensor is not there, or warns already
 * @throws CollectError `COLLECT_HEATING_MODEL_UNKNOWN`
 */
export async function testHeating(
  model: string,
  sensorId: string,
  { commands, clock, processors, signal }: HeatingContext,
): Promise<HeatingResult | undefined> {
  const needed = RATIO_OF_MODEL[model];
  if (needed === undefined) {
    throw new CollectError(
      'COLLECT_HEATING_MODEL_UNKNOWN',
      `The heating test does not know the model ${JSON.stringify(model)}`,
      {
        hint: `computer_model_id is one of ${Object.keys(RATIO_OF_MODEL).join(', ')}; without heating_sensor_id there is no test.`,
      },
    );
  }
  const look = async (): Promise<TemperatureReading | undefined> =>
    (await readTemperatures(commands, signal)).find((reading) => reading.sensorId === sensorId);
  const initial = await look();
  if (initial === undefined || initial.alarm > 0) return undefined;
  const ended = new AbortController();
  const both = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
  const burners = Array.from({ length: processors }, () =>
    commands.run(
      { file: 'sha256sum', args: ['/dev/zero'], timeoutMs: LIMIT_MS, killGraceMs: 0, dieWithUs: true },
      { signal: both },
    ),
  );
  // They end by our signal, which is an error of theirs.
  const burnt = Promise.allSettled(burners);
  const begin = clock.monotonic();
  try {
    let last = initial.temperature;
    for (;;) {
      await clock.sleep(STEP_MS, signal);
      const now = (await look())?.temperature ?? last;
      const elapsedMs = clock.monotonic() - begin;
      if (now <= last || elapsedMs >= LIMIT_MS) {
        const finalTemperature = Math.max(now, last);
        const seconds = elapsedMs / MILLISECONDS;
        const ratio = (finalTemperature - initial.temperature) / seconds;
        return {
          initialTemperature: initial.temperature,
          finalTemperature,
          seconds,
          zeroEmissionRatio: ratio >= needed ? FULL : 0,
        };
      }
      last = now;
    }
  } finally {
    ended.abort();
    await burnt;
  }
}
