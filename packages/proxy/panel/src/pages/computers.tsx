import type { JSX } from 'preact';

import type { PanelOverview } from '../../../src/panel/panel-documents.js';
import { Badge, Empty, Time } from '../parts/parts.js';
import { conditionOfSoftware } from '../parts/texts.js';

/** The computers, and how full they are. */
export function ComputersPage({ overview }: { readonly overview: PanelOverview }): JSX.Element {
  const { computers } = overview;
  return (
    <>
      <h1>Computers</h1>
      {computers.length === 0 ? (
        <Empty>
          There is no computer yet. <code>slapos node format</code> makes one known.
        </Empty>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Computer</th>
                <th scope="col">Partitions in use</th>
                <th scope="col">Software Releases</th>
                <th scope="col">Its node said</th>
              </tr>
            </thead>
            <tbody>
              {computers.map(({ computerId, partitions: { busy, free }, software, report }) => (
                <tr key={computerId}>
                  <th scope="row">{computerId}</th>
                  <td>
                    <meter min={0} max={Math.max(1, busy + free)} value={busy} aria-label="Partitions in use" /> {busy}{' '}
                    of {busy + free}
                  </td>
                  <td>
                    {software.length}{' '}
                    {software.some((item) => conditionOfSoftware(item).mood === 'bad') && (
                      <Badge condition={{ text: 'failing', mood: 'bad' }} />
                    )}
                  </td>
                  <td class="message">
                    {report !== undefined && (
                      <>
                        <Time at={report.time} /> {report.kind} {report.message}
                      </>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
