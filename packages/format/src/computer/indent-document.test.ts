import { expect, it } from 'vitest';
import { indentDocument } from './indent-document.js';

it('puts one element on a line, and shortens what is empty', () => {
  const wire =
    '<marshal><dictionary id="i2"><string>a</string><string></string><string>b</string><list id="i3"/><string>c</string><none/></dictionary></marshal>';
  expect(indentDocument(wire)).toBe(`<marshal>
  <dictionary id="i2">
    <string>a</string>
    <string/>
    <string>b</string>
    <list id="i3"/>
    <string>c</string>
    <none/>
  </dictionary>
</marshal>
`);
});
