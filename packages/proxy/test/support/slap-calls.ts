import { marshal, type MarshalInput } from '@slapos/slap';

/** The form of a format of a computer with partitions `slappart0`, … */
export function formatForm(computerId: string, partitions: number): Record<string, string> {
  const partitionList = Array.from({ length: partitions }, (_, index) => ({
    reference: `slappart${index}`,
    tap: { name: `slaptap${index}` },
    address_list: [{ addr: '10.0.0.1', netmask: '255.255.255.255' }],
  }));
  return {
    xml: marshal({
      reference: computerId,
      address: '10.0.0.254',
      netmask: '255.255.255.0',
      partition_list: partitionList,
    }),
  };
}

/** The form of a request; everything has a default. */
export function requestForm(
  name: string,
  options: {
    readonly softwareReleaseUrl?: string;
    readonly softwareType?: string;
    readonly parameters?: MarshalInput;
    readonly filter?: MarshalInput;
    readonly state?: string | null;
    readonly shared?: boolean;
    readonly requester?: { readonly computerId: string; readonly partitionId: string };
  } = {},
): Record<string, string> {
  const { requester } = options;
  return {
    ...(requester === undefined
      ? {}
      : { computer_id: requester.computerId, computer_partition_id: requester.partitionId }),
    software_release: options.softwareReleaseUrl ?? 'https://sr.example/software.cfg',
    partition_reference: name,
    partition_parameter_xml: marshal(options.parameters ?? {}),
    filter_xml: marshal(options.filter ?? {}),
    software_type: options.softwareType ?? 'default',
    state: marshal(options.state ?? null),
    shared_xml: marshal(options.shared ?? false),
  };
}

/** Posts a form; `call` is `fetch`, or a proxy's own. */
export async function post(
  call: (request: Request) => Promise<Response>,
  url: string,
  form: Record<string, string>,
): Promise<{ readonly status: number; readonly body: string }> {
  const response = await call(new Request(url, { method: 'POST', body: new URLSearchParams(form) }));
  return { status: response.status, body: await response.text() };
}

/** The partition id that a request was answered with. */
export function partitionOf(body: string): string | undefined {
  return /<string>slap_computer_partition_id<\/string><string>([^<]*)</.exec(body)?.[1];
}
