import type { UntrustedDirectory } from '@slapos/host';
import { type Kysely, sql } from 'kysely';

import { pythonFloat } from '../python-text.js';
import type { CollectorTables } from '../store/tables.js';

const KIB = 1024;
const MIB = 1024 * 1024;
const FILE_MODE = 0o644;
/** What the master calls these services. */
const SERVICES = 'service_module/';

/** One line of a bill: how much of what, for whom. */
interface Movement {
  /** Without `service_module/`. */
  readonly resource: string;
  readonly title: string;
  readonly reference: string;
  /** As text: some are integers, others are floats. */
  readonly quantity: string;
}

/** What a day's consumption document says, in its order. (spec: collect §5.3) */
async function dayMovements(tables: Kysely<CollectorTables>, date: string, computerId: string): Promise<Movement[]> {
  const system = await tables
    .selectFrom('system')
    .select(({ fn }) => [
      fn.avg<number | null>('cpu_percent').as('cpu'),
      fn.avg<number | null>('memory_used').as('memory'),
    ])
    .where('date', '=', date)
    .executeTakeFirst();
  const heating = await tables
    .selectFrom('heating')
    .select('zero_emission_ratio')
    .orderBy('date', 'desc')
    .orderBy('time', 'desc')
    .limit(1)
    .executeTakeFirst();
  const users = await tables
    .selectFrom('user')
    .select(['partition', sql<number>`count(distinct time)`.as('times')])
    .select(({ fn }) => [fn.sum<number>('cpu_percent').as('cpu'), fn.sum<number>('memory_rss').as('memory')])
    .where('date', '=', date)
    .groupBy('partition')
    .orderBy('partition')
    .execute();
  const folders = await tables
    .selectFrom('folder')
    .select(['partition', sql<number>`count(distinct time)`.as('times')])
    .select(({ fn }) => fn.sum<number>('disk_used').as('disk'))
    .where('date', '=', date)
    .groupBy('partition')
    .orderBy('partition')
    .execute();
  const ofComputer = (resource: string, title: string, quantity: string): Movement => ({
    resource,
    title,
    reference: computerId,
    quantity,
  });
  const ofUser = (resource: string, title: string, user: string, quantity: number): Movement => ({
    resource,
    title: `${title} for ${user}`,
    reference: user,
    quantity: pythonFloat(quantity),
  });
  return [
    ...(system === undefined || system.cpu === null
      ? []
      : [ofComputer('cpu_load_percent', 'CPU Load Percent Average', pythonFloat(system.cpu))]),
    ...(system === undefined || system.memory === null
      ? []
      : [ofComputer('memory_used', 'Used Memory', pythonFloat(system.memory))]),
    ofComputer(
      'zero_emission_ratio',
      'Zero Emission Ratio',
      heating === undefined ? '-1' : pythonFloat(heating.zero_emission_ratio),
    ),
    ...users.map(({ partition, cpu, times }) =>
      ofUser('cpu_load_percent', 'CPU Load Percent Average', partition, cpu / times),
    ),
    ...users.map(({ partition, memory, times }) =>
      ofUser('memory_used', 'Memory Used Average', partition, memory / times / MIB),
    ),
    ...folders.map(({ partition, disk, times }) =>
      ofUser('disk_used', 'Partition Disk Used Average', partition, disk / times / KIB),
    ),
  ];
}

/** The document of a day, on one line, byte for byte as the Python node writes it. */
function consumptionXml(date: string, computerId: string, movements: readonly Movement[]): string {
  const element = (name: string, text: string): string => `<${name}>${escaped(text)}</${name}>`;
  const lines = movements.map(
    ({ resource, title, reference, quantity }) =>
      `<movement>${element('resource', SERVICES + resource)}${element('title', title)}${element('reference', reference)}` +
      `${element('quantity', quantity)}<price>0.0</price><VAT></VAT><category></category></movement>`,
  );
  return (
    "<?xml version='1.0' encoding='utf-8'?><journal><transaction type=\"Sale Packing List\">" +
    element('title', `Eco Information for ${computerId} `) +
    `${element('start_date', `${date} 00:00:00`)}${element('stop_date', `${date} 23:59:59`)}${element('reference', `${date}-global`)}` +
    '<currency></currency><payment_mode></payment_mode><category></category><arrow type="Destination"/>' +
    lines.join('') +
    '</transaction></journal>'
  );
}

/** Text for XML: marked characters escaped, and what XML cannot hold replaced. */
function escaped(text: string): string {
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      // What XML 1.0 has no way to write.
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
  );
}

/** The folders of consumption documents. */
interface ConsumptionFolders {
  /** `var/consumption-report`: a document here means that the day is done. */
  readonly done: UntrustedDirectory;
  /** `var/xml_report/<computer_id>`: what `slapos node report` sends, and removes. */
  readonly outbox: UntrustedDirectory;
}

/**
 * Writes a day's document, unless that was done. It is made beside the one that marks the day, and moved into the outbox last: so it gets
 * there exactly once, wherever a run is killed, even if it is sent before the next run. Returns whether it put one there.
 */
export async function writeDayConsumption(
  tables: Kysely<CollectorTables>,
  { done, outbox }: ConsumptionFolders,
  date: string,
  computerId: string,
): Promise<boolean> {
  const name = `${date}.xml`;
  const pending = `${name}.pending`;
  if (await done.exists(`${name}.uploaded`)) return false;
  if (!(await done.exists(name))) {
    const xml = consumptionXml(date, computerId, await dayMovements(tables, date, computerId));
    await done.writeAtomic(pending, xml, { mode: FILE_MODE });
    await done.writeAtomic(name, xml, { mode: FILE_MODE });
  }
  if (!(await done.exists(pending))) return false;
  await done.rename(pending, name, outbox);
  return true;
}
