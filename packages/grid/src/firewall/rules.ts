import { isIPv4, isIPv6 } from 'node:net';

/** One direct rule of firewalld about an address of a partition. */
export interface FirewallRule {
  readonly family: 'ipv4' | 'ipv6';
  readonly chain: 'INPUT' | 'FORWARD';
  readonly priority: number;
  /** Address or network; absent: any. */
  readonly source?: string;
  readonly destination: string;
  /** Only packets of connections that exist already. */
  readonly establishedOnly?: boolean;
  readonly action: 'ACCEPT' | 'REJECT';
}

const CHAINS = ['INPUT', 'FORWARD'] as const;
const ACCEPT_PRIORITY = 0;
const REJECT_PRIORITY = 1000;
const REJECT_ESTABLISHED_PRIORITY = 900;
const REJECTED_SOURCE_PRIORITY = 900;
const REJECTED_SOURCE_ESTABLISHED_PRIORITY = 800;

/** What is asked of firewalld about a rule. */
export type RuleVerb = 'add' | 'query' | 'remove';

/** The arguments of firewall-cmd for a rule. (spec: grid 10) */
export function ruleArguments(rule: FirewallRule, verb: RuleVerb): string[] {
  return [
    '--permanent',
    '--direct',
    `--${verb}-rule`,
    rule.family,
    'filter',
    rule.chain,
    String(rule.priority),
    ...(rule.source === undefined ? [] : ['-s', rule.source]),
    '-d',
    rule.destination,
    ...(rule.establishedOnly === true ? ['-m', 'state', '--state', 'ESTABLISHED,RELATED'] : []),
    '-j',
    rule.action,
  ];
}

/** A rule as text: equal texts are equal rules. The same text as in the file of the Python agent. */
export function ruleText(rule: FirewallRule): string {
  return ruleArguments(rule, 'add').join(' ');
}

const RULE =
  /^--permanent --direct --add-rule (ipv4|ipv6) filter (INPUT|FORWARD) (\d{1,5})(?: -s ([0-9A-Fa-f.:/]{2,64}))? -d ([0-9A-Fa-f.:/]{2,64})( -m state --state ESTABLISHED,RELATED)? -j (ACCEPT|REJECT)$/;

/** The family of an address or network (`10.0.0.0/8`); `undefined` when it is neither. */
export function addressFamily(source: string): FirewallRule['family'] | undefined {
  const [address = '', prefix, ...rest] = source.split('/');
  if (rest.length > 0 || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) return undefined;
  if (isIPv4(address)) return prefix === undefined || Number(prefix) <= 32 ? 'ipv4' : undefined;
  return isIPv6(address) && (prefix === undefined || Number(prefix) <= 128) ? 'ipv6' : undefined;
}

/** Reads a rule of the exact form that `ruleText` writes; `undefined` for anything else. (spec: security S1) */
export function parseRule(text: string): FirewallRule | undefined {
  const match = RULE.exec(text);
  if (match === null) return undefined;
  const [, family, chain, priority, source, destination = '', established, action] = match;
  if (addressFamily(destination) !== family || (source !== undefined && addressFamily(source) !== family))
    return undefined;
  return {
    family: family === 'ipv6' ? 'ipv6' : 'ipv4',
    chain: chain === 'FORWARD' ? 'FORWARD' : 'INPUT',
    priority: Number(priority),
    ...(source === undefined ? {} : { source }),
    destination,
    ...(established === undefined ? {} : { establishedOnly: true }),
    action: action === 'REJECT' ? 'REJECT' : 'ACCEPT',
  };
}

/** Who may, and who may not, reach a partition's addresses. */
export interface FirewallWishes {
  /** Addresses of the partition. */
  readonly ownAddresses: readonly string[];
  /** Addresses of the other partitions of its tree, and of others that are always let in. */
  readonly accepted: readonly string[];
  /** Absent: everybody else is rejected. Else only these are. */
  readonly rejected?: readonly string[];
}

/** The rules for a partition, in the order in which they are added. Pure. (spec: grid 10) */
export function computeRules(wishes: FirewallWishes): FirewallRule[] {
  const rules: FirewallRule[] = [];
  for (const destination of wishes.ownAddresses) {
    const family = addressFamily(destination);
    if (family === undefined) continue;
    const add = (rule: Omit<FirewallRule, 'family' | 'chain' | 'destination'>): void => {
      for (const chain of CHAINS) rules.push({ family, chain, destination, ...rule });
    };
    const accepted = wishes.accepted.filter((source) => addressFamily(source) === family);
    const acceptAll = (): void => {
      for (const source of accepted) add({ priority: ACCEPT_PRIORITY, source, action: 'ACCEPT' });
    };
    if (wishes.rejected === undefined) {
      acceptAll();
      add({ priority: REJECT_PRIORITY, action: 'REJECT' });
      add({ priority: REJECT_ESTABLISHED_PRIORITY, establishedOnly: true, action: 'REJECT' });
      continue;
    }
    for (const source of wishes.rejected.filter((candidate) => addressFamily(candidate) === family)) {
      add({ priority: REJECTED_SOURCE_ESTABLISHED_PRIORITY, source, establishedOnly: true, action: 'REJECT' });
      add({ priority: REJECTED_SOURCE_PRIORITY, source, action: 'REJECT' });
    }
    acceptAll();
  }
  return rules;
}
