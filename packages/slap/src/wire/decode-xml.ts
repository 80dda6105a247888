import { SlapError } from '../errors.js';

const DECLARED_ENCODING = /^<\?xml[^>]{0,200}?\bencoding\s{0,20}=\s{0,20}["']([A-Za-z][A-Za-z0-9._-]{0,40})["']/;
const DECLARATION_BYTES = 300;
const LATIN_1_NAMES: ReadonlySet<string> = new Set(['iso-8859-1', 'latin-1', 'latin1', 'us-ascii', 'ascii']);

/**
 * The text of an XML document: by its byte-order mark, else by the encoding that it declares, else UTF-8. It may be in pieces.
 * A text is taken as it is; a mark at its start is dropped.
 * @throws SlapError `SLAP_INVALID_DOCUMENT` for an unknown encoding, or bytes that are not of it.
 */
export function decodeXml(document: string | Uint8Array | readonly Uint8Array[]): string {
  if (typeof document === 'string') return document.startsWith('\uFEFF') ? document.slice(1) : document;
  const pieces = document instanceof Uint8Array ? [document] : document;
  const encoding = encodingOf(firstBytes(pieces));
  try {
    if (LATIN_1_NAMES.has(encoding)) return pieces.map((piece) => bufferOf(piece).toString('latin1')).join('');
    const decoder = new TextDecoder(encoding, { fatal: true });
    return pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode();
  } catch (error) {
    throw new SlapError('SLAP_INVALID_DOCUMENT', `An XML document is not valid ${encoding} text.`, { cause: error });
  }
}

/** As much of the beginning as its declaration may need. */
function firstBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  return first !== undefined && first.length >= DECLARATION_BYTES
    ? first
    : Buffer.concat(pieces.slice(0, DECLARATION_BYTES));
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0x3c && bytes[1] === 0) return 'utf-16le';
  if (bytes[0] === 0 && bytes[1] === 0x3c) return 'utf-16be';
  if (bytes[0] !== 0x3c || bytes[1] !== 0x3f) return 'utf-8';
  const start = bufferOf(bytes.subarray(0, DECLARATION_BYTES)).toString('latin1');
  const declared = DECLARED_ENCODING.exec(start)?.[1]?.toLowerCase() ?? 'utf-8';
  // A document that can be read up to here byte by byte is not in UTF-16, whatever it says.
  return declared.startsWith('utf-16') ? 'utf-8' : declared;
}
