import { expect, test } from 'vitest';

import { readLddOutput } from './ldd.js';

test('every line that ldd is known to print', () => {
  const output = `
	linux-vdso.so.1 (0x00007ffc5c5f2000)
	libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f1)
	libmine.so => not found
	/opt/by path/libdirect.so (0x00007f3)
	/lib64/ld-linux-x86-64.so.2 (0x00007f2)
ldd: warning: you do not have execution permission for \`./a.so'
`;
  expect(readLddOutput(output)).toEqual([
    { name: 'libz.so.1', path: '/lib/x86_64-linux-gnu/libz.so.1' },
    { name: 'libmine.so', path: undefined },
    { name: '/opt/by path/libdirect.so', path: '/opt/by path/libdirect.so' },
  ]);
  expect(readLddOutput('\tnot a dynamic executable\n')).toEqual([]);
  expect(readLddOutput('\tstatically linked\n')).toEqual([]);
});

test('a line that nobody knows is an error', () => {
  expect(() => readLddOutput('what is this')).toThrow('Unexpected line of ldd: what is this');
});
