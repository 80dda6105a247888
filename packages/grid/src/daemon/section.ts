import { z } from 'zod';

const MS_OF: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PERIOD = /^(\d+)([smhd]?)$/;

/** `never`, or a whole number of seconds, minutes, hours or days: `90`, `90s`, `5m`, `1h`, `1d`. Milliseconds; `null`: never. */
const periodSchema = z.string().transform((text, context): number | null => {
  const word = text.trim().toLowerCase();
  if (word === 'never') return null;
  const [, digits, unit] = PERIOD.exec(word) ?? [];
  const periodMs = Number(digits) * (MS_OF[unit === '' ? 's' : (unit ?? '')] ?? Number.NaN);
  if (periodMs >= 1000) return periodMs;
  context.addIssue({ code: 'custom', message: 'expected a time such as 60s, 5m, 1h or 1d, or never' });
  return z.NEVER;
});

/** The section `[daemon]` of slapos.cfg: how often `slapos node run` does what. Milliseconds; `null` where it is never. */
export const daemonSectionSchema = z.object({
  software_period: periodSchema.default(60_000),
  instance_period: periodSchema.default(60_000),
  report_period: periodSchema.default(3_600_000),
  format_period: periodSchema.default(86_400_000),
  collect_period: periodSchema.default(60_000),
  listen: z.string().trim().min(1).optional(),
});

export type DaemonSection = z.output<typeof daemonSectionSchema>;
