import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import type { EventDocument } from '../../../src/events/event-text.js';
import type { PanelInstance, PanelOverview, PanelReport } from '../../../src/panel/panel-documents.js';
import { CallError, fetchInstance, fetchReports, type InstanceDetail, requestInstance } from '../api.js';
import { EventList } from '../parts/event-list.js';
import { Badge, Empty, Time, Values } from '../parts/parts.js';
import { conditionOf, problemText, unpackParameters } from '../parts/texts.js';
import { linkTo } from '../route.js';

const FORBIDDEN = 403;
const SHOWN_EVENTS = 20;

interface InstancePageProperties {
  readonly guid: string;
  readonly overview: PanelOverview;
  readonly events: readonly EventDocument[];
  readonly changes: number;
  readonly onChange: () => void;
}

/** Everything about one instance. */
export function InstancePage(properties: InstancePageProperties): JSX.Element {
  const { guid, overview, events, changes, onChange } = properties;
  const line = overview.instances.find((instance) => instance.guid === guid);
  const [detail, setDetail] = useState<InstanceDetail>();
  const [reports, setReports] = useState<readonly PanelReport[]>([]);
  const [problem, setProblem] = useState<string>();
  const place = line === undefined || line.isShared ? undefined : line;
  useEffect(() => {
    let isCurrent = true;
    const load = async () => {
      try {
        const found = await fetchInstance(guid);
        const said = place === undefined ? [] : await fetchReports(place.computerId, place.partitionId);
        if (!isCurrent) return;
        setDetail(found);
        setReports(said);
        setProblem(undefined);
      } catch (error) {
        if (!isCurrent) return;
        if (error instanceof CallError && error.status === FORBIDDEN) setDetail(undefined);
        setProblem(problemText(error));
      }
    };
    void load();
    return () => {
      isCurrent = false;
    };
  }, [guid, changes, place?.computerId, place?.partitionId]);

  if (line === undefined || detail === undefined) {
    return (
      <>
        <Back />
        {line === undefined ? (
          <>
            <h1>There is no such instance</h1>
            <p>It was destroyed, or never there.</p>
          </>
        ) : (
          <>
            <h1>{line.title}</h1>
            <p class={problem === undefined ? 'empty' : 'notice bad'}>{problem ?? 'Asking the master…'}</p>
          </>
        )}
      </>
    );
  }
  const { values, isPacked } = unpackParameters(detail.parameters);
  const connection = unpackParameters(detail.connection_parameters).values;
  const own = events.filter(
    (event) => event.tree === line.tree && event.instance === line.title && event.computer === line.computerId,
  );
  return (
    <>
      <Back />
      <div class="title">
        <h1>{line.title}</h1>
        <Badge condition={conditionOf(line)} />
        {overview.viewer.role === 'user' && line.isRoot && <Actions line={line} detail={detail} onChange={onChange} />}
      </div>
      <dl class="facts">
        <Fact name="Software Release">{detail.software_release_uri}</Fact>
        <Fact name="Type">{detail.software_type}</Fact>
        <Fact name={line.isShared ? 'Hosted in' : 'Partition'}>
          {line.partitionId} on {line.computerId}
        </Fact>
        <Fact name="Wanted">{line.requestedState}</Fact>
        {!line.isRoot && <Fact name="Requested by the tree">{line.tree}</Fact>}
        {detail.ip_list.length > 0 && <Fact name="Addresses">{detail.ip_list.map(([, ip]) => ip).join(', ')}</Fact>}
      </dl>
      <div class="columns">
        <section class="card" aria-labelledby="connection">
          <h2 id="connection">Connection</h2>
          <Values values={connection} empty="Nothing is published yet." />
        </section>
        <section class="card" aria-labelledby="parameters">
          <h2 id="parameters">Parameters</h2>
          <Values values={values} empty="None: the release's own values are used." />
          {isPacked && <p class="dim">Sent as JSON in the parameter “_”.</p>}
        </section>
      </div>
      {!line.isShared && (
        <section aria-labelledby="promises">
          <h2 id="promises">Promises and reports</h2>
          <Reports reports={reports} />
        </section>
      )}
      <section aria-labelledby="events">
        <h2 id="events">Events</h2>
        <EventList events={own.slice(0, SHOWN_EVENTS)} />
      </section>
    </>
  );
}

function Back(): JSX.Element {
  return (
    <p class="back">
      <a href={linkTo('instances')}>← Instances</a>
    </p>
  );
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: JSX.Element | string | string[];
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What the node said: when all promises hold it says that the instance is started, else which promise failed and why. */
function Reports({ reports }: { readonly reports: readonly PanelReport[] }): JSX.Element {
  if (reports.length === 0) return <Empty>Its node has not reported about it yet.</Empty>;
  return (
    <ol class="reports">
      {reports.map(({ kind, message, time }) => (
        <li key={`${time} ${kind}`} class={kind === 'error' ? 'bad' : ''}>
          <Time at={time} />
          <Badge condition={reportCondition(kind)} />
          {message !== '' && <pre>{message}</pre>}
        </li>
      ))}
    </ol>
  );
}

function reportCondition(kind: PanelReport['kind']) {
  switch (kind) {
    case 'error':
      return { text: 'failed', mood: 'bad' } as const;
    case 'started':
    case 'available':
      return { text: 'all promises hold', mood: 'good' } as const;
    case 'bang':
      return { text: 'to be processed again', mood: 'waiting' } as const;
    default:
      return { text: kind, mood: 'still' } as const;
  }
}

interface ActionsProperties {
  readonly line: PanelInstance;
  readonly detail: InstanceDetail;
  readonly onChange: () => void;
}

/** What a user may do with what he requested: request it again, otherwise. */
function Actions({ line, detail, onChange }: ActionsProperties): JSX.Element {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const dialog = useRef<HTMLDialogElement>(null);
  const ask = async (state: 'started' | 'stopped' | 'destroyed') => {
    setBusy(true);
    setProblem(undefined);
    try {
      await requestInstance({
        title: detail.title,
        softwareReleaseUrl: detail.software_release_uri,
        softwareType: detail.software_type,
        isShared: detail.shared,
        state,
        parameters: detail.parameters,
        computerId: line.computerId,
        partitionId: detail.shared ? line.partitionId : undefined,
      });
      onChange();
    } catch (error) {
      setProblem(problemText(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="actions">
      {!line.isShared && line.requestedState !== 'started' && (
        <button type="button" disabled={isBusy} onClick={() => void ask('started')}>
          Start
        </button>
      )}
      {!line.isShared && line.requestedState === 'started' && (
        <button type="button" disabled={isBusy} onClick={() => void ask('stopped')}>
          Stop
        </button>
      )}
      <a class="button" href={linkTo('request', line.guid)}>
        Change parameters
      </a>
      {line.requestedState !== 'destroyed' && (
        <button type="button" class="danger" disabled={isBusy} onClick={() => dialog.current?.showModal()}>
          Destroy…
        </button>
      )}
      <dialog ref={dialog} aria-labelledby="destroy-title">
        <form method="dialog">
          <h2 id="destroy-title">Destroy {line.title}?</h2>
          <p>
            Its partition is emptied by the next pass of its node, and its children are destroyed with it. What it holds
            is lost.
          </p>
          <div class="actions">
            <button type="submit" autofocus>
              Keep it
            </button>
            <button
              type="button"
              class="danger"
              onClick={() => {
                dialog.current?.close();
                void ask('destroyed');
              }}
            >
              Destroy
            </button>
          </div>
        </form>
      </dialog>
      {problem !== undefined && (
        <p class="notice bad" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
