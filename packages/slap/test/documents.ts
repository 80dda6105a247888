/** A document that a reader must accept or refuse. */
export interface CorpusEntry {
  readonly name: string;
  readonly document: string | Uint8Array;
  /** Whether it is refused. */
  readonly isRefused: boolean;
}

const PIECES = [
  '<',
  '>',
  '/',
  '&',
  ';',
  '"',
  ' ',
  '\n',
  '\r',
  '\u0000',
  'id="i2"',
  '<none/>',
  '<int>1</int>',
  '<!--',
  '-->',
  ']]>',
  '&lt;',
  '&#0;',
  '&amp;',
  '<reference id="i2"/>',
  '<list>',
  '</list>',
  'é',
  '\ud800',
  '<![CDATA[',
  '<?x?>',
  'x:',
  '</marshal>',
  '<marshal>',
];

/** Changes a document at some places: puts a piece in, takes characters out, or doubles a part. */
export function mutated(document: string, changes: readonly (readonly [number, number, number])[]): string {
  let result = document;
  for (const [where, how, what] of changes) {
    const at = where % (result.length + 1);
    const piece = PIECES[what % PIECES.length] ?? '';
    const kind = how % 4;
    if (kind === 0) result = result.slice(0, at) + piece + result.slice(at);
    else if (kind === 1) result = result.slice(0, at) + result.slice(at + 1 + (what % 5));
    else if (kind === 2) result = result.slice(0, at) + piece + result.slice(at + piece.length);
    else result = result.slice(0, at) + result.slice(Math.max(0, at - (what % 30)));
  }
  return result;
}

const inMarshal = (content: string) => `<marshal>${content}</marshal>`;
const object = (className: string, tuple: string, state: string, module = 'slapos.slap.slap') =>
  inMarshal(`<object id="i2" module="${module}" class="${className}">${tuple}${state}</object>`);
const entry = (name: string, document: string | Uint8Array, isRefused: boolean): CorpusEntry => ({
  name,
  document,
  isRefused,
});
const refuse = (name: string, document: string | Uint8Array) => entry(name, document, true);
const accept = (name: string, document: string | Uint8Array) => entry(name, document, false);

const BILLION_LAUGHS = `<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa">${'bcdefghij'
  .split('')
  .map((name, index) => `<!ENTITY ${name} "${`&${'abcdefghij'[index]!};`.repeat(10)}">`)
  .join('')}]>${inMarshal('<string>&j;</string>')}`;

const ENTITIES: CorpusEntry[] = [
  refuse(
    'an external entity of a file',
    '<!DOCTYPE m [<!ENTITY e SYSTEM "file:///etc/passwd">]><marshal><string>&e;</string></marshal>',
  ),
  refuse(
    'an external entity over http',
    '<!DOCTYPE m [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]><marshal><string>&e;</string></marshal>',
  ),
  refuse(
    'a parameter entity',
    '<!DOCTYPE m [<!ENTITY % e SYSTEM "http://127.0.0.1:1/x.dtd"> %e;]><marshal><none/></marshal>',
  ),
  refuse('an external subset', '<!DOCTYPE marshal SYSTEM "http://127.0.0.1:1/x.dtd"><marshal><none/></marshal>'),
  refuse(
    'a public external subset',
    '<!DOCTYPE marshal PUBLIC "-//x//y" "http://127.0.0.1:1/x.dtd"><marshal><none/></marshal>',
  ),
  refuse('an empty document type', '<!DOCTYPE marshal><marshal><none/></marshal>'),
  refuse('an entity bomb', BILLION_LAUGHS),
  refuse(
    'a quadratic entity bomb',
    `<!DOCTYPE m [<!ENTITY a "${'a'.repeat(50_000)}">]>${inMarshal(`<string>${'&a;'.repeat(1000)}</string>`)}`,
  ),
  ...[
    'nbsp',
    'copy',
    'e',
    'xxe',
    '',
    '#',
    '#x',
    '#xG',
    '#-1',
    '#1.5',
    '# 65',
    'a b',
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
  ].map((name) => refuse(`the reference &${name};`, inMarshal(`<string>&${name};</string>`))),
  ...[
    '0',
    '1',
    '8',
    '11',
    '12',
    '14',
    '31',
    'x0',
    'xB',
    'x1F',
    'xD800',
    'xDFFF',
    'xFFFE',
    'xFFFF',
    'x110000',
    '99999999999',
  ].map((code) => refuse(`the character reference &#${code};`, inMarshal(`<string>&#${code};</string>`))),
  ...[
    '9',
    '10',
    '13',
    '32',
    '127',
    '128',
    'x85',
    'x9F',
    'xE9',
    'xD7FF',
    'xE000',
    'xFFFD',
    'x10000',
    'x10FFFF',
    '0000065',
  ].map((code) => accept(`the character reference &#${code};`, inMarshal(`<string>&#${code};</string>`))),
];

