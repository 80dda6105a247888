import { describe, expect, test } from 'vitest';

import { isSlapOSError } from '../errors.js';
import { checkComputerUsage, readPartitionUsage, writeComputerUsage, writePartitionUsage } from './usage-documents.js';

const MOVEMENT =
  '<movement><resource>CPU</resource><title>t</title><reference>mine</reference><quantity>42.42</quantity><price>0.00</price><VAT>None</VAT><category>None</category></movement>';
const wrap = (content: string): string => `<?xml version="1.0"?><consumption>${content}</consumption>`;

describe('the usage report of a partition', () => {
  test('is a list of movements', () => {
    expect(readPartitionUsage(wrap(MOVEMENT))).toEqual([
      {
        resource: 'CPU',
        title: 't',
        reference: 'mine',
        quantity: '42.42',
        price: '0.00',
        vat: 'None',
        categories: ['None'],
      },
    ]);
  });

  test('may leave out what is optional, have white space, comments and CDATA', () => {
    const document = wrap(
      '\n <movement>\n<resource><![CDATA[<a&b>]]></resource> <!-- c --> <quantity> 1e3 </quantity><price>.5</price><VAT/></movement>\n',
    );
    expect(readPartitionUsage(document)).toEqual([
      {
        resource: '<a&b>',
        title: undefined,
        reference: undefined,
        quantity: '1e3',
        price: '.5',
        vat: '',
        categories: [],
      },
    ]);
  });

  test.each([
    ['empty', ''],
    ['not XML', 'hello'],
    ['cut off', wrap(MOVEMENT).slice(0, -5)],
    ['another root', '<journal/>'],
    ['without movement', wrap('')],
    ['a missing element', wrap(MOVEMENT.replace('<VAT>None</VAT>', ''))],
    ['another order', wrap(MOVEMENT.replace(/(<quantity>.*<\/quantity>)(<price>.*<\/price>)/, '$2$1'))],
    ['an element twice', wrap(MOVEMENT.replace('<VAT>', '<VAT/><VAT>'))],
    ['an unknown element', wrap(MOVEMENT.replace('<VAT>', '<tip/><VAT>'))],
    ['an unknown attribute', wrap(MOVEMENT.replace('<price>', '<price currency="EUR">'))],
    ['a namespace', wrap(MOVEMENT).replace('<consumption>', '<consumption xmlns="urn:x">')],
    ['text between', wrap(`${MOVEMENT}gift`)],
    ['elements in a text', wrap(MOVEMENT.replace('CPU', '<b>CPU</b>'))],
    ['a number that is none', wrap(MOVEMENT.replace('42.42', '42,42'))],
    ['infinity', wrap(MOVEMENT.replace('42.42', 'INF'))],
    ['a number beyond all bounds', wrap(MOVEMENT.replace('42.42', '1e999'))],
    ['not a number', wrap(MOVEMENT.replace('42.42', 'NaN'))],
    ['a document type', wrap(MOVEMENT).replace('?>', '?><!DOCTYPE consumption>')],
    [
      'an external entity',
      `<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]>${wrap(MOVEMENT.replace('CPU', '&x;'))}`,
    ],
    ['an unknown entity', wrap(MOVEMENT.replace('CPU', '&nbsp;'))],
    ['too deep', wrap('<movement>'.repeat(50) + '</movement>'.repeat(50))],
    ['too long', wrap(MOVEMENT.replace('CPU', 'x'.repeat(70_000)))],
  ])('that is %s is refused', (_, document) => {
    expect(() => readPartitionUsage(document)).toThrow(/^Invalid usage document: /);
  });

  test('has at most so many movements', () => {
    expect(() => readPartitionUsage(wrap(MOVEMENT.repeat(3)), { maxMovements: 2 })).toThrow('more than 2 movements');
  });

  test('is written as it is read', () => {
    const movements = readPartitionUsage(wrap(MOVEMENT.replace('CPU', 'a &amp; &lt;b&gt;')));
    expect(readPartitionUsage(writePartitionUsage(movements))).toEqual(movements);
  });
});

describe('the usage report of a computer', () => {
  const usages = [
    { partitionId: 'slappart0', movements: readPartitionUsage(wrap(MOVEMENT)) },
    {
      partitionId: 'slappart1',
      movements: readPartitionUsage(wrap(MOVEMENT.replace('t</title>', '&lt;/movement></title>'))),
    },
  ];
  const document = writeComputerUsage({ computerId: 'COMP-123', stopDate: '2026-11-23 at 05:12:00', usages });

  test('is one line with the partition as the reference of each movement', () => {
    expect(document).toBe(
      '<?xml version="1.0"?><journal><transaction type="Sale Packing List"><title>Resource consumptions</title><start_date></start_date>' +
        '<stop_date>2026-11-23 at 05:12:00</stop_date><reference>COMP-123</reference><currency></currency><payment_mode></payment_mode><category></category>' +
        '<arrow type="Administration"><source></source><destination></destination></arrow>' +
        '<movement><resource>CPU</resource><title>t</title><reference>slappart0</reference><quantity>42.42</quantity><price>0.00</price><VAT>None</VAT><category>None</category></movement>' +
        '<movement><resource>CPU</resource><title>&lt;/movement&gt;</title><reference>slappart1</reference><quantity>42.42</quantity><price>0.00</price><VAT>None</VAT><category>None</category></movement>' +
        '</transaction></journal>',
    );
  });

  test('is valid', () => expect(() => checkComputerUsage(document)).not.toThrow());

  test.each([
    ['no type', document.replace(' type="Sale Packing List"', '')],
    ['no arrow', document.replace(/<arrow.*<\/arrow>/, '')],
    ['no movement', document.replace(/<movement>.*<\/movement>/, '')],
    ['another root', '<consumption/>'],
  ])('with %s is refused', (_, wrong) => {
    expect(() => checkComputerUsage(wrong)).toThrow(/^Invalid usage document: /);
  });

  test('cannot hold what XML cannot hold', () => {
    const write = (): string => writeComputerUsage({ computerId: 'a\0b', stopDate: '', usages });
    expect(write).toThrow(expect.toSatisfy(isSlapOSError));
  });
});
