import { describe, expect, it } from 'vitest';
import { formatOptionsFromSection } from './options.js';
import { formatSectionSchema } from './section.js';

const SECTION = {
  computer_id: 'COMP-1',
  master_url: 'https://master.example/',
  instance_root: '/srv/slapgrid',
  software_root: '/opt/slapgrid',
  computer_xml: '/opt/slapos/slapos.xml',
  partition_amount: '3',
  partition_base_name: 'slappart',
  user_base_name: 'slapuser',
  tap_base_name: 'slaptap',
  interface_name: 'br0',
  ipv4_local_network: '10.0.0.0/16',
};

describe('the keys of [slapformat]', () => {
  it.each([
    [
      'partition_base_name',
      ['../../etc/slap', '/srv/part', '..', '.hidden', 'a/b', 'a\u0000b', 'a b', '-rf', 'x'.repeat(80)],
    ],
    ['user_base_name', ['../root', 'a:b', 'a\nb', '-x', '0', 'ä', 'a b']],
    ['tap_base_name', ['../net', 'a/b', 'a b', 'a\nlink delete br0', '-x', 'averylongtapname']],
    ['software_user', ['', '../root', 'a:b', 'root\n', '-x']],
    ['partition_amount', ['-1', '1e3', '0x10', '3.5', '', 'many', 'NaN']],
    ['ipv6_prefixshift', ['0', '129', '-4', '16.0']],
    ['alter_network', ['yes', '1', '']],
  ])('refuse what %s cannot be', (key, values) => {
    for (const value of values) {
      const result = formatSectionSchema.safeParse({ ...SECTION, [key]: value });
      expect(
        result.error?.issues.map(({ path }) => path[0]),
        JSON.stringify(value),
      ).toEqual([key]);
    }
  });

  it.each([
    [{ tap_base_name: 'averylongname', partition_amount: '1001' }, '[slapformat] tap_base_name'],
    [{ ipv4_local_network: '10.0.0.0/33' }, '[slapformat] ipv4_local_network'],
    [{ ipv6_prefixshift: '3' }, 'ipv6_prefixshift = 3'],
    [{ interface_name: '' }, "Parameter 'interface_name' is not defined."],
    [{ user_base_name: '' }, "Parameter 'user_base_name' is not defined."],
  ])('are refused together when they do not fit: %j', (changes, message) => {
    const section = formatSectionSchema.parse({ ...SECTION, ...changes });
    expect(() => formatOptionsFromSection(section)).toThrow(message);
  });

  it('are taken when they fit', () => {
    expect(formatOptionsFromSection(formatSectionSchema.parse(SECTION))).toMatchObject({
      partitionAmount: 3,
      createTap: true,
      ipv6PrefixShift: 16,
    });
  });
});
