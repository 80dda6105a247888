import { Flags } from '@oclif/core';

/** Where a pass tells programs what it does and did (spec: ux-ideas §10, §17); spread it into the flags of a pass. */
export const passOutputFlags = {
  report: Flags.string({ description: 'write what the pass did into this file, as JSON', helpValue: 'FILE' }),
  junit: Flags.string({ description: 'write it into this file as JUnit XML, for CI', helpValue: 'FILE' }),
  events: Flags.string({
    description: 'write events as they happen, a line of JSON each; - is standard output',
    helpValue: 'FILE|-|fd:N',
  }),
} as const;

/** The values of {@link passOutputFlags}. */
export interface PassOutputValues {
  readonly report?: string | undefined;
  readonly junit?: string | undefined;
  readonly events?: string | undefined;
}

/** Takes the values of {@link passOutputFlags} out of those of a command: they are no keys of the configuration. */
export function splitPassOutputs<Values extends PassOutputValues>(
  values: Values,
): [outputs: PassOutputValues, others: Omit<Values, keyof PassOutputValues>] {
  const { report, junit, events, ...others } = values;
  return [{ report, junit, events }, others];
}
