import { marshal, type MarshalValue, toPlain } from '@slapos/slap';
import { z } from 'zod';

import { formatComputer, type ComputerDescription } from '../allocation/format-computer.js';
import type { ProxyContext } from '../context.js';
import { computerStatus } from '../documents/status.js';
import { ProxyError } from '../errors.js';
import { invalidField, readForm, readQuery, textDictionary } from '../http/form.js';
import { HTML_CONTENT_TYPE, textAnswer } from '../http/html-pages.js';
import type { RouteTable } from '../http/route-table.js';
import { keepUsage, reportAboutComputer } from '../reports/keep-report.js';

/** What Python answers where it does nothing; what we keep does not change the answer. */
export const IGNORED = 'Ignored';
const NOT_MODIFIED = 304;
const SMALL_DOCUMENT_BYTES = 256 * 1024;
/** Some 25 elements a partition; the length is limited by that of the body. */
const DESCRIPTION_LIMITS = { maxElements: 4_000_000, maxLength: 512 * 1024 * 1024 };

/** Names of partitions become names of folders on the node. */
export const partitionIdSchema = z
  .string()
  .min(1)
  .regex(/^(?!\.{1,2}$)[^/\p{Cc}]+$/u, 'must be usable as the name of a folder');

/** What a node sends when it has formatted itself (spec: marshal §5, format); unknown keys are for newer masters. */
const descriptionSchema = z.object({
  reference: z.string().min(1),
  address: z.string().nullish(),
  netmask: z.string().nullish(),
  partition_list: z.array(
    z.object({
      reference: partitionIdSchema,
      tap: z.object({ name: z.string().nullish() }).nullish(),
      address_list: z.array(z.object({ addr: z.string(), netmask: z.string().nullish() })).default([]),
    }),
  ),
});

/** The computer: what it should run, what it consists of, what it says. */
export function computerRoutes(routes: RouteTable, context: ProxyContext): void {
  const { store, timestamps, logger, bodies } = context;
  const form = (request: Request) => readForm(request, bodies);

  for (const path of ['/getFullComputerInformation', '/getComputerInformation']) {
    routes.get(path, (request) => answerInformation(request, context));
  }

  routes.post('/loadComputerConfigurationFromXML', async (request) => {
    const description = readDescription((await form(request)).marshalled('xml', { limits: DESCRIPTION_LIMITS }));
    await store.write((writer) => formatComputer(writer, description, logger));
    return textAnswer('done');
  });

  routes.get('/getComputerStatus', async (request) => {
    const computerId = readQuery(request).required('computer_id');
    const status = await store.read(async (reader) => {
      if ((await reader.computer(computerId)) === undefined) throw unknownComputer(computerId);
      return computerStatus(await reader.latestReports(computerId), computerId);
    });
    return textAnswer(marshal(status));
  });

  routes.post('/computerBang', async (request) => {
    const fields = await form(request);
    const computerId = fields.optional('computer_id');
    if (computerId !== undefined) {
      // As in the Python proxy, the instances are left alone; what the node said is kept.
      const statement = {
        kind: 'bang' as const,
        message: fields.optional('message'),
        reportedAt: timestamps.now(),
      };
      await store.write((writer) => reportAboutComputer(writer, computerId, statement));
    }
    return textAnswer(marshal(''));
  });

  routes.post('/useComputer', async (request) => {
    const fields = await form(request);
    const [computerId, document] = [fields.optional('computer_id'), fields.optional('use_string')];
    if (computerId !== undefined && document !== undefined) {
      const reportedAt = timestamps.now();
      await store.write((writer) => keepUsage(writer, { computerId, document, reportedAt }));
    }
    return textAnswer(IGNORED);
  });
}

async function answerInformation(request: Request, { computerInformation }: ProxyContext): Promise<Response> {
  const computerId = readQuery(request).required('computer_id');
  const document = await computerInformation.document(computerId);
  if (document === undefined) throw unknownComputer(computerId);
  // Most clients take it as it is kept: over a network that is sooner there than the whole text.
  const asKept = isAccepted(request.headers.get('accept-encoding'), 'gzip');
  const etag = asKept ? `"${document.etag}-gzip"` : `"${document.etag}"`;
  const headers = { 'content-type': HTML_CONTENT_TYPE, etag, vary: 'accept-encoding' };
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: NOT_MODIFIED, headers });
  const chunks = document.chunks.map(asKept ? (chunk) => () => chunk.packed : (chunk) => () => chunk.toBytes());
  const byteLength = asKept ? sum(document.chunks.map(({ packed }) => packed.byteLength)) : document.byteLength;
  return new Response(bodyOf(chunks, byteLength), {
    status: 200,
    headers: { ...headers, 'content-length': String(byteLength), ...(asKept ? { 'content-encoding': 'gzip' } : {}) },
  });
}

/** Whether a header names a coding, and does not refuse it by `q=0`. */
function isAccepted(header: string | null, coding: string): boolean {
  return (header ?? '').split(',').some((entry) => {
    const [name, ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    return name === coding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** Chunk by chunk: the whole document for each client would be large. */
function bodyOf(
  chunks: readonly (() => Buffer<ArrayBuffer>)[],
  byteLength: number,
): Buffer<ArrayBuffer> | ReadableStream<Uint8Array> {
  if (byteLength <= SMALL_DOCUMENT_BYTES) return Buffer.concat(chunks.map((chunk) => chunk()));
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks[next];
      next += 1;
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk());
    },
  });
}

/** The error for a computer that was never formatted. */
export function unknownComputer(computerId: string): ProxyError {
  return new ProxyError('PROXY_NOT_FOUND', `Computer ${JSON.stringify(computerId)} is not known here`, {
    hint: 'Format it first (slapos node format), and compare computer_id in its configuration.',
  });
}

function readDescription(value: MarshalValue): ComputerDescription {
  const parsed = descriptionSchema.safeParse(toPlain(textDictionary('xml', value)));
  if (!parsed.success) throw invalidField('xml', z.prettifyError(parsed.error).replaceAll('\n', ' '), parsed.error);
  const { reference, address, netmask, partition_list: partitions } = parsed.data;
  return {
    computerId: reference,
    address: address ?? null,
    netmask: netmask ?? null,
    partitions: partitions.map((partition) => ({
      partitionId: partition.reference,
      interfaceName: partition.tap?.name ?? '',
      addresses: partition.address_list.map(({ addr, netmask: mask }) => ({ address: addr, netmask: mask ?? null })),
    })),
  };
}
