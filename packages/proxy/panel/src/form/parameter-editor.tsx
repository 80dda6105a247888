import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';

import { isRecord } from '../parts/texts.js';
import { JsonField, SchemaForm } from './schema-form.js';
import { fieldsOf, type Schema } from './schema-fields.js';

type Values = Readonly<Record<string, unknown>>;

interface ParameterEditorProperties {
  readonly schema: Schema | undefined;
  readonly values: Values;
  /** `undefined` while what is typed is no JSON of an object. */
  readonly onChange: (values: Values | undefined) => void;
}

/** Asks for parameters: with the form that a schema makes, or name by name; or all of them as JSON. */
export function ParameterEditor({ schema, values, onChange }: ParameterEditorProperties): JSX.Element {
  const [isJson, setJson] = useState(false);
  const fields = useMemo(() => (schema === undefined ? [] : fieldsOf(schema)), [schema]);
  const names = new Set(fields.map(({ name }) => name));
  const others = Object.fromEntries(Object.entries(values).filter(([name]) => !names.has(name)));
  return (
    <>
      <p class="choice" role="group" aria-label="How to edit">
        <button type="button" class="quiet" aria-pressed={!isJson} onClick={() => setJson(false)}>
          {fields.length > 0 ? 'Form' : 'Names and values'}
        </button>
        <button type="button" class="quiet" aria-pressed={isJson} onClick={() => setJson(true)}>
          JSON
        </button>
      </p>
      {isJson ? (
        <JsonField
          label="All parameters"
          value={values}
          rows={14}
          onChange={(value) => onChange(isRecord(value) ? value : undefined)}
          check={(value) => (isRecord(value) ? undefined : 'Parameters are an object: { … }')}
        />
      ) : fields.length > 0 ? (
        <>
          <SchemaForm fields={fields} values={values} onChange={onChange} path="parameter" />
          {Object.keys(others).length > 0 && (
            <JsonField
              label="Others, which the schema does not name"
              value={others}
              onChange={(value) => {
                const own = Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
                if (isRecord(value)) onChange({ ...own, ...value });
              }}
              check={(value) => (isRecord(value) ? undefined : 'Parameters are an object: { … }')}
            />
          )}
        </>
      ) : (
        <PairList values={values} onChange={onChange} />
      )}
    </>
  );
}

interface Pair {
  readonly name: string;
  readonly value: string;
}

function PairList({
  values,
  onChange,
}: {
  readonly values: Values;
  readonly onChange: (values: Values) => void;
}): JSX.Element {
  const [pairs, setPairs] = useState<readonly Pair[]>(() => {
    const known = Object.entries(values).map(([name, value]) => ({
      name,
      value: typeof value === 'string' ? value : JSON.stringify(value),
    }));
    return known.length === 0 ? [{ name: '', value: '' }] : known;
  });
  const update = (next: readonly Pair[]) => {
    setPairs(next);
    onChange(
      Object.fromEntries(
        next.filter(({ name }) => name !== '').map(({ name, value }) => [name, typedValue(value, values[name])]),
      ),
    );
  };
  return (
    <div class="pairs">
      {pairs.map((pair, index) => (
        <div key={index} class="pair">
          <input
            aria-label={`Name ${index + 1}`}
            placeholder="name"
            value={pair.name}
            onInput={(event) => update(pairs.with(index, { ...pair, name: event.currentTarget.value }))}
          />
          <input
            aria-label={`Value ${index + 1}`}
            placeholder="value"
            value={pair.value}
            onInput={(event) => update(pairs.with(index, { ...pair, value: event.currentTarget.value }))}
          />
          <button
            type="button"
            class="quiet"
            aria-label={`Remove ${index + 1}`}
            onClick={() => update(pairs.toSpliced(index, 1))}
          >
            Remove
          </button>
        </div>
      ))}
      <button type="button" onClick={() => setPairs([...pairs, { name: '', value: '' }])}>
        Add a parameter
      </button>
    </div>
  );
}

/** What was no text stays what it was; what somebody types here is a text. */
function typedValue(text: string, before: unknown): unknown {
  if (typeof before === 'string' || before === undefined) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
