import { z } from 'zod';

import type { ProxyContext } from '../context.js';
import { ProxyError } from '../errors.js';
import type { BodyReader } from '../http/body.js';
import { readQuery } from '../http/form.js';
import { notFoundPage } from '../http/html-pages.js';
import type { RouteTable } from '../http/route-table.js';
import { isJsonType } from '../json-rpc/accept.js';
import type { PanelOverview, PanelReports } from '../panel/panel-documents.js';
import { readOverview, readReports } from '../panel/read-overview.js';
import type { ReleaseSchemas } from '../panel/release-schemas.js';
import type { StoreReader } from '../store/proxy-store.js';

const checkSchema = z.strictObject({
  softwareReleaseUrl: z.string(),
  softwareType: z.string(),
  isShared: z.boolean(),
  parameters: z.record(z.string(), z.unknown()),
  serialisation: z.enum(['xml', 'json-in-xml']),
});

/** What the panel needs and no other API has: everything at a glance, what nodes said, and what Software Releases say of their parameters. */
export function panelDataRoutes(routes: RouteTable, context: ProxyContext): void {
  const { store, options, bodies, logger, runId } = context;
  // Loaded when somebody asks: most proxies never check a parameter.
  let opened: Promise<ReleaseSchemas> | undefined;
  const schemas = () => {
    opened ??= import('../panel/release-schemas.js').then((module) => new module.ReleaseSchemas(options, logger));
    return opened;
  };

  routes.get('/panel/data/overview', async (request, _parameters, principal) => {
    const headers = {
      // As long as nobody changed anything, whoever asks again has it.
      etag: `"${runId}-${await store.version()}-${encodeURIComponent(Object.values(principal).join('/'))}"`,
      'cache-control': 'private, no-cache',
      vary: 'Authorization',
    };
    if (request.headers.get('if-none-match') === headers.etag) return new Response(null, { status: 304, headers });
    const overview: PanelOverview = await store.read((reader) => readOverview(reader, principal));
    return json(overview, headers);
  });

  routes.get('/panel/data/reports', async (request) => {
    const fields = readQuery(request);
    const key = {
      computerId: fields.required('computer_id'),
      partitionId: fields.required('computer_partition_id'),
    };
    const reports = await store.read(async (reader) =>
      (await reader.partition(key)) === undefined ? undefined : readReports(reader, key),
    );
    return reports === undefined ? notFoundPage() : json({ reports } satisfies PanelReports);
  });

  routes.get('/panel/data/schema', async (request) => {
    const fields = readQuery(request);
    const softwareReleaseUrl = fields.required('software_release_url');
    await store.read((reader) => requireRelease(reader, softwareReleaseUrl));
    return json(
      await (await schemas()).describe({
        softwareReleaseUrl,
        softwareType: fields.optional('software_type') ?? '',
        isShared: fields.optional('shared') === 'true',
      }),
    );
  });

  routes.post('/panel/data/check', async (request) => {
    const { parameters, serialisation, ...question } = await readCheck(request, bodies);
    await store.read((reader) => requireRelease(reader, question.softwareReleaseUrl));
    return json(await (await schemas()).check(question, parameters, serialisation));
  });
}

async function readCheck(request: Request, bodies: BodyReader): Promise<z.output<typeof checkSchema>> {
  const text = (await bodies.read(request)).toString('utf8');
  let body: unknown;
  try {
    body = isJsonType(request.headers.get('content-type')) ? (JSON.parse(text) as unknown) : undefined;
  } catch {
    body = undefined; // It is refused for that.
  }
  const parsed = checkSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ProxyError('PROXY_INVALID_REQUEST', `The question cannot be read: ${z.prettifyError(parsed.error)}`);
}

/** The proxy reads descriptions of releases that it knows: it is no way to whatever server or file somebody names. */
async function requireRelease(reader: StoreReader, softwareReleaseUrl: string): Promise<void> {
  for (const { computerId } of await reader.computers()) {
    const supplied = await reader.softwareOf(computerId);
    if (supplied.some(({ url }) => url === softwareReleaseUrl)) return;
    const partitions = await reader.partitionsOf(computerId);
    if (partitions.some((partition) => partition.softwareReleaseUrl === softwareReleaseUrl)) return;
  }
  throw new ProxyError(
    'PROXY_FORBIDDEN',
    'No computer is supplied with this Software Release, and no instance has it',
    {
      hint: 'Supply it first: slapos supply URL COMPUTER.',
    },
  );
}

function json(body: unknown, headers: Readonly<Record<string, string>> = { 'cache-control': 'no-store' }): Response {
  return new Response(JSON.stringify(body), {
    headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff', ...headers },
  });
}
