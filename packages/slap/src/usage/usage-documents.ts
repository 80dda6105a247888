import { assertXmlText } from '../wire/xml-text.js';
import { checkContent, type ContentModel } from './content-model.js';
import { invalidUsage, type PlainElement, readPlainXml } from './plain-xml.js';

/** One line of a usage report (spec: grid §11.1). Texts that are absent are `undefined`; empty ones are empty. */
export interface UsageMovement {
  readonly resource: string;
  readonly title?: string | undefined;
  readonly reference?: string | undefined;
  /** As it was written: a number of XML Schema's `float`. */
  readonly quantity: string;
  readonly price: string;
  readonly vat: string;
  readonly categories: readonly string[];
}

/** Limits on the report of one partition: what is over them would spoil the reports of others (spec: security S28). */
export interface UsageLimits {
  /** Characters. Default 65536. */
  readonly maxLength?: number;
  /** Default 1000. */
  readonly maxMovements?: number;
}

const DEFAULT_MAX_LENGTH = 64 * 1024;
const DEFAULT_MAX_MOVEMENTS = 1000;

const MOVEMENT: ContentModel = {
  children: [
    { name: 'resource' },
    { name: 'title', optional: true },
    { name: 'reference', optional: true },
    { name: 'quantity', isFloat: true },
    { name: 'price', isFloat: true },
    { name: 'VAT' },
    { name: 'category', optional: true, repeated: true },
  ],
};
const PARTITION_USAGE: ContentModel = { children: [{ name: 'movement', repeated: true, model: MOVEMENT }] };
const ARROW: ContentModel = {
  attributes: ['type'],
  children: [
    { name: 'source', optional: true },
    { name: 'destination', optional: true },
  ],
};
const TRANSACTION: ContentModel = {
  attributes: ['type'],
  children: [
    { name: 'title', optional: true },
    { name: 'start_date' },
    { name: 'stop_date' },
    { name: 'reference' },
    { name: 'currency' },
    { name: 'payment_mode' },
    { name: 'category', optional: true, repeated: true },
    { name: 'arrow', repeated: true, model: ARROW },
    { name: 'movement', repeated: true, model: MOVEMENT },
  ],
};
const COMPUTER_USAGE: ContentModel = { children: [{ name: 'transaction', repeated: true, model: TRANSACTION }] };

/**
 * Reads the usage report of a partition: a `consumption` of movements (spec: grid §11.1).
 * @throws SlapError `SLAP_INVALID_DOCUMENT` that says what is wrong; also for numbers that are not finite, and beyond the limits
 */
export function readPartitionUsage(document: string, limits: UsageLimits = {}): UsageMovement[] {
  const { maxLength = DEFAULT_MAX_LENGTH, maxMovements = DEFAULT_MAX_MOVEMENTS } = limits;
  if (document.length > maxLength) throw invalidUsage(`longer than ${String(maxLength)} characters`);
  const root = readRoot(document, 'consumption', PARTITION_USAGE);
  if (root.children.length > maxMovements) throw invalidUsage(`more than ${String(maxMovements)} movements`);
  return root.children.map(readMovement);
}

/**
 * Checks a usage report of a whole computer, such as `slapos node collect` writes it: a `journal` of transactions (spec: grid §11.1).
 * @throws SlapError `SLAP_INVALID_DOCUMENT` that says what is wrong
 */
export function checkComputerUsage(document: string): void {
  readRoot(document, 'journal', COMPUTER_USAGE);
}

/** What a partition used. */
export interface PartitionUsage {
  readonly partitionId: string;
  readonly movements: readonly UsageMovement[];
}

/**
 * Writes the document that tells a master what the partitions of a computer used (spec: grid §11.2). Every movement gets the id of its
 * partition as its reference, whatever its author wrote. The stop date is text: `2026-11-23 at 05:12:00`.
 * @throws SlapError `SLAP_INVALID_ARGUMENT` for text that XML cannot hold
 */
export function writeComputerUsage(options: {
  readonly computerId: string;
  readonly stopDate: string;
  readonly usages: readonly PartitionUsage[];
}): string {
  const movements = options.usages.flatMap(({ partitionId, movements: own }) =>
    own.map((movement) => writeMovement({ ...movement, reference: partitionId })),
  );
  return [
    '<?xml version="1.0"?><journal><transaction type="Sale Packing List">',
    '<title>Resource consumptions</title><start_date></start_date>',
    element('stop_date', options.stopDate),
    element('reference', options.computerId),
    '<currency></currency><payment_mode></payment_mode><category></category>',
    '<arrow type="Administration"><source></source><destination></destination></arrow>',
    ...movements,
    '</transaction></journal>',
  ].join('');
}

/** Writes the usage report of one partition, as {@link readPartitionUsage} reads it. */
export function writePartitionUsage(movements: readonly UsageMovement[]): string {
  return `<?xml version="1.0"?><consumption>${movements.map(writeMovement).join('')}</consumption>`;
}

function readRoot(document: string, name: string, model: ContentModel): PlainElement {
  const root = readPlainXml(document);
  if (root.name !== name) throw invalidUsage(`<${root.name}> instead of <${name}>`);
  checkContent(root, model);
  return root;
}

function readMovement({ children }: PlainElement): UsageMovement {
  const text = (name: string): string | undefined => children.find((child) => child.name === name)?.text;
  const finite = (name: string): string => {
    const value = (text(name) ?? '').trim();
    if (!Number.isFinite(Number(value)))
      throw invalidUsage(`<${name}> is ${JSON.stringify(value)}, which is not finite`);
    return value;
  };
  return {
    resource: text('resource') ?? '',
    title: text('title'),
    reference: text('reference'),
    quantity: finite('quantity'),
    price: finite('price'),
    vat: text('VAT') ?? '',
    categories: children.filter((child) => child.name === 'category').map((child) => child.text),
  };
}

function writeMovement(movement: UsageMovement): string {
  const { resource, title, reference, quantity, price, vat, categories } = movement;
  return [
    '<movement>',
    element('resource', resource),
    ...(title === undefined ? [] : [element('title', title)]),
    ...(reference === undefined ? [] : [element('reference', reference)]),
    element('quantity', quantity),
    element('price', price),
    element('VAT', vat),
    ...categories.map((category) => element('category', category)),
    '</movement>',
  ].join('');
}

function element(name: string, text: string): string {
  assertXmlText(text, `<${name}>`);
  return `<${name}>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;')}</${name}>`;
}
