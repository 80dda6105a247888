import { Flags } from '@oclif/core';
import {
  isSlapError,
  type Serialisation,
  serialiseParameters,
  type SlapClient,
  type SoftwareReleaseSchema,
} from '@slapos/slap';
import { CliError } from '../errors.js';
import type { CheckedParameters } from './check-parameters.js';
import { applyChanges, CHANGE_OPTIONS, type DocumentChanges, hasChanges } from './document-changes.js';
import { editDocument } from './edit-document.js';
import { readKeyValues } from './key-values.js';
import { findInstance, type KnownInstance } from './known-instance.js';
import { PARAMETER_FORMATS, type ParameterFormat, readParametersFile } from './parameters-file.js';

const SERIALISATIONS = ['xml', 'json-in-xml'] as const satisfies readonly Serialisation[];

/** An option that changes a document; it may be repeated, and takes one word each time. */
const changeFlag = (description: string, helpValue = 'KEY=VALUE') =>
  Flags.string({ multiple: true, multipleNonGreedy: true, description, helpValue, exclusive: ['parameters'] });

/** Options that say which parameters are sent (spec: cli §4.2, ux-ideas §12). */
export const parameterFlags = {
  parameters: Flags.string({ multiple: true, description: 'parameters of the instance', helpValue: 'KEY=VALUE' }),
  'parameters-file': Flags.string({
    char: 'f',
    description:
      'file of the parameters: JSON, YAML (.yaml), XML (.xml), TOML (.toml), JSON5 (.json5, .jsonc); - is standard input',
    helpValue: 'FILE',
    exclusive: ['parameters'],
  }),
  'parameters-format': Flags.option({
    description: 'format of that file, whatever its name',
    options: PARAMETER_FORMATS,
    helpValue: PARAMETER_FORMATS.join('|'),
    dependsOn: ['parameters-file'],
  })(),
  'force-serialisation': Flags.option({
    description: 'how the parameters of the file are sent, whatever the Software Release says',
    options: SERIALISATIONS,
    helpValue: SERIALISATIONS.join('|'),
  })(),
  set: changeFlag('set one parameter, also an inner one: server.port=8080'),
  'set-string': changeFlag('the same, and the value is text even if it looks like a number'),
  'set-json': changeFlag('the same, and the value is JSON'),
  'set-file': changeFlag('the same, and the value is the text of a file', 'KEY=FILE'),
  merge: Flags.boolean({ description: 'begin with the parameters that the instance has' }),
  edit: Flags.boolean({
    description: 'edit the parameters in $EDITOR before they are sent; implies --merge',
    exclusive: ['parameters'],
  }),
} as const;

/** The values of {@link parameterFlags}. */
export interface ParameterFlagValues extends DocumentChanges {
  readonly parameters?: readonly string[] | undefined;
  readonly 'parameters-file'?: string | undefined;
  readonly 'parameters-format'?: ParameterFormat | undefined;
  readonly 'force-serialisation'?: Serialisation | undefined;
  readonly merge: boolean;
  readonly edit: boolean;
}

/** What the flags are read for. */
export interface ParameterContext {
  readonly reference: string;
  readonly client: SlapClient;
  readonly schema: SoftwareReleaseSchema;
  readonly signal: AbortSignal;
}

/** The parameters of a request; `undefined` when the user left the editor without a change. */
export async function requestParameters(
  flags: ParameterFlagValues,
  context: ParameterContext,
): Promise<CheckedParameters | undefined> {
  const takesDocument = flags['parameters-file'] !== undefined || hasChanges(flags) || flags.edit;
  if (flags['force-serialisation'] !== undefined && !takesDocument) {
    throw new CliError(
      'CLI_USAGE',
      `argument --force-serialisation: needs --parameters-file, --${CHANGE_OPTIONS.join(', --')} or --edit`,
    );
  }
  const known =
    flags.merge || flags.edit ? await findInstance(context.client, context.reference, context.signal) : undefined;
  if (!takesDocument) {
    const typed = readKeyValues('parameters', flags.parameters ?? []);
    const sent = { ...known?.parameters, ...typed };
    return { sent, document: sent };
  }
  return documentParameters(flags, context, known);
}

async function documentParameters(
  flags: ParameterFlagValues,
  { reference, schema }: ParameterContext,
  known: KnownInstance | undefined,
): Promise<CheckedParameters | undefined> {
  const name = flags['parameters-file'];
  const file =
    name === undefined
      ? undefined
      : await readParametersFile(name, { input: process.stdin, format: flags['parameters-format'] });
  let document = await applyChanges({ ...known?.document, ...file?.parameters }, flags);
  let source = file?.source;
  if (flags.edit) {
    const edited = await editDocument(document, `Parameters of ${reference}; save and leave the editor to send them.`);
    // What came from elsewhere is sent even if the editor changed nothing.
    if (edited === undefined && file === undefined && !hasChanges(flags)) return undefined;
    document = { ...(edited?.parameters ?? document) };
    source = edited?.source ?? source;
  }
  // XML says itself what is sent.
  if (file?.isXml === true && !flags.edit) return { sent: document, document, source };
  return { sent: serialiseParameters(document, await serialisationOf(flags, schema)), document, source };
}

async function serialisationOf(flags: ParameterFlagValues, schema: SoftwareReleaseSchema): Promise<Serialisation> {
  try {
    return flags['force-serialisation'] ?? (await schema.getSerialisation({ strict: true }));
  } catch (cause) {
    if (!isSlapError(cause, 'SLAP_SCHEMA_UNUSABLE')) throw cause;
    throw new CliError(
      'CLI_INPUT',
      `Cannot tell how to send the parameters: ${schema.softwareReleaseUrl}.json cannot be read, or says no serialisation.`,
      { hint: 'Say it with --force-serialisation xml, or json-in-xml.', cause },
    );
  }
}
