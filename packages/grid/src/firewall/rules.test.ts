import { expect, test } from 'vitest';

import { computeRules, parseRule, ruleArguments, ruleText } from './rules.js';

const P = '--permanent --direct --add-rule ipv4 filter';

test('only the tree and those who are authorized may enter', () => {
  expect(computeRules({ ownAddresses: ['10.0.0.2'], accepted: ['10.0.0.3', '192.168.0.0/16'] }).map(ruleText)).toEqual([
    `${P} INPUT 0 -s 10.0.0.3 -d 10.0.0.2 -j ACCEPT`,
    `${P} FORWARD 0 -s 10.0.0.3 -d 10.0.0.2 -j ACCEPT`,
    `${P} INPUT 0 -s 192.168.0.0/16 -d 10.0.0.2 -j ACCEPT`,
    `${P} FORWARD 0 -s 192.168.0.0/16 -d 10.0.0.2 -j ACCEPT`,
    `${P} INPUT 1000 -d 10.0.0.2 -j REJECT`,
    `${P} FORWARD 1000 -d 10.0.0.2 -j REJECT`,
    `${P} INPUT 900 -d 10.0.0.2 -m state --state ESTABLISHED,RELATED -j REJECT`,
    `${P} FORWARD 900 -d 10.0.0.2 -m state --state ESTABLISHED,RELATED -j REJECT`,
  ]);
});

test('everybody but the rejected may enter', () => {
  const rules = computeRules({ ownAddresses: ['10.0.0.2'], accepted: ['10.0.0.3'], rejected: ['10.9.0.0/16'] });
  expect(rules.map(ruleText)).toEqual([
    `${P} INPUT 800 -s 10.9.0.0/16 -d 10.0.0.2 -m state --state ESTABLISHED,RELATED -j REJECT`,
    `${P} FORWARD 800 -s 10.9.0.0/16 -d 10.0.0.2 -m state --state ESTABLISHED,RELATED -j REJECT`,
    `${P} INPUT 900 -s 10.9.0.0/16 -d 10.0.0.2 -j REJECT`,
    `${P} FORWARD 900 -s 10.9.0.0/16 -d 10.0.0.2 -j REJECT`,
    `${P} INPUT 0 -s 10.0.0.3 -d 10.0.0.2 -j ACCEPT`,
    `${P} FORWARD 0 -s 10.0.0.3 -d 10.0.0.2 -j ACCEPT`,
  ]);
});

test('each family has its own rules', () => {
  const rules = computeRules({ ownAddresses: ['10.0.0.2', '2001:db8::2'], accepted: ['10.0.0.3', '2001:db8::3'] });
  expect(
    rules
      .filter((rule) => rule.action === 'ACCEPT')
      .map((rule) => `${rule.family} ${rule.source ?? ''} ${rule.destination}`),
  ).toEqual([
    'ipv4 10.0.0.3 10.0.0.2',
    'ipv4 10.0.0.3 10.0.0.2',
    'ipv6 2001:db8::3 2001:db8::2',
    'ipv6 2001:db8::3 2001:db8::2',
  ]);
});

test('what is written is read again', () => {
  for (const rule of computeRules({
    ownAddresses: ['10.0.0.2', '2001:db8::2'],
    accepted: ['10.0.0.3'],
    rejected: ['10.1.0.0/8'],
  })) {
    expect(parseRule(ruleText(rule))).toEqual(rule);
    expect(ruleArguments(rule, 'query')[2]).toBe('--query-rule');
  }
});

test.each([
  '; cp /bin/sh /tmp/sh; chmod 4755 /tmp/sh #',
  `${P} INPUT 0 -d 10.0.0.2 -j ACCEPT; id`,
  `${P} INPUT 0 -d 10.0.0.2 -j ACCEPT\n${P} INPUT 0 -d 10.0.0.3 -j ACCEPT`,
  `${P} INPUT 0 -d $(id) -j ACCEPT`,
  `${P} INPUT 0 -s \`id\` -d 10.0.0.2 -j ACCEPT`,
  `${P} OUTPUT 0 -d 10.0.0.2 -j ACCEPT`,
  `${P} INPUT 0 -d 10.0.0.2 -j DROP`,
  `${P} INPUT 0 -d 10.0.0.2/33 -j ACCEPT`,
  `${P} INPUT 0 -d 10.0.0.256 -j ACCEPT`,
  `${P} INPUT 0 -s 2001:db8::1 -d 10.0.0.2 -j ACCEPT`,
  `${P} INPUT 0 -d 10.0.0.2 -j ACCEPT `,
  ` ${P} INPUT 0 -d 10.0.0.2 -j ACCEPT`,
  '--permanent --direct --add-rule eb filter INPUT 0 -d 10.0.0.2 -j ACCEPT',
  '--permanent --direct --add-rule ipv4 nat INPUT 0 -d 10.0.0.2 -j ACCEPT',
  '--permanent --direct --remove-rule ipv4 filter INPUT 0 -d 10.0.0.2 -j ACCEPT',
  '--permanent --direct --passthrough ipv4 -A INPUT -j ACCEPT',
  '--reload',
  '--permanent --direct --add-rule ipv4 filter INPUT 0 -d 10.0.0.2 -m state --state NEW -j REJECT',
  `${P} INPUT -1 -d 10.0.0.2 -j ACCEPT`,
  '',
])('%j is no rule', (text) => {
  expect(parseRule(text)).toBeUndefined();
});
