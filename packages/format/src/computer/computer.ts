/** An address of an interface, with its mask in address form (`255.255.255.255`, `ffff:ffff:ffff:ffff::`). */
export interface InterfaceAddress {
  readonly addr: string;
  readonly netmask: string;
}

/** The IPv6 network that belongs to one partition. */
export interface Ipv6Range {
  readonly addr: string;
  readonly netmask: string;
  /** `ADDR/LENGTH`. */
  readonly network: string;
  readonly prefixLength: number;
}

/** A tap or tun interface and what instances need to know of it; texts are empty where there is nothing. */
export interface TunnelDevice {
  readonly name: string;
  readonly ipv4Address: string;
  readonly ipv4Gateway: string;
  readonly ipv4Netmask: string;
  readonly ipv4Network: string;
  readonly ipv6Address: string;
  readonly ipv6Gateway: string;
  readonly ipv6Netmask: string;
  readonly ipv6Network: string;
}

/** The user of a partition, as told to instances and to the master. */
export interface PartitionUser {
  readonly name: string;
  /** Its home: the partition's folder. */
  readonly path: string;
  readonly additionalGroups: readonly string[];
  readonly shell: string;
}

/** One Computer Partition of the machine. */
export interface Partition {
  readonly partitionId: string;
  readonly path: string;
  readonly user: PartitionUser;
  readonly addresses: readonly InterfaceAddress[];
  readonly ipv6Range: Ipv6Range | undefined;
  readonly tap: TunnelDevice;
  readonly tun: TunnelDevice | undefined;
  /** Folders of the partition on extra disks. */
  readonly externalStorage: readonly string[];
  /** Only where a definition file gives it. */
  readonly capabilities?: readonly string[] | undefined;
}

/** The interface that the partitions' addresses come from. */
export interface NetworkInterface {
  readonly name: string;
  readonly ipv4LocalNetwork: string;
  readonly ipv6Interface: string;
  readonly ipv6PrefixShift: number;
}

/** Facts about the machine that the master is told (spec: format §4.8). */
export interface MachineFacts {
  readonly publicIpv4Address: string | null;
  /** Version of this software. */
  readonly slaposVersion: string;
  /** Version of the runtime; the key on the wire is still `python_version`. */
  readonly runtimeVersion: string;
  /** Platform, distribution id, version, name. */
  readonly osType: readonly [string, string, string, string];
}

/** The whole machine, as it is kept in the computer document and sent to the master. */
export interface Computer {
  readonly computerId: string;
  readonly address: string | null;
  readonly netmask: string | null;
  readonly instanceRoot: string;
  readonly softwareRoot: string;
  readonly softwareUser: string;
  readonly instanceStorageHome: string | null;
  readonly networkInterface: NetworkInterface | null;
  readonly ipv6Interface: string | null;
  readonly partitionHasIpv6Range: boolean;
  readonly tapGatewayInterface: string;
  readonly tapIpv6: boolean;
  readonly partitions: readonly Partition[];
}

/** A tap or tun of that name without any address. */
export function bareTunnel(name: string): TunnelDevice {
  return {
    name,
    ipv4Address: '',
    ipv4Gateway: '',
    ipv4Netmask: '',
    ipv4Network: '',
    ipv6Address: '',
    ipv6Gateway: '',
    ipv6Netmask: '',
    ipv6Network: '',
  };
}
