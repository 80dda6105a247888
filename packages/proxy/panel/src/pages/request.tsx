import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import type { PanelCheck, PanelOverview, PanelSchema } from '../../../src/panel/panel-documents.js';
import { checkParameters, fetchInstance, fetchSchema, type InstanceDetail, requestInstance } from '../api.js';
import { ParameterEditor } from '../form/parameter-editor.js';
import { problemText, unpackParameters } from '../parts/texts.js';
import { goTo, linkTo } from '../route.js';

const NO_SCHEMA: PanelSchema = { types: [], serialisation: 'xml' };
const DEFAULT_TYPE = 'default';

interface RequestPageProperties {
  /** Of the instance that is changed; `''` for a new one. */
  readonly guid: string;
  readonly query: URLSearchParams;
  readonly overview: PanelOverview;
  readonly onChange: () => void;
}

/** Requests an instance, or changes the parameters of one. */
export function RequestPage({ guid, query, overview, onChange }: RequestPageProperties): JSX.Element {
  const [detail, setDetail] = useState<InstanceDetail>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    if (guid !== '')
      fetchInstance(guid).then(setDetail, (error: unknown) => {
        setProblem(problemText(error));
      });
  }, [guid]);
  if (problem !== undefined) return <p class="notice bad">{problem}</p>;
  if (guid !== '' && detail === undefined) return <p class="empty">Asking the master…</p>;
  return <RequestForm detail={detail} query={query} overview={overview} onChange={onChange} />;
}

interface RequestFormProperties extends Omit<RequestPageProperties, 'guid'> {
  readonly detail: InstanceDetail | undefined;
}

