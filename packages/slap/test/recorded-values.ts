import { MarshalComplex, MarshalFloat, type MarshalInput, MarshalObject, MarshalTuple } from '../src/index.js';

/** A value as the recordings spell it. */
export interface RecordedValue {
  type: string;
  value?: string | boolean | [string, string];
  items?: RecordedValue[];
  entries?: [RecordedValue, RecordedValue][];
  node?: string;
  to?: string;
  class?: string;
  initArgs?: RecordedValue;
  state?: RecordedValue;
}

const NAMED_FLOATS: Record<string, number> = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity };

function floatOf(text: string): number {
  return NAMED_FLOATS[text] ?? Number(text);
}

/** Builds the value that a recording describes, with its shared and cyclic parts. */
export function buildRecorded(recorded: RecordedValue, nodes = new Map<string, object>()): MarshalInput {
  const build = (value: RecordedValue) => buildRecorded(value, nodes);
  const remember = <T extends object>(value: T): T => {
    if (recorded.node !== undefined) nodes.set(recorded.node, value);
    return value;
  };
  switch (recorded.type) {
    case 'none':
      return null;
    case 'bool':
      return recorded.value === true;
    case 'int': {
      const big = BigInt(recorded.value as string);
      const small = Number(big);
      return Number.isSafeInteger(small) ? small : big;
    }
    case 'float':
      return new MarshalFloat(floatOf(recorded.value as string));
    case 'complex': {
      const [real, imaginary] = recorded.value as [string, string];
      return new MarshalComplex(floatOf(real), floatOf(imaginary));
    }
    case 'string':
      return recorded.value as string;
    case 'tuple':
      return new MarshalTuple(recorded.items!.map(build));
    case 'list': {
      const list = remember<MarshalInput[]>([]);
      list.push(...recorded.items!.map(build));
      return list;
    }
    case 'set':
      return remember(new Set(recorded.items!.map(build)));
    case 'dictionary': {
      const map = remember(new Map<MarshalInput, MarshalInput>());
      for (const [key, value] of recorded.entries!) map.set(build(key), build(value));
      return map;
    }
    case 'ref':
      return nodes.get(recorded.to!) as MarshalInput;
    case 'object': {
      const init = build(recorded.initArgs!) as MarshalTuple<MarshalInput>;
      const attributes = build(recorded.state!) as ReadonlyMap<string, MarshalInput>;
      return new MarshalObject({ className: recorded.class as 'Computer', initArguments: init.items, attributes });
    }
    default:
      throw new Error(`The recording has a type that this test does not know: ${recorded.type}`);
  }
}