const RAW_CHARACTERS: CorpusEntry[] = Array.from({ length: 32 }, (_, code) => {
  const isSpace = code === 9 || code === 10 || code === 13;
  return entry(
    `the raw character U+${code.toString(16)}`,
    inMarshal(`<string>a${String.fromCharCode(code)}b</string>`),
    !isSpace,
  );
}).concat([
  refuse('a lone high surrogate', inMarshal('<string>\ud800</string>')),
  refuse('a lone low surrogate', inMarshal('<string>\udc00</string>')),
  refuse('U+FFFE', inMarshal('<string>\ufffe</string>')),
  refuse('U+FFFF', inMarshal('<string>\uffff</string>')),
  accept('a pair of surrogates', inMarshal('<string>😀</string>')),
  accept('raw text beyond ASCII', inMarshal('<string>é€</string>')),
]);

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));
const declared = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?>`;
const INVALID_UTF8: number[][] = [
  [0x80],
  [0xbf],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xe0, 0x80, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x80, 0x80, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xfe],
  [0xff],
  [0xc3],
  [0xe2, 0x82],
  [0xf0, 0x9f, 0x98],
  [0xc3, 0x28],
  [0xe2, 0x28, 0xa1],
];

const ENCODINGS: CorpusEntry[] = [
  ...INVALID_UTF8.map((sequence) =>
    refuse(
      `the bytes ${Buffer.from(sequence).toString('hex')}, which are not UTF-8`,
      bytes('<marshal><string>', sequence, '</string></marshal>'),
    ),
  ),
  ...['utf-8', 'UTF-8', 'iso-8859-1', 'us-ascii', 'windows-1252', 'koi8-r'].map((encoding) =>
    accept(`the declared encoding ${encoding}`, bytes(declared(encoding), inMarshal('<string>a</string>'))),
  ),
  ...['utf-7', 'x-user', 'ebcdic', 'base64', 'rot13'].map((encoding) =>
    refuse(`the unknown encoding ${encoding}`, bytes(declared(encoding), inMarshal('<string>a</string>'))),
  ),
  accept('UTF-16 with its mark', Buffer.from(`\ufeff${inMarshal('<string>é</string>')}`, 'utf16le')),
  refuse('UTF-16 cut in the middle of a unit', Buffer.from(`\ufeff${inMarshal('<none/>')}`, 'utf16le').subarray(0, 31)),
  refuse('NUL bytes only', Buffer.alloc(100)),
];

const CONTAINERS = ['list', 'tuple', 'dictionary', 'set', 'object', 'marshal'];
const SCALARS = ['int', 'long', 'float', 'bool', 'complex', 'none', 'string', 'unicode', 'reference'];
const UNKNOWN = [
  'foo',
  'code',
  'bytes',
  'str',
  'dict',
  'date',
  'instance',
  'global',
  'reduce',
  'eval',
  'INT',
  'String',
  'marshall',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
];

const ELEMENTS: CorpusEntry[] = [
  ...UNKNOWN.map((name) => refuse(`the element <${name}>`, inMarshal(`<${name}>1</${name}>`))),
  ...UNKNOWN.map((name) => refuse(`the root <${name}>`, `<${name}><none/></${name}>`)),
  ...SCALARS.map((name) => refuse(`an element inside <${name}>`, inMarshal(`<${name}><int>1</int></${name}>`))),
  ...[...CONTAINERS, ...SCALARS].map((name) => refuse(`<${name}> that never ends`, `<marshal><${name}>`)),
  ...[...CONTAINERS, ...SCALARS].map((name) =>
    refuse(`<${name}> closed by another`, `<marshal><${name}></x></marshal>`),
  ),
  ...['int', 'long', 'bool'].flatMap((name) =>
    [
      '',
      ' ',
      '1.5',
      '0x10',
      '5L',
      '1_000',
      'true',
      'None',
      '--1',
      '+-1',
      '1 2',
      '١',
      '1e3',
      'Infinity',
      '9'.repeat(5000),
    ].map((text) => refuse(`<${name}> of ${text.slice(0, 20)}`, inMarshal(`<${name}>${text}</${name}>`))),
  ),
  ...['', 'x', '1,5', '1_0.0', '0x1p3', '1e', 'e5', '.', '+', 'infin', '1 2'].map((text) =>
    refuse(`<float> of ${text}`, inMarshal(`<float>${text}</float>`)),
  ),
  ...['1', '1.', '.5', '1e5', '-0.0', 'nan', '-inf', 'Infinity', ' 1 ', '1E+400'].map((text) =>
    accept(`<float> of ${text}`, inMarshal(`<float>${text}</float>`)),
  ),
  ...['', '1', '1 2 3', 'a b', '1 b', '(1+2j)'].map((text) =>
    refuse(`<complex> of ${text}`, inMarshal(`<complex>${text}</complex>`)),
  ),
  refuse('no value', inMarshal('')),
  refuse('two values', inMarshal('<none/><none/>')),
  refuse('two roots', `${inMarshal('<none/>')}${inMarshal('<none/>')}`),
  refuse('text after the root', `${inMarshal('<none/>')}x`),
  refuse('marshal inside marshal', inMarshal(inMarshal('<none/>'))),
  refuse('a web page', '<!DOCTYPE html><html><body>Sign in</body></html>'),
  refuse('a web page without its type', '<html><body>Sign in</body></html>'),
  refuse('JSON', '{"status": 200}'),
  refuse('nothing', ''),
  refuse('white space only', ' \n\t '),
  accept(
    'comments everywhere',
    '<!-- a --><marshal><!-- b --><list><!-- c --><int>1<!-- d --></int></list></marshal><!-- e -->',
  ),
  refuse('a comment with two dashes', inMarshal('<!-- a -- b --><none/>')),
  refuse('a comment that never ends', inMarshal('<none/><!-- ')),
  accept('CDATA', inMarshal('<string><![CDATA[<&>]]></string>')),
  refuse('the end of CDATA in a text', inMarshal('<string>]]></string>')),
  refuse('an attribute twice', inMarshal('<list id="a" id="b"/>')),
  refuse('an attribute without quotes', inMarshal('<list id=a/>')),
  refuse('an attribute with <', inMarshal('<list id="<"/>')),
  refuse('a prefix that is not bound', '<x:marshal><x:none/></x:marshal>'),
  accept('a prefix that is bound', '<x:marshal xmlns:x="urn:any"><x:none/></x:marshal>'),
  accept('a processing instruction', `<?php system("x") ?>${inMarshal('<none/>')}`),
  refuse('a declaration in the middle', inMarshal('<?xml version="1.0"?><none/>')),
];

const REFERENCES: CorpusEntry[] = [
  refuse('a reference to nothing', inMarshal('<reference id="i9"/>')),
  refuse('a reference without id', inMarshal('<list id="i2"><reference/></list>')),
  refuse('a reference before its target', inMarshal('<list><reference id="x"/><list id="x"/></list>')),
  refuse(
    'a reference as a key to a list',
    inMarshal('<list><list id="x"/><dictionary><reference id="x"/><none/></dictionary></list>'),
  ),
  ...['__proto__', 'constructor', 'toString'].map((id) =>
    refuse(`a reference to the id ${id}`, inMarshal(`<reference id="${id}"/>`)),
  ),
  accept('a reference met twice', inMarshal('<list><list id="x"/><reference id="x"/><reference id="x"/></list>')),
  accept(
    'an id used twice',
    inMarshal('<list><list id="x"><int>1</int></list><dictionary id="x"/><reference id="x"/></list>'),
  ),
  refuse(
    'an object that refers to itself',
    object('SoftwareInstance', '<tuple/>', '<dictionary><string>self</string><reference id="i2"/></dictionary>'),
  ),
];

const DICTIONARIES: CorpusEntry[] = [
  refuse('a key without value', inMarshal('<dictionary><string>a</string></dictionary>')),
  ...['list', 'dictionary', 'set'].map((name) =>
    refuse(`a ${name} as a key`, inMarshal(`<dictionary><${name}/><none/></dictionary>`)),
  ),
  ...['list', 'dictionary', 'set'].map((name) => refuse(`a ${name} in a set`, inMarshal(`<set><${name}/></set>`))),
  refuse('a tuple with a list as a key', inMarshal('<dictionary><tuple><list/></tuple><none/></dictionary>')),
  ...['__proto__', 'constructor', 'prototype', 'toString', '__defineGetter__'].map((key) =>
    accept(
      `the key ${key}`,
      inMarshal(
        `<dictionary><string>${key}</string><dictionary><string>polluted</string><bool>1</bool></dictionary></dictionary>`,
      ),
    ),
  ),
  accept(
    'equal keys',
    inMarshal('<dictionary><string>a</string><int>1</int><string>a</string><int>2</int></dictionary>'),
  ),
  accept(
    'keys equal to Python only',
    inMarshal(
      '<dictionary><int>1</int><string>a</string><bool>1</bool><string>b</string><float>1.0</float><string>c</string></dictionary>',
    ),
  ),
  accept('a tuple as a key', inMarshal('<dictionary><tuple><int>1</int></tuple><none/></dictionary>')),
];

const PAIR = '<tuple><string>a</string><string>b</string></tuple>';
const CLASSES = [
  'Supply',
  'OpenOrder',
  'slap',
  'object',
  'Computer2',
  'computer',
  '',
  '__proto__',
  'constructor',
  'Computer ',
  'os.system',
];
const OBJECTS: CorpusEntry[] = [
  ...CLASSES.map((name) => refuse(`the class ${JSON.stringify(name)}`, object(name, PAIR, '<dictionary/>'))),
  ...['os', 'builtins', 'slapos.slap', 'slapos.slap.slap.x', '', 'subprocess', 'posix'].map((module) =>
    refuse(
      `the module ${JSON.stringify(module)}`,
      object('Computer', '<tuple><string>a</string></tuple>', '<dictionary/>', module),
    ),
  ),
  ...[
    '__class__',
    '__dict__',
    '__proto__',
    'constructor',
    'prototype',
    '__init__',
    '',
    'a b',
    'a-b',
    'a.b',
    '1a',
    '__',
    'é',
  ].map((name) =>
    refuse(
      `the attribute ${JSON.stringify(name)}`,
      object('SoftwareRelease', PAIR, `<dictionary><string>${name}</string><int>1</int></dictionary>`),
    ),
  ),
  ...['<int>1</int>', '<none/>', '<tuple/>'].map((key) =>
    refuse(`the attribute name ${key}`, object('SoftwareRelease', PAIR, `<dictionary>${key}<int>1</int></dictionary>`)),
  ),
  ...['<list/>', '<tuple/>', '<string>x</string>', '<int>1</int>'].map((state) =>
    refuse(`the state ${state}`, object('SoftwareRelease', PAIR, state)),
  ),
  ...['<dictionary/>', '<string>x</string>', '<none/>'].map((tuple) =>
    refuse(`the arguments ${tuple}`, object('SoftwareRelease', tuple, '<dictionary/>')),
  ),
  refuse('an object of nothing', object('Computer', '', '')),
  refuse('an object without state', object('Computer', '<tuple><string>a</string></tuple>', '')),
  refuse('an object of three parts', object('Computer', '<tuple><string>a</string></tuple>', '<dictionary/><none/>')),
  refuse('a computer without id', object('Computer', '<tuple/>', '<dictionary/>')),
  refuse('a partition without ids', object('ComputerPartition', '<tuple/>', '<dictionary/>')),
  refuse(
    'a partition of four arguments',
    object('ComputerPartition', '<tuple><none/><none/><none/><none/></tuple>', '<dictionary/>'),
  ),
  refuse('an instance with an argument', object('SoftwareInstance', '<tuple><none/></tuple>', '<dictionary/>')),
  refuse(
    'a release of three arguments',
    object('SoftwareRelease', '<tuple><none/><none/><none/></tuple>', '<dictionary/>'),
  ),
  accept('the state none', object('SoftwareInstance', '<tuple/>', '<none/>')),
  accept('a list for the arguments', object('Computer', '<list><string>a</string></list>', '<dictionary/>')),
  refuse(
    'an object without class',
    inMarshal('<object id="i2" module="slapos.slap.slap"><tuple/><dictionary/></object>'),
  ),
  refuse(
    'an object without module',
    inMarshal('<object id="i2" class="SoftwareInstance"><tuple/><dictionary/></object>'),
  ),
];

const nested = (depth: number, name: string) => inMarshal(`<${name}>`.repeat(depth) + `</${name}>`.repeat(depth));
const SIZES: CorpusEntry[] = [
  ...['list', 'tuple'].flatMap((name) => [
    accept(`${name} 50 deep`, nested(50, name)),
    refuse(`${name} 51 deep`, nested(51, name)),
    refuse(`${name} 2,000 deep`, nested(2000, name)),
    refuse(`${name} 100,000 deep`, nested(100_000, name)),
  ]),
  refuse('100,000 elements that never end', `<marshal>${'<list>'.repeat(100_000)}`),
  accept('200,000 elements', inMarshal(`<list>${'<none/>'.repeat(199_999)}</list>`)),
  refuse('200,001 elements', inMarshal(`<list>${'<none/>'.repeat(200_000)}</list>`)),
  accept('a text of 1,000,000 characters', inMarshal(`<string>${'a'.repeat(1_000_000)}</string>`)),
  accept('100,000 references to characters', inMarshal(`<string>${'&#233;'.repeat(100_000)}</string>`)),
  refuse('an attribute of 1,000,000 characters that never ends', `<marshal><list id="${'a'.repeat(1_000_000)}`),
  accept(
    '10,000 attributes',
    inMarshal(`<list ${Array.from({ length: 10_000 }, (_, index) => `a${String(index)}="1"`).join(' ')}/>`),
  ),
  refuse('70 MB', inMarshal(`<string>${'a'.repeat(70 * 1024 * 1024)}</string>`)),
];

/** More than three hundred documents: hostile, odd, wrong, and their harmless neighbours. */
export const corpus: readonly CorpusEntry[] = [
  ...ENTITIES,
  ...RAW_CHARACTERS,
  ...ENCODINGS,
  ...ELEMENTS,
  ...REFERENCES,
  ...DICTIONARIES,
  ...OBJECTS,
  ...SIZES,
];