function RequestForm({ detail, query, overview, onChange }: RequestFormProperties): JSX.Element {
  const known = [...new Set(overview.computers.flatMap(({ software }) => software.map(({ url }) => url)))];
  const kept = unpackParameters(detail?.parameters ?? {});
  const [title, setTitle] = useState(detail?.title ?? '');
  const [url, setUrl] = useState(detail?.software_release_uri ?? query.get('release') ?? known[0] ?? '');
  const [type, setType] = useState(detail?.software_type ?? DEFAULT_TYPE);
  const [isShared, setShared] = useState(detail?.shared ?? false);
  const [computerId, setComputerId] = useState(detail?.computer_guid ?? query.get('computer') ?? '');
  const [values, setValues] = useState<Readonly<Record<string, unknown>> | undefined>(kept.values);
  const [isPacked, setPacked] = useState(kept.isPacked);
  const [problems, setProblems] = useState<PanelCheck['problems']>([]);
  const [failure, setFailure] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const { schema, note } = useSchema(url, type, isShared);
  const isDescribed = schema.types.length > 0;

  const submit = async () => {
    if (values === undefined) return;
    setBusy(true);
    setFailure(undefined);
    setProblems([]);
    try {
      const serialisation = isDescribed ? schema.serialisation : isPacked ? 'json-in-xml' : 'xml';
      const question = { softwareReleaseUrl: url, softwareType: type, isShared, parameters: values, serialisation };
      const check = isDescribed ? await checkParameters(question) : packed(values, isPacked);
      if (check.problems.length > 0) {
        setProblems(check.problems);
        return;
      }
      const guid = await requestInstance({
        title,
        softwareReleaseUrl: url,
        softwareType: type,
        isShared,
        state: detail?.state ?? 'started',
        parameters: check.parameters,
        computerId: computerId === '' ? undefined : computerId,
        partitionId: isShared ? detail?.compute_partition_id : undefined,
      });
      onChange();
      goTo(guid === undefined ? linkTo('instances') : linkTo('instance', guid));
    } catch (error) {
      setFailure(problemText(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      class="request"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h1>{detail === undefined ? 'Request an instance' : `Change ${detail.title}`}</h1>
      <fieldset class="card row">
        <legend>What</legend>
        <label>
          Name
          <input
            required
            value={title}
            readOnly={detail !== undefined}
            onInput={(event) => setTitle(event.currentTarget.value)}
          />
        </label>
        <label class="wide">
          Software Release
          <input required list="releases" value={url} onChange={(event) => setUrl(event.currentTarget.value.trim())} />
          <datalist id="releases">
            {known.map((release) => (
              <option key={release} value={release} />
            ))}
          </datalist>
        </label>
        <TypeField
          schema={schema}
          type={type}
          isShared={isShared}
          onChange={setType}
          onShared={setShared}
          isFixed={detail !== undefined}
        />
        {detail === undefined && (
          <label>
            Computer
            <select value={computerId} onChange={(event) => setComputerId(event.currentTarget.value)}>
              <option value="">The usual one</option>
              {overview.computers.map((computer) => (
                <option key={computer.computerId}>{computer.computerId}</option>
              ))}
            </select>
          </label>
        )}
      </fieldset>
      <fieldset class="card">
        <legend>Parameters</legend>
        {note !== undefined && <p class="dim">{note}</p>}
        <ParameterEditor schema={schema.schema} values={values ?? kept.values} onChange={setValues} />
        {!isDescribed && (
          <label class="check">
            <input type="checkbox" checked={isPacked} onChange={(event) => setPacked(event.currentTarget.checked)} />{' '}
            Send them as JSON in the parameter “_”
          </label>
        )}
      </fieldset>
      {problems.length > 0 && (
        <div class="notice bad" role="alert">
          <p>The schema of the release does not allow this:</p>
          <ul>
            {problems.map(({ path, message }) => (
              <li key={path + message}>
                <code>{path}</code> {message}
              </li>
            ))}
          </ul>
        </div>
      )}
      {failure !== undefined && (
        <p class="notice bad" role="alert">
          {failure}
        </p>
      )}
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy || values === undefined}>
          {detail === undefined ? 'Request' : 'Change'}
        </button>
        <a class="button" href={detail === undefined ? linkTo('instances') : linkTo('instance', detail.instance_guid)}>
          Cancel
        </a>
      </div>
    </form>
  );
}

function packed(values: Readonly<Record<string, unknown>>, isPacked: boolean): PanelCheck {
  return { problems: [], parameters: isPacked ? { _: JSON.stringify(values) } : values };
}

interface TypeFieldProperties {
  readonly schema: PanelSchema;
  readonly type: string;
  readonly isShared: boolean;
  readonly isFixed: boolean;
  readonly onChange: (type: string) => void;
  readonly onShared: (isShared: boolean) => void;
}

function TypeField({ schema, type, isShared, isFixed, onChange, onShared }: TypeFieldProperties): JSX.Element {
  const { types } = schema;
  if (types.length === 0 || isFixed) {
    return (
      <>
        <label>
          Type
          <input
            required
            value={type}
            readOnly={isFixed}
            onChange={(event) => onChange(event.currentTarget.value.trim())}
          />
        </label>
        {!isFixed && (
          <label class="check">
            <input type="checkbox" checked={isShared} onChange={(event) => onShared(event.currentTarget.checked)} />{' '}
            Shared: a place in an instance that is there
          </label>
        )}
      </>
    );
  }
  const chosen = types.findIndex((entry) => entry.type === type && entry.isShared === isShared);
  const choose = (index: number) => {
    const entry = types[index];
    if (entry === undefined) return;
    onChange(entry.type);
    onShared(entry.isShared);
  };
  return (
    <label>
      Type
      <select value={String(chosen)} onChange={(event) => choose(Number(event.currentTarget.value))}>
        {chosen === -1 && <option value="-1">{type}</option>}
        {types.map((entry, index) => (
          <option key={`${entry.type} ${entry.isShared}`} value={String(index)}>
            {entry.title}
            {entry.isShared ? ' (shared)' : ''}
          </option>
        ))}
      </select>
      {types[chosen]?.description !== '' && <small>{types[chosen]?.description}</small>}
    </label>
  );
}

function useSchema(
  url: string,
  type: string,
  isShared: boolean,
): { readonly schema: PanelSchema; readonly note?: string } {
  const [found, setFound] = useState<{ schema: PanelSchema; note?: string }>({ schema: NO_SCHEMA });
  useEffect(() => {
    let isCurrent = true;
    if (url === '') {
      setFound({ schema: NO_SCHEMA });
      return undefined;
    }
    fetchSchema(url, type, isShared).then(
      (schema) => {
        if (!isCurrent) return;
        const isEmpty = schema.schema === undefined;
        setFound({ schema, ...(isEmpty ? { note: 'The release does not describe its parameters.' } : {}) });
      },
      (error: unknown) => {
        if (isCurrent) setFound({ schema: NO_SCHEMA, note: problemText(error) });
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [url, type, isShared]);
  return found;
}
