import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { hasToken } from './api.js';
import type { LiveMaster, MasterState } from './live-master.js';
import { ComputersPage } from './pages/computers.js';
import { EventsPage } from './pages/events.js';
import { InstancePage } from './pages/instance.js';
import { InstancesPage } from './pages/instances.js';
import { RequestPage } from './pages/request.js';
import { SignInPage } from './pages/sign-in.js';
import { SoftwarePage } from './pages/software.js';
import { linkTo, type Route, useRoute } from './route.js';

const PAGES = [
  ['instances', 'Instances'],
  ['software', 'Software'],
  ['computers', 'Computers'],
  ['events', 'Events'],
] as const;
/** Which entry of the navigation a page belongs to. */
const HOME_OF: Readonly<Record<string, string>> = { instance: 'instances', request: 'instances' };
const CONNECTION_TEXTS = { connecting: 'Connecting…', live: 'Live', lost: 'Not connected' } as const;

/** The whole panel. */
export function App({ master }: { readonly master: LiveMaster }): JSX.Element {
  const state = useMasterState(master);
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(location.hash);
  useEffect(() => {
    // Who goes to another page with the keyboard goes on at its beginning.
    if (shown.current === location.hash) return;
    shown.current = location.hash;
    main.current?.focus();
    scrollTo(0, 0);
  }, [route]);
  const isUser = state.overview?.viewer.role === 'user';
  const current = HOME_OF[route.page] ?? route.page;
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => skip(event, main.current)}>
        Skip to the content
      </a>
      <header>
        <a class="brand" href={linkTo('instances')}>
          SlapOS <span>panel</span>
        </a>
        <nav aria-label="Pages">
          {PAGES.map(([page, title]) => (
            <a key={page} href={linkTo(page)} aria-current={page === current ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <p class={`connection ${state.connection}`} role="status">
          {CONNECTION_TEXTS[state.connection]}
        </p>
        {hasToken() && (
          <button type="button" class="quiet" onClick={() => master.start('')}>
            Forget token
          </button>
        )}
        {isUser && (
          <a class="button primary" href={linkTo('request')}>
            Request an instance
          </a>
        )}
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        {state.problem !== undefined && !state.needsToken && (
          <p class="notice bad" role="alert">
            {state.problem} Trying again…
          </p>
        )}
        <Page route={route} state={state} master={master} />
      </main>
    </>
  );
}

function Page({
  route,
  state,
  master,
}: {
  readonly route: Route;
  readonly state: MasterState;
  readonly master: LiveMaster;
}): JSX.Element {
  const { overview, events, changes } = state;
  if (state.needsToken) return <SignInPage onToken={(token) => master.start(token)} />;
  if (overview === undefined) return <p class="empty">Asking the master…</p>;
  const refresh = () => master.refreshSoon();
  switch (route.page) {
    case 'instances':
      return <InstancesPage overview={overview} />;
    case 'instance':
      return (
        <InstancePage
          key={route.subject}
          guid={route.subject}
          overview={overview}
          events={events}
          changes={changes}
          onChange={refresh}
        />
      );
    case 'request':
      return (
        <RequestPage
          key={location.hash}
          guid={route.subject}
          query={route.query}
          overview={overview}
          onChange={refresh}
        />
      );
    case 'software':
      return <SoftwarePage overview={overview} onChange={refresh} />;
    case 'computers':
      return <ComputersPage overview={overview} />;
    case 'events':
      return <EventsPage events={events} />;
    default:
      return (
        <>
          <h1>There is no such page</h1>
          <p>
            <a href={linkTo('instances')}>To the instances</a>
          </p>
        </>
      );
  }
}

/** A link to `#main` would leave the page that is shown. */
function skip(event: Event, main: HTMLElement | null): void {
  event.preventDefault();
  main?.focus();
}

function useMasterState(master: LiveMaster): MasterState {
  const [state, setState] = useState(master.state);
  useEffect(() => {
    const update = () => setState(master.state);
    update();
    return master.subscribe(update);
  }, [master]);
  return state;
}
