import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { isRecord } from '../parts/texts.js';
import type { SchemaField } from './schema-fields.js';

type Values = Readonly<Record<string, unknown>>;

interface SchemaFormProperties {
  readonly fields: readonly SchemaField[];
  readonly values: Values;
  readonly onChange: (values: Values) => void;
  /** Begins the ids of the fields. */
  readonly path: string;
}

/** The fields of one object. What nobody fills in is not sent: then the release takes its own value. */
export function SchemaForm({ fields, values, onChange, path }: SchemaFormProperties): JSX.Element {
  const set = (name: string, value: unknown) => {
    const { [name]: _before, ...others } = values;
    onChange(value === undefined ? others : { ...others, [name]: value });
  };
  return (
    <div class="fields">
      {fields.map((field) => (
        <Field
          key={field.name}
          field={field}
          value={values[field.name]}
          onChange={(value) => set(field.name, value)}
          id={`${path}.${field.name}`}
        />
      ))}
    </div>
  );
}

interface FieldProperties {
  readonly field: SchemaField;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly id: string;
}

function Field({ field, value, onChange, id }: FieldProperties): JSX.Element {
  const { title, description, isRequired, kind, fields } = field;
  if (kind === 'group') {
    const inner = isRecord(value) ? value : {};
    return (
      <fieldset>
        <legend>{title}</legend>
        {description !== '' && <p class="dim">{description}</p>}
        <SchemaForm
          fields={fields}
          values={inner}
          onChange={(values) => onChange(Object.keys(values).length === 0 && !isRequired ? undefined : values)}
          path={id}
        />
      </fieldset>
    );
  }
  if (kind === 'json') {
    return <JsonField label={title} note={description} value={value} onChange={onChange} id={id} />;
  }
  return (
    <div class="field">
      <label for={id}>
        {title}
        {isRequired && <span class="required"> (required)</span>}
      </label>
      <Control field={field} value={value} onChange={onChange} id={id} />
      {description !== '' && <small id={`${id}-note`}>{description}</small>}
    </div>
  );
}

function Control({ field, value, onChange, id }: FieldProperties): JSX.Element {
  const { kind, isRequired, description, choices, fallback, limits } = field;
  const common = {
    id,
    required: isRequired && fallback === undefined,
    ...(description === '' ? {} : { 'aria-describedby': `${id}-note` }),
  };
  const placeholder = fallback ?? '';
  const text = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const { pattern: _pattern, min: _min, max: _max, step: _step, ...lengths } = limits;
  switch (kind) {
    case 'choice':
      return (
        <select
          {...common}
          value={value === undefined ? '' : JSON.stringify(value)}
          onChange={({ currentTarget }) =>
            onChange(currentTarget.value === '' ? undefined : (JSON.parse(currentTarget.value) as unknown))
          }
        >
          <option value="">{fallback === undefined ? 'not set' : `not set (${fallback})`}</option>
          {choices.map((choice) => (
            <option key={JSON.stringify(choice)} value={JSON.stringify(choice)}>
              {typeof choice === 'string' ? choice : JSON.stringify(choice)}
            </option>
          ))}
        </select>
      );
    case 'number':
      return (
        <input
          {...common}
          {...limits}
          type="number"
          placeholder={placeholder}
          value={text}
          onInput={({ currentTarget }) =>
            onChange(currentTarget.value === '' ? undefined : currentTarget.valueAsNumber)
          }
        />
      );
    case 'lines':
      return (
        <textarea
          {...common}
          rows={3}
          placeholder={fallback === undefined ? 'one a line' : `one a line; ${fallback}`}
          value={Array.isArray(value) ? value.join('\n') : ''}
          onChange={({ currentTarget }) => {
            const lines = currentTarget.value.split('\n').filter((line) => line !== '');
            onChange(lines.length === 0 ? undefined : lines);
          }}
        />
      );
    case 'long-text':
      return (
        <textarea
          {...common}
          {...lengths}
          rows={5}
          placeholder={placeholder}
          value={text}
          onInput={({ currentTarget }) => onChange(currentTarget.value === '' ? undefined : currentTarget.value)}
        />
      );
    default:
      return (
        <input
          {...common}
          {...limits}
          type="text"
          placeholder={placeholder}
          value={text}
          onInput={({ currentTarget }) => onChange(currentTarget.value === '' ? undefined : currentTarget.value)}
        />
      );
  }
}

interface JsonFieldProperties {
  readonly label: string;
  readonly note?: string;
  readonly value: unknown;
  /** Gets `undefined` for an empty field, and nothing while what is typed is no JSON. */
  readonly onChange: (value: unknown) => void;
  readonly check?: (value: unknown) => string | undefined;
  readonly id?: string;
  readonly rows?: number;
}

/** Any value, as JSON. */
export function JsonField({
  label,
  note = '',
  value,
  onChange,
  check,
  id,
  rows = 4,
}: JsonFieldProperties): JSX.Element {
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value, undefined, 2));
  const type = (field: HTMLTextAreaElement) => {
    setText(field.value);
    let problem: string | undefined;
    let read: unknown;
    try {
      read = field.value.trim() === '' ? undefined : (JSON.parse(field.value) as unknown);
      problem = check?.(read);
    } catch (error) {
      problem = `This is no JSON: ${error instanceof Error ? error.message : String(error)}`;
    }
    // The form is not sent, and the browser says why.
    field.setCustomValidity(problem ?? '');
    if (problem === undefined) onChange(read);
  };
  return (
    <div class="field">
      <label>
        {label} <small>(JSON)</small>
        <textarea
          id={id}
          class="code"
          rows={rows}
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => type(currentTarget)}
        />
      </label>
      {note !== '' && <small>{note}</small>}
    </div>
  );
}
