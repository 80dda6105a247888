/** The scalar types of XML-RPC that supervisord's answers have. */
interface Scalars {
  readonly string: string;
  readonly number: number;
  readonly boolean: boolean;
}
type ScalarKind = keyof Scalars;
type Struct<Fields extends Readonly<Record<string, ScalarKind>>> = {
  readonly [Name in keyof Fields]: Scalars[Fields[Name]];
};

/**
 * Reads a scalar of an answer. A schema library takes longer to load than a whole look at a node may take, and an answer has few shapes.
 * @param place where it stands, for the message
 * @throws TypeError when it is another type
 */
export function readScalar<Kind extends ScalarKind>(value: unknown, kind: Kind, place: string): Scalars[Kind] {
  if (typeof value !== kind) throw new TypeError(`${place}: expected a ${kind}, found ${describe(value)}`);
  return value as Scalars[Kind];
}

/**
 * Reads a structure; members that nobody asks for are left out.
 * @throws TypeError when it is none, or a member is missing or of another type
 */
export function readStruct<const Fields extends Readonly<Record<string, ScalarKind>>>(
  value: unknown,
  fields: Fields,
  place: string,
): Struct<Fields> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${place}: expected a structure, found ${describe(value)}`);
  const members = Object.entries(fields).map(([name, kind]): [string, unknown] => {
    const member: unknown = Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
    return [name, readScalar(member, kind, `${place}.${name}`)];
  });
  return Object.fromEntries(members) as Struct<Fields>;
}

/**
 * Reads an array, each item with `readItem`.
 * @throws TypeError when it is none, and what `readItem` throws
 */
export function readArray<Item>(
  value: unknown,
  readItem: (item: unknown, place: string) => Item,
  place: string,
): Item[] {
  if (!Array.isArray(value)) throw new TypeError(`${place}: expected an array, found ${describe(value)}`);
  return value.map((item: unknown, index) => readItem(item, `${place}[${String(index)}]`));
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  return Array.isArray(value) ? 'an array' : `a ${typeof value === 'object' ? 'structure' : typeof value}`;
}
