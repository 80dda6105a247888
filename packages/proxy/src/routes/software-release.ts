import { marshal, pythonRepr } from '@slapos/slap';

import { removeSoftware, supplySoftware } from '../allocation/supply.js';
import type { ProxyContext } from '../context.js';
import { ProxyError } from '../errors.js';
import { readForm, readQuery } from '../http/form.js';
import { textAnswer } from '../http/html-pages.js';
import type { RouteTable } from '../http/route-table.js';
import { reportAboutRelease } from '../reports/keep-report.js';
import type { ReportKind } from '../store/records.js';
import { IGNORED } from './computer.js';

const SUPPLY_STATES = new Set(['available', 'destroyed']);

const REPORTS: readonly (readonly [path: string, kind: ReportKind])[] = [
  ['/buildingSoftwareRelease', 'building'],
  ['/availableSoftwareRelease', 'available'],
  ['/softwareReleaseError', 'error'],
];

/** The supply of computers with Software Releases, and what their nodes say about them. */
export function softwareReleaseRoutes(routes: RouteTable, { store, timestamps, options, bodies }: ProxyContext): void {
  const form = (request: Request) => readForm(request, bodies);

  routes.post('/supplySupply', async (request) => {
    const fields = await form(request);
    const [url, computerId, requestedState] = [
      fields.required('url'),
      fields.required('computer_id'),
      fields.required('state'),
    ];
    if (!SUPPLY_STATES.has(requestedState)) {
      throw new ProxyError(
        'PROXY_INVALID_REQUEST',
        `A Software Release cannot be supplied as ${JSON.stringify(requestedState)}`,
        {
          hint: 'The state is available or destroyed.',
        },
      );
    }
    await store.write((writer) => supplySoftware(writer, { url, computerId, requestedState }));
    return textAnswer(`Supplied ${pythonRepr(url)} to be ${requestedState}`);
  });

  for (const [path, kind] of REPORTS) {
    routes.post(path, async (request) => {
      const fields = await form(request);
      const [url, computerId] = [fields.optional('url'), fields.optional('computer_id')];
      if (url !== undefined && computerId !== undefined) {
        const statement = { kind, message: fields.optional('error_log'), reportedAt: timestamps.now() };
        await store.write((writer) => reportAboutRelease(writer, { computerId, softwareReleaseUrl: url }, statement));
      }
      return textAnswer(IGNORED);
    });
  }

  routes.post('/destroyedSoftwareRelease', async (request) => {
    const fields = await form(request);
    const [url, computerId] = [fields.required('url'), fields.required('computer_id')];
    await store.write((writer) => removeSoftware(writer, { url, computerId }));
    return textAnswer('OK');
  });

  routes.get('/getSoftwareReleaseListFromSoftwareProduct', (request) => {
    const fields = readQuery(request);
    const product = fields.optional('software_product_reference');
    if (product === undefined || fields.optional('software_release_url') !== undefined) {
      throw new ProxyError(
        'PROXY_INVALID_REQUEST',
        'Releases are found by software_product_reference, and by nothing else',
        {
          hint: 'Send that parameter alone; products are listed in software_product_list of the configuration.',
        },
      );
    }
    const url = Object.hasOwn(options.softwareProducts, product) ? options.softwareProducts[product] : undefined;
    return textAnswer(marshal(url === undefined ? [] : [url]));
  });
}
