import type { ProxyContext } from '../context.js';
import type { InstanceRequest } from '../allocation/instance-request.js';
import { filterText } from '../allocation/instance-request.js';
import { rootNameOf } from '../allocation/request-instance.js';
import type { ExternalMaster, ResolvedProxyOptions } from '../configuration/proxy-options.js';
import { ProxyError } from '../errors.js';
import { ownUrl } from '../http/own-url.js';
import { forwardedAnswer } from './forwarded-answer.js';
import { MasterCaller } from './master-caller.js';
import { forwardedFields } from './forwarded-fields.js';

/** Requests pass it on, so that a circle of masters is noticed: the run ids of all proxies on the way. */
const VIA_HEADER = 'x-slapos-forwarded-by';
const SOURCE_INSTANCE = 'source_instance_id';
const USER = 'user';
const DESTROYED = 'destroyed';
const RUN_ID = /^[0-9a-zA-Z]{32}$/;

type ForwardingContext = Pick<ProxyContext, 'store' | 'runId' | 'logger'> & { readonly options: ResolvedProxyOptions };

/** Sends requests on to the masters that are configured for them (spec: proxy §6). */
export class Forwarding {
  readonly #context: ForwardingContext;
  readonly #caller = new MasterCaller();

  constructor(context: ForwardingContext) {
    this.#context = context;
  }

  /**
   * The answer of another master, as a document; `undefined` when the request is for us.
   * @throws ProxyError `PROXY_MASTER_NOT_CONFIGURED`, `PROXY_NOT_READY`, `PROXY_UPSTREAM_FAILED`, `PROXY_UPSTREAM_TIMEOUT`,
   * `PROXY_NOT_FOUND`, `PROXY_FORWARDING_LOOP`.
   */
  async forwardIfNeeded(request: InstanceRequest, http: Request): Promise<string | undefined> {
    const { options } = this.#context;
    const masterUrl = filterText(request, 'master_url');
    if (masterUrl === undefined && options.multimaster.length === 0) return undefined;
    if (await this.#isKnownHere(request)) return undefined;
    const master = await this.#chooseMaster(request, masterUrl, http);
    return master === undefined ? undefined : this.#forward(request, master, http);
  }

  async #isKnownHere(request: InstanceRequest): Promise<boolean> {
    return this.#context.store.read(async (reader) => {
      const rootName = await rootNameOf(reader, request.requester);
      if (!request.shared) return (await reader.instance(request.name, rootName)) !== undefined;
      return (await reader.slave(`${rootName}_${request.name}`)) !== undefined;
    });
  }

  async #chooseMaster(
    request: InstanceRequest,
    masterUrl: string | undefined,
    http: Request,
  ): Promise<ExternalMaster | undefined> {
    const { options } = this.#context;
    const byRelease = () =>
      options.multimaster.find((master) => master.softwareReleaseUrls.includes(request.softwareReleaseUrl));
    if (masterUrl === undefined || masterUrl.replace(/\/$/, '') === ownUrl(http, options).root) return byRelease();
    // The list is looked at before anything is asked: nobody may make us call any URL he likes.
    const master = options.multimaster.find(({ url }) => url === masterUrl);
    if (master === undefined) {
      // Sent on by another proxy, the URL is the one under which that one knows us.
      if (http.headers.has(VIA_HEADER) || request.filter.has(SOURCE_INSTANCE)) return byRelease();
      throw new ProxyError(
        'PROXY_MASTER_NOT_CONFIGURED',
        `External SlapOS Master URL ${masterUrl} is not listed in multimaster list.`,
        {
          hint: 'Add a section [multimaster/URL] to the configuration of the proxy.',
        },
      );
    }
    return (await this.#isThisProxy(master)) ? byRelease() : master;
  }

  async #isThisProxy(master: ExternalMaster): Promise<boolean> {
    try {
      const answer = await this.#caller.get(master, 'getRunId');
      return answer.status === 200 && RUN_ID.test(answer.body) && answer.body === this.#context.runId;
    } catch {
      return false; // Whoever does not answer is not us.
    }
  }

  async #forward(request: InstanceRequest, master: ExternalMaster, http: Request): Promise<string> {
    const { runId, logger, store } = this.#context;
    requireCredentials(master);
    const via = (http.headers.get(VIA_HEADER) ?? '').split(',').filter((id) => id !== '');
    if (via.includes(runId)) {
      throw new ProxyError(
        'PROXY_FORWARDING_LOOP',
        `The request for ${JSON.stringify(request.name)} came back to this proxy`,
        {
          hint: 'The multimaster sections of the proxies on its way make a circle: take the release out of one of the lists.',
        },
      );
    }
    const name = `${request.requester?.partitionId ?? USER}_${request.name}`;
    logger.info('Forwarding a request to another master', { master: master.url, instance: name });
    const answer = await this.#caller.post(master, 'requestComputerPartition', forwardedFields(request, master, name), {
      [VIA_HEADER]: [...via, runId].join(','),
    });
    const document = forwardedAnswer(answer, request, master);
    await store.write((writer) => {
      const record = { name, masterUrl: master.url };
      return request.requestedState === DESTROYED ? writer.removeForwarded(record) : writer.addForwarded(record);
    });
    if (document === undefined) throw new ProxyError('PROXY_NOT_READY', 'Resource not ready', { retryable: true });
    return document;
  }
}

function requireCredentials({ url, keyFile, certFile }: ExternalMaster): void {
  if (!url.startsWith('https:') || (keyFile !== undefined && certFile !== undefined)) return;
  throw new ProxyError(
    'PROXY_MASTER_NOT_CONFIGURED',
    `External master ${url} configuration did not specify key or certificate.`,
    {
      hint: 'Give key and cert in its multimaster section.',
    },
  );
}
