import { rootNameOfInstance } from '../allocation/request-instance.js';
import { ProxyError } from '../errors.js';
import { findInstance, findShared, parseRpcGuid } from '../json-rpc/guid.js';
import type { ProxyStore, StoreReader } from '../store/proxy-store.js';
import type { PartitionKey } from '../store/records.js';
import { type Claim, keyOf, rpcClaim, toolClaim } from './claims.js';
import type { KnownPrincipal } from './principal.js';

const RPC_PREFIX = '/slapos.';
const CACHE_PREFIX = '/shacache/';
const PUBLIC_FILES_PREFIX = '/panel/public/';
/** The page of the panel and its files: they are the same for everybody. */
const PANEL_PAGE = /^\/(?:panel\/?|panel\/assets\/[^/]+)?$/;
const EVENTS_PATH = '/events';
const REQUEST_PATH = '/requestComputerPartition';

/** What everybody may ask, known or not: whether the proxy is well, and whether it is this one. */
const PUBLIC_PATHS = new Set(['/healthz', '/getRunId']);
/** What says nothing about anybody. */
const HARMLESS_PATHS = new Set([
  ...PUBLIC_PATHS,
  '/getHateoasUrl',
  '/getSoftwareReleaseListFromSoftwareProduct',
  '/openapi.json',
  // Of what there is, those who ask get what concerns them.
  '/panel/data/overview',
  '/panel/plain',
  '/slapos.get.v0.hateoas_url',
]);

/** What a node does, about its own computer and the partitions on it. */
const COMPUTER_PATHS = new Set([
  '/getFullComputerInformation',
  '/getComputerInformation',
  '/getComputerStatus',
  '/loadComputerConfigurationFromXML',
  '/buildingSoftwareRelease',
  '/availableSoftwareRelease',
  '/softwareReleaseError',
  '/destroyedSoftwareRelease',
  '/startedComputerPartition',
  '/stoppedComputerPartition',
  '/destroyedComputerPartition',
  '/computerBang',
  '/useComputer',
  '/slapos.put.v0.compute_node_format',
  '/slapos.allDocs.v0.compute_node_software_installation_list',
  '/slapos.put.v0.software_installation_reported_state',
  '/slapos.put.v0.software_installation_error',
  '/slapos.put.v0.compute_node_bang',
  '/slapos.post.v0.compute_node_usage',
  '/slapos.get.v0.compute_node_status',
  '/slapos.allDocs.v0.compute_node_instance_list',
  '/slapos.put.v0.software_instance_reported_state',
]);

/** What an instance does, about its own tree; nodes do it for the instances that they have. */
const INSTANCE_PATHS = new Set([
  '/registerComputerPartition',
  '/softwareInstanceBang',
  '/softwareInstanceRename',
  '/getComputerPartitionStatus',
  '/getHostingSubscriptionIpList',
  '/panel/data/reports',
  '/panel/plain/instance',
  '/slapos.get.v0.software_instance',
  '/slapos.get.v0.compute_partition',
  '/slapos.put.v0.software_instance_title',
  '/slapos.put.v0.software_instance_bang',
]);

/** What an instance does as itself: not even for others of its tree. */
const OWN_PATHS = new Set([
  REQUEST_PATH,
  '/setComputerPartitionConnectionXml',
  '/softwareInstanceError',
  '/updateComputerPartitionRelatedInstanceList',
  '/getComputerPartitionCertificate',
  '/slapos.put.v0.software_instance_connection_parameter',
  '/slapos.put.v0.software_instance_error',
  '/slapos.get.v0.software_instance_certificate',
  '/slapos.allDocs.v0.instance_node_instance_list',
]);

