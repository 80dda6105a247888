/**
 * The YAML library, to be imported when it is needed. Bundlers give a CommonJS library that is imported dynamically no names; this module has
 * them.
 */
export { isMap, isNode, isScalar, isSeq, LineCounter, parse, parseDocument, stringify } from 'yaml';
