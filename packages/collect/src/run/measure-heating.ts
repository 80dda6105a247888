import { testHeating } from '../snapshot/heating.js';
import { addRows } from '../store/write-rows.js';
import { instantOf } from '../time.js';
import { readComputer } from '../snapshot/system.js';
import type { RunContext } from './run-context.js';

/** A machine that just started is not warm yet. */
const MIN_UPTIME_S = 86_400;
const MILLISECONDS = 1000;

/** Tests how the machine warms up, once a boot, a day after it. (spec: collect §3.6) */
export async function measureHeating(context: RunContext): Promise<void> {
  const { options, database, proc, stamp, now, host, signal } = context;
  const { heatingSensorId: sensorId, computerModelId: model } = options;
  const uptime = proc.uptimeSeconds();
  if (sensorId === undefined || uptime <= MIN_UPTIME_S) return;
  const row = await database.tables
    .selectFrom('heating')
    .select(['date', 'time'])
    .orderBy('date', 'desc')
    .orderBy('time', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row !== undefined && (now - instantOf(row)) / MILLISECONDS <= uptime) return;
  const result = await testHeating(model, sensorId, {
    commands: host.commands,
    clock: host.clock,
    processors: readComputer(proc).processors,
    ...(signal === undefined ? {} : { signal }),
  });
  if (result === undefined) return;
  await addRows(database.tables, {
    heating: [
      {
        model_id: model,
        sensor_id: sensorId,
        initial_temperature: result.initialTemperature,
        final_temperature: result.finalTemperature,
        delta_time: result.seconds,
        zero_emission_ratio: result.zeroEmissionRatio,
        ...stamp,
      },
    ],
  });
}
