import { z } from 'zod';

import { HostError } from '../errors.js';
import { canonicalAddress, canonicalDestination } from './addresses.js';
import type { AddressFamily, NetworkAddress, NetworkRoute } from './network.js';

const linkSchema = z.object({
  ifname: z.string().optional(),
  flags: z.array(z.string()).default([]),
  address: z.string().optional(),
  linkinfo: z
    .object({
      info_kind: z.string().optional(),
      info_data: z
        .object({ type: z.string().optional(), user: z.union([z.string(), z.number()]).optional() })
        .optional(),
    })
    .optional(),
  addr_info: z
    .array(
      z.object({
        family: z.string().optional(),
        local: z.string().optional(),
        prefixlen: z.number().optional(),
        scope: z.string().optional(),
        tentative: z.boolean().optional(),
        dadfailed: z.boolean().optional(),
      }),
    )
    .default([]),
});

const routeSchema = z.object({
  type: z.string().optional(),
  dst: z.string(),
  gateway: z.string().optional(),
  dev: z.string().optional(),
  table: z.union([z.string(), z.number()]).optional(),
});

/** A link as ip(8) shows it; the owner of a tunnel is still a name. */
export interface ParsedLink {
  readonly name: string;
  readonly isUp: boolean;
  readonly kind: string | undefined;
  readonly owner: string | undefined;
  readonly hardwareAddress: string | undefined;
}

function parseList<Item>(text: string, schema: z.ZodType<Item>): Item[] {
  // Without anything to show, ip prints nothing at all, or a list with an empty object.
  if (text.trim() === '') return [];
  try {
    return z.array(schema).parse(JSON.parse(text));
  } catch (error) {
    throw new HostError('HOST_NETWORK_FAILED', 'ip answered something that we do not understand', {
      hint: 'iproute2 4.18 or newer is needed.',
      cause: error,
    });
  }
}

/** Reads `ip -json -details link show`. */
export function parseLinks(text: string): ParsedLink[] {
  return parseList(text, linkSchema).flatMap(({ ifname, flags, address, linkinfo }) => {
    if (ifname === undefined) return [];
    const data = linkinfo?.info_data;
    const kind = linkinfo?.info_kind === 'tun' ? (data?.type ?? 'tun') : linkinfo?.info_kind;
    const owner = linkinfo?.info_kind === 'tun' && data?.user !== undefined ? String(data.user) : undefined;
    return [{ name: ifname, isUp: flags.includes('UP'), kind, owner, hardwareAddress: address }];
  });
}

/** Reads `ip -json address show`. */
export function parseAddresses(text: string): NetworkAddress[] {
  return parseList(text, linkSchema).flatMap(({ ifname, addr_info: entries }) =>
    entries.flatMap((entry) => {
      const family: AddressFamily | undefined = entry.family === 'inet' ? 4 : entry.family === 'inet6' ? 6 : undefined;
      if (ifname === undefined || family === undefined || entry.local === undefined || entry.prefixlen === undefined)
        return [];
      return [
        {
          link: ifname,
          family,
          address: canonicalAddress(entry.local),
          prefixLength: entry.prefixlen,
          scope: entry.scope ?? 'global',
          isTentative: entry.tentative === true && entry.dadfailed !== true,
          isDuplicate: entry.dadfailed === true,
        },
      ];
    }),
  );
}

/** Reads `ip -json route show table all`. */
export function parseRoutes(text: string, family: AddressFamily): NetworkRoute[] {
  // Each interface has routes to the same two or three networks.
  const destinations = new Map<string, string>();
  const canonical = (destination: string): string => {
    const known = destinations.get(destination) ?? canonicalDestination(destination);
    destinations.set(destination, known);
    return known;
  };
  return parseList(text, routeSchema).map((route) => ({
    family,
    destination: canonical(route.dst),
    link: route.dev,
    via: route.gateway,
    table: String(route.table ?? 'main'),
    type: route.type ?? 'unicast',
  }));
}
