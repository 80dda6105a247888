import type { Supervisor } from '@slapos/supervisor';
import { type PassState, readPassState } from '../pass-outputs/pass-state.js';
import type { OutputFlagValues } from '../output/output-flags.js';
import { renderList } from '../output/render-result.js';
import {
  documentOf,
  fingerprintOf,
  type NodeStatus,
  readNodeStatus,
  STATUS_COLUMNS,
  type StatusSelection,
} from './node-status.js';

/** The services of a node, and its running pass. */
export type StatusLook = NodeStatus & { readonly pass: PassState | undefined };

/** A way to look at a node, again and again. */
export interface StatusView<Look extends StatusLook> {
  readonly look: () => Promise<Look>;
  readonly render: (look: Look) => Promise<string>;
  /** Equal for two looks between which nothing happened. */
  readonly fingerprint: (look: Look) => string;
}

/** Looks at services and the pass. */
export async function lookAtNode(
  supervisor: Supervisor,
  instanceRoot: string,
  selection: StatusSelection,
): Promise<StatusLook> {
  return { ...(await readNodeStatus(supervisor, selection)), pass: await readPassState(instanceRoot) };
}

/** One row for each service. */
export function serviceView(look: () => Promise<StatusLook>, flags: OutputFlagValues): StatusView<StatusLook> {
  return {
    look,
    render: (status) =>
      renderList(
        {
          kind: 'NodeStatus',
          items: status.services,
          columns: STATUS_COLUMNS,
          text: () => '',
          document: documentOf,
          about: { supervisor: status.supervisor, unknown: status.complaints, pass: status.pass ?? null },
        },
        flags,
      ),
    fingerprint: fingerprintOf,
  };
}