/** A call that is to be decided about. The body was read. */
export interface CallToDecide {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** Whether a call can be made by anybody. */
export function isPublic(path: string): boolean {
  return PUBLIC_PATHS.has(path) || PANEL_PAGE.test(path);
}

/**
 * Refuses what the caller may not do. Everything that is not named here is for users.
 * @throws ProxyError `PROXY_FORBIDDEN`.
 */
export async function authorize(
  principal: Exclude<KnownPrincipal, { role: 'user' }>,
  { method, path, query, body }: CallToDecide,
  store: ProxyStore,
): Promise<void> {
  if (HARMLESS_PATHS.has(path) || path.startsWith(PUBLIC_FILES_PREFIX)) return;
  // Everybody downloads what was built, nodes also upload it.
  if (path.startsWith(CACHE_PREFIX) && mayUseCache(principal.role, method, path)) return;
  const isRpc = path.startsWith(RPC_PREFIX);
  // As the routes do it: forms are posted, all else is in the query.
  const claim = isRpc ? rpcClaim(body) : toolClaim(path, method === 'POST' ? new URLSearchParams(body) : query);
  const isAllowed = await store.read(
    async (reader) =>
      (await (path === EVENTS_PATH
        ? mayFollow(reader, principal, query)
        : principal.role === 'computer'
          ? mayComputer(reader, principal.computerId, path, claim)
          : mayPartition(reader, principal, path, claim))) && (await speaksForWhatItHas(reader, path, claim)),
  );
  if (isAllowed) return;
  const who =
    principal.role === 'computer'
      ? `computer ${principal.computerId}`
      : `the instance in ${principal.partitionId} of ${principal.computerId}`;
  throw new ProxyError('PROXY_FORBIDDEN', `The certificate of ${who} does not allow this call`, {
    hint: 'A computer may do what its node does; an instance what concerns its own tree. For all else use the credentials of a user.',
  });
}

function mayUseCache(role: 'computer' | 'partition', method: string, path: string): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  return role === 'computer' && path !== `${CACHE_PREFIX}update`;
}

async function mayComputer(reader: StoreReader, computerId: string, path: string, claim: Claim): Promise<boolean> {
  if (!COMPUTER_PATHS.has(path) && !INSTANCE_PATHS.has(path) && !OWN_PATHS.has(path)) return false;
  if (claim.instanceGuid !== undefined) return (await placeOf(reader, claim.instanceGuid))?.computerId === computerId;
  // Without a partition, calls about instances are a user's.
  if (!COMPUTER_PATHS.has(path) && (claim.partitionId ?? '') === '') return false;
  return claim.computerId === computerId;
}

/** Whose name a call uses must be there: what is unknown is taken for the user, and a shared instance belongs to its host. */
async function speaksForWhatItHas(reader: StoreReader, path: string, claim: Claim): Promise<boolean> {
  const key = keyOf(claim);
  if (path === REQUEST_PATH) return key !== undefined && (await reader.partition(key))?.slapState === 'busy';
  if (claim.slaveReference === undefined || key === undefined) return true;
  return (await reader.slave(claim.slaveReference, key.computerId))?.hostedBy === key.partitionId;
}

async function mayPartition(reader: StoreReader, own: PartitionKey, path: string, claim: Claim): Promise<boolean> {
  if (!INSTANCE_PATHS.has(path) && !OWN_PATHS.has(path)) return false;
  const target = claim.instanceGuid === undefined ? keyOf(claim) : await placeOf(reader, claim.instanceGuid);
  if (target === undefined) return false;
  if (target.computerId === own.computerId && target.partitionId === own.partitionId) return true;
  if (OWN_PATHS.has(path)) return false;
  const [mine, other] = [await reader.partition(own), await reader.partition(target)];
  if (mine?.slapState !== 'busy' || other?.slapState !== 'busy') return false;
  return rootNameOfInstance(mine) === rootNameOfInstance(other);
}

/** The log of what changed: to a computer of itself, to an instance of its tree. */
async function mayFollow(
  reader: StoreReader,
  principal: Exclude<KnownPrincipal, { role: 'user' }>,
  query: URLSearchParams,
): Promise<boolean> {
  if (principal.role === 'computer') return query.get('computer_id') === principal.computerId;
  const own = await reader.partition(principal);
  return own?.slapState === 'busy' && query.get('tree') === rootNameOfInstance(own);
}

/** Where the instance that a guid names is, or for a shared one its host. */
async function placeOf(reader: StoreReader, instanceGuid: string): Promise<PartitionKey | undefined> {
  const guid = parseRpcGuid(instanceGuid);
  if (guid === undefined) return undefined;
  if (!guid.isShared) return findInstance(reader, guid);
  const slave = (await findShared(reader, guid))?.slave;
  return slave === undefined ? undefined : { computerId: slave.computerId, partitionId: slave.hostedBy ?? '' };
}
