import { z } from 'zod';

/** Python's `True`/`False`/`true`/`false` in any case, and nothing else (spec: format §2). */
const strictBoolean = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['true', 'false'], { error: 'expected True or False' }))
  .transform((text) => text === 'true');

const integer = z
  .string()
  .regex(/^[+-]?\d+$/, { error: 'expected a whole number' })
  .transform(Number);

const text = z.string();
/** Empty counts as absent. */
const optionalText = z
  .string()
  .transform((value) => (value === '' ? undefined : value))
  .optional();

/** The beginning of names that a number is put behind. */
function baseName(pattern: RegExp, expected: string): z.ZodType<string | undefined, string | undefined> {
  return optionalText.refine((value) => value === undefined || pattern.test(value), { error: expected });
}

/**
 * The keys that `slapos node format` reads, as texts of slapos.cfg: `[slapformat]` with `[slapos]` laid over it (spec: format §2).
 * Unknown keys are left to the reader of the file; they mean nothing here.
 */
export const formatSectionSchema = z.object({
  computer_id: text.min(1),
  master_url: text.min(1),
  instance_root: text.min(1),
  software_root: text.min(1),
  computer_xml: text.min(1),
  computer_json: optionalText,
  key_file: optionalText,
  cert_file: optionalText,
  master_ca_file: optionalText,
  certificate_repository_path: optionalText,
  partition_amount: integer.pipe(z.number().int().min(0)),
  // It becomes the name of a folder of root's: nothing in it may lead out of instance_root.
  partition_base_name: baseName(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,57}$/,
    "expected the beginning of a folder's name, such as slappart: letters, digits, '_', '.', '-'",
  ),
  user_base_name: baseName(
    /^[A-Za-z_][A-Za-z0-9_.-]{0,30}$/,
    "expected the beginning of a user's name, such as slapuser: letters, digits, '_', '.', '-'",
  ),
  tap_base_name: baseName(
    /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,13}$/,
    "expected the beginning of an interface's name, such as slaptap: at most 14 of letters, digits, '_', '.', '@', '-'",
  ),
  software_user: text
    .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, { error: "expected a user's name, such as slapsoft" })
    .default('slapsoft'),
  interface_name: optionalText,
  ipv6_interface: optionalText,
  ipv4_local_network: optionalText,
  partition_has_ipv6_range: strictBoolean.default(true),
  ipv6_prefixshift: integer.pipe(z.number().int().min(1).max(128)).default(16),
  create_tap: strictBoolean.default(true),
  tap_ipv6: strictBoolean.default(true),
  tap_gateway_interface: text.default(''),
  create_tun: strictBoolean.default(false),
  tun_ipv6: strictBoolean.default(true),
  alter_user: strictBoolean.default(true),
  alter_network: strictBoolean.default(true),
  instance_storage_home: optionalText,
  input_definition_file: optionalText,
  output_definition_file: optionalText,
  log_file: optionalText,
  manager_list: text.default(''),
  root_check: strictBoolean.default(true),
  computer_model_id: optionalText,
  heating_sensor_id: optionalText,
});

/** What {@link formatSectionSchema} gives. */
export type FormatSection = z.output<typeof formatSectionSchema>;

/** Keys that are refused when they are set to anything, because what they meant is gone (spec: format §2). */
export const DEPRECATED_FORMAT_KEYS = ['bridge_name', 'no_bridge'] as const;
