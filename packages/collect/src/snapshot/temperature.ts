import { type CommandRunner, isSlapOSError } from '@slapos/host';

/** One temperature of the machine, in °C. (spec: collect §3.4) */
export interface TemperatureReading {
  readonly sensorId: string;
  readonly temperature: number;
  readonly maximal: number;
  readonly critical: number;
  /** How many of the two limits are reached. */
  readonly alarm: number;
}

/** A limit that nothing reaches, for sensors without one. */
const NO_LIMIT = 1000;
const TIMEOUT_MS = 30_000;

function lastNumber(line: string): number {
  return Number(line.trim().split(/\s+/).at(-1) ?? '');
}

/** Reads the output of `sensors -u`. Lines that are not of its form are passed over. */
export function parseSensors(text: string): TemperatureReading[] {
  const lines = text.split('\n');
  let chip = '';
  return lines.flatMap((line, index) => {
    if (line.startsWith('Adapter:')) chip = lines[index - 1] ?? '';
    const words = line.trim();
    if (!words.startsWith('temp') || !words.includes('_input')) return [];
    const temperature = lastNumber(words);
    if (!Number.isFinite(temperature)) return [];
    const next = lines.slice(index + 1, index + 3).map((following) => following.trim());
    const limit = (pattern: RegExp): number => {
      const found = next.find((following) => pattern.test(following));
      const value = found === undefined ? NO_LIMIT : lastNumber(found);
      return Number.isFinite(value) ? value : NO_LIMIT;
    };
    const maximal = limit(/^temp\d*_max:/);
    // Not `_crit_alarm`: the original takes that 0 for a limit when it comes second, and gives an alarm at once.
    const critical = limit(/^temp\d*_crit:/);
    const alarm = Number(temperature >= maximal) + Number(temperature >= critical);
    return [{ sensorId: `${chip} ${lines[index - 1] ?? ''}`, temperature, maximal, critical, alarm }];
  });
}

/**
 * Asks lm-sensors. A machine without it, or without sensors, has no temperatures.
 * @throws Error when `sensors` fails otherwise
 */
export async function readTemperatures(commands: CommandRunner, signal?: AbortSignal): Promise<TemperatureReading[]> {
  try {
    const result = await commands.run(
      { file: 'sensors', args: ['-u'], timeoutMs: TIMEOUT_MS, separateStderr: true },
      signal === undefined ? {} : { signal },
    );
    const text = `${result.output}\n${result.stderr}`;
    if (result.exitCode === 0) return parseSensors(result.output);
    if (text.includes('No sensors found!')) return [];
    throw new Error(`sensors -u failed: ${result.stderr.trim() || `status ${String(result.exitCode)}`}`);
  } catch (error) {
    if (isSlapOSError(error) && error.code === 'HOST_COMMAND_NOT_FOUND') return [];
    throw error;
  }
}
