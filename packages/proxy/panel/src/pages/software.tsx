import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { PanelOverview } from '../../../src/panel/panel-documents.js';
import { supplySoftware } from '../api.js';
import { Badge, Empty, Release, Time } from '../parts/parts.js';
import { conditionOfSoftware, problemText } from '../parts/texts.js';
import { linkTo } from '../route.js';

interface SoftwarePageProperties {
  readonly overview: PanelOverview;
  readonly onChange: () => void;
}

/** Which Software Releases the computers are supplied with. */
export function SoftwarePage({ overview, onChange }: SoftwarePageProperties): JSX.Element {
  const rows = overview.computers.flatMap(({ computerId, software }) =>
    software.map((item) => ({ computerId, ...item })),
  );
  const isUser = overview.viewer.role === 'user';
  return (
    <>
      <h1>Software Releases</h1>
      {rows.length === 0 ? (
        <Empty>No computer is supplied with a Software Release yet.</Empty>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Software Release</th>
                <th scope="col">Computer</th>
                <th scope="col">State</th>
                <th scope="col">Its node said</th>
                {isUser && <th scope="col">Actions</th>}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={`${row.computerId} ${row.url}`}>
                  <th scope="row">
                    <Release url={row.url} />
                    <small>{row.url}</small>
                  </th>
                  <td class="narrow">{row.computerId}</td>
                  <td class="narrow">
                    <Badge condition={conditionOfSoftware(row)} />
                  </td>
                  <td class="message">
                    {row.report !== undefined && (
                      <>
                        <Time at={row.report.time} /> {row.report.message}
                      </>
                    )}
                  </td>
                  {isUser && (
                    <td class="narrow">
                      <a href={linkTo('request', '', { release: row.url, computer: row.computerId })}>
                        Request an instance
                      </a>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isUser && overview.computers.length > 0 && <SupplyForm overview={overview} onChange={onChange} />}
    </>
  );
}

function SupplyForm({ overview, onChange }: SoftwarePageProperties): JSX.Element {
  const [url, setUrl] = useState('');
  const [computerId, setComputerId] = useState(overview.computers[0]?.computerId ?? '');
  const [problem, setProblem] = useState<string>();
  const submit = async () => {
    try {
      setProblem(undefined);
      await supplySoftware(url.trim(), computerId, 'available');
      setUrl('');
      onChange();
    } catch (error) {
      setProblem(problemText(error));
    }
  };
  return (
    <form
      class="card row"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h2>Supply a Software Release</h2>
      <label class="wide">
        URL of the profile
        <input
          required
          value={url}
          onInput={(event) => setUrl(event.currentTarget.value)}
          placeholder="https://…/software.cfg"
        />
      </label>
      <label>
        Computer
        <select value={computerId} onChange={(event) => setComputerId(event.currentTarget.value)}>
          {overview.computers.map((computer) => (
            <option key={computer.computerId}>{computer.computerId}</option>
          ))}
        </select>
      </label>
      <button type="submit">Supply</button>
      {problem !== undefined && (
        <p class="notice bad" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
