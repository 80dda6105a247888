import { z } from 'zod';

const DEFAULT_TIMEOUT_SECONDS = 10;
const DEFAULT_PERIODICITY_MINUTES = 2;
const DEFAULT_MINIMUM_DAYS = 15;
const MAX_PORT = 65_535;

const text = z.string().min(1);
const count = z.number().int().nonnegative();
const seconds = z.number().positive().default(DEFAULT_TIMEOUT_SECONDS);
const port = z.number().int().min(1).max(MAX_PORT);
const statusList = z.union([count.transform((one) => [one]), z.array(count)]);

const rule = z
  .strictObject({
    resultCount: count.min(1).optional(),
    failureAmount: count.min(1).optional(),
    latestMinute: z.number().nonnegative().optional(),
    consecutive: z.boolean().optional(),
    flapping: z.strictObject({ runs: count.min(2), changes: count.min(1) }).optional(),
  })
  .default({});

const common = {
  /** Minutes. */
  periodicity: z.number().positive().default(DEFAULT_PERIODICITY_MINUTES),
  modes: z
    .array(z.enum(['test', 'anomaly']))
    .min(1)
    .default(['test', 'anomaly']),
  bangOnFailure: z.boolean().default(true),
  test: rule,
  anomaly: rule,
};

const http = z.strictObject({
  check: z.literal('http'),
  ...common,
  url: z.url({ protocol: /^https?$/ }),
  method: z.enum(['GET', 'HEAD', 'POST', 'OPTIONS']).default('GET'),
  headers: z.record(text, z.string()).default({}),
  /** Empty: 200 to 399. */
  expectedStatus: statusList.default([]),
  contains: text.optional(),
  verifyCertificate: z.boolean().default(true),
  timeoutSeconds: seconds,
});

const tcp = z
  .strictObject({
    check: z.literal('tcp'),
    ...common,
    host: text.optional(),
    port: port.optional(),
    socketPath: text.optional(),
    timeoutSeconds: seconds,
  })
  .refine((check) => (check.socketPath === undefined) === (check.host !== undefined && check.port !== undefined), {
    message: 'needs either "host" and "port", or "socketPath"',
  });

const tls = z
  .strictObject({
    check: z.literal('tls'),
    ...common,
    host: text.optional(),
    port: port.optional(),
    serverName: text.optional(),
    certificateFile: text.optional(),
    minimumDays: z.number().nonnegative().default(DEFAULT_MINIMUM_DAYS),
    verifyCertificate: z.boolean().default(true),
    timeoutSeconds: seconds,
  })
  .refine((check) => (check.certificateFile === undefined) === (check.host !== undefined && check.port !== undefined), {
    message: 'needs either "host" and "port", or "certificateFile"',
  });

const file = z.strictObject({
  check: z.literal('file'),
  ...common,
  path: text,
  exists: z.boolean().default(true),
  minimumBytes: count.optional(),
  maximumBytes: count.optional(),
  maximumAgeMinutes: z.number().positive().optional(),
  contains: text.optional(),
});

const command = z.strictObject({
  check: z.literal('command'),
  ...common,
  command: z.array(z.string()).min(1),
  expectedStatus: statusList.default([0]),
  contains: text.optional(),
  timeoutSeconds: seconds,
});

const disk = z
  .strictObject({
    check: z.literal('disk'),
    ...common,
    path: text.default('.'),
    minimumFreeBytes: count.optional(),
    minimumFreePercent: z.number().positive().max(100).optional(),
    minimumFreeInodes: count.optional(),
  })
  .refine((check) => check.minimumFreeBytes ?? check.minimumFreePercent ?? check.minimumFreeInodes, {
    message: 'needs "minimumFreeBytes", "minimumFreePercent" or "minimumFreeInodes"',
  });

const process = z
  .strictObject({
    check: z.literal('process'),
    ...common,
    pidFile: text.optional(),
    commandLine: text.optional(),
    minimumCount: count.default(1),
    maximumCount: count.optional(),
  })
  .refine((check) => check.pidFile ?? check.commandLine, { message: 'needs "pidFile" or "commandLine"' });

/** What a declarative promise (`etc/plugin/NAME.json`) may say. */
export const declarativeCheckSchema = z.discriminatedUnion('check', [http, tcp, tls, file, command, disk, process]);

/** A declarative promise with all its defaults. */
export type DeclarativeCheck = z.infer<typeof declarativeCheckSchema>;

/**
 * Reads a declarative promise. What is wrong with it comes as a text that names the keys; otherwise the check with its defaults.
 */
export function readDeclarativeCheck(
  content: string,
): { readonly check: DeclarativeCheck } | { readonly problem: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (error) {
    return { problem: `is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const checked = declarativeCheckSchema.safeParse(parsed);
  if (checked.success) return { check: checked.data };
  const problems = checked.error.issues.map((issue) => {
    const key = issue.path.map(String).join('.');
    return key === '' ? issue.message : `${JSON.stringify(key)}: ${issue.message}`;
  });
  return { problem: problems.join('; ') };
}
