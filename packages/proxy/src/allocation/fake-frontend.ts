import type { MarshalValue } from '@slapos/slap';

import { relayOf } from '../http-proxy/target-url.js';
import type { OwnUrl } from '../http/own-url.js';
import type { InstanceRequest } from './instance-request.js';

const APACHE_FRONTEND_RELEASE =
  'http://git.erp5.org/gitweb/slapos.git/blob_plain/HEAD:/software/apache-frontend/software.cfg';
const APACHE_FRONTEND_TYPES = new Set(['', 'default', 'RootSoftwareInstance']);
const KVM_RELEASE = 'http://git.erp5.org/gitweb/slapos.git/blob_plain/refs/tags/slapos-0.92:/software/kvm/software.cfg';
const KVM_FRONTEND_TYPE = 'frontend';
const URL_PARTS = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is;

/** A frontend that needs no instance: the backend is reachable anyway, so its own address is given back. */
export interface FakeFrontend {
  /** What stands for the partition id in the answer. */
  readonly title: string;
  readonly connectionParameters: ReadonlyMap<string, MarshalValue>;
}

/** Finds out whether a request for a shared instance is one for a frontend that the proxy answers itself (spec: proxy §5.4). */
export function fakeFrontend(request: InstanceRequest, own: OwnUrl): FakeFrontend | undefined {
  if (!request.shared) return undefined;
  if (request.softwareReleaseUrl === APACHE_FRONTEND_RELEASE && APACHE_FRONTEND_TYPES.has(request.softwareType)) {
    return apacheFrontend(request, own);
  }
  return request.softwareReleaseUrl === KVM_RELEASE && request.softwareType === KVM_FRONTEND_TYPE
    ? kvmFrontend(request)
    : undefined;
}

function apacheFrontend(request: InstanceRequest, own: OwnUrl): FakeFrontend | undefined {
  const url = request.parameters.get('url');
  if (typeof url !== 'string') return undefined;
  const [, scheme = '', netloc = '', rest = ''] = URL_PARTS.exec(url) ?? [];
  const isSecure = own.scheme === 'https' && scheme !== '';
  return {
    title: `Fake frontend for ${url}`,
    connectionParameters: new Map([
      // A page that came over https may not load from plain http: it goes through our relay.
      ['secure_access', isSecure ? relayOf(own.root, scheme, netloc, rest) : url],
      ['domain', isSecure ? own.host : netloc],
    ]),
  };
}

function kvmFrontend(request: InstanceRequest): FakeFrontend | undefined {
  const host = request.parameters.get('host');
  const port = request.parameters.get('port');
  if (typeof host !== 'string' || (typeof port !== 'string' && typeof port !== 'number')) return undefined;
  const domainName = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const url = `https://${domainName}:${port}/`;
  return {
    title: `Fake KVM VNC frontend for ${url}`,
    connectionParameters: new Map<string, MarshalValue>([
      ['url', url],
      ['domainname', domainName],
      ['port', port],
      ['path', '/'],
    ]),
  };
}
