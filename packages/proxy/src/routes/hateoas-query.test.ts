import { expect, test } from 'vitest';

import { ProxyError } from '../errors.js';
import { parseHateoasQuery } from './hateoas-query.js';

const TREES = 'portal_type:"Instance Tree" AND validation_state:validated';
const NODES = 'portal_type:"Compute Node" AND validation_state:validated';

test.each([
  [TREES, { portalType: 'Instance Tree', title: undefined }],
  [`${TREES} AND title:="a b"`, { portalType: 'Instance Tree', title: 'a b' }],
  [`${TREES} AND title:=" AND title:="`, { portalType: 'Instance Tree', title: ' AND title:=' }],
  [`${TREES} AND title:=""`, { portalType: 'Instance Tree', title: '' }],
  [NODES, { portalType: 'Compute Node', reference: undefined }],
  [`${NODES} AND reference:="COMP-1"`, { portalType: 'Compute Node', reference: 'COMP-1' }],
])('%s', (query, expected) => {
  expect(parseHateoasQuery(query)).toEqual(expected);
});

test.each([
  '',
  'portal_type',
  'portal_type:',
  'portal_type:"Computer" AND validation_state:validated',
  'portal_type:"Instance Tree"',
  'portal_type:Instance AND validation_state:validated',
  'portal_type:="Instance Tree" AND validation_state:validated',
  'portal_type:"Instance Tree" AND validation_state:"validated"',
  'portal_type:"Instance Tree" AND validation_state:draft',
  `${TREES} AND`,
  `${TREES} OR title:="a"`,
  `${TREES} AND title:=a`,
  `${TREES} AND title:"a"`,
  `${TREES} AND title:="a`,
  `${TREES} AND title:="a"b"`,
  `${TREES} AND reference:="a"`,
  `${TREES} AND title:="a" AND title:="b"`,
  `${NODES} AND title:="a"`,
])('refuses %j', (query) => {
  expect(() => parseHateoasQuery(query)).toThrow(ProxyError);
  expect(() => parseHateoasQuery(query)).toThrow(`Unhandled query: ${query}`);
});
