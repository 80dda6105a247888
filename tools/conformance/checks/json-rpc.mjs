import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';

import { JSON_RPC_METHODS } from '@slapos/slap';

/**
 * The parts of a JSON schema that the description uses.
 *
 * @typedef {object} Schema
 * @property {string} [type]
 * @property {string[]} [enum]
 * @property {unknown} [const]
 * @property {string[]} [required]
 * @property {Record<string, Schema>} [properties]
 * @property {Schema} [items]
 * @property {number} [maxLength]
 * @property {string} [format]
 * @property {boolean | Schema} [additionalProperties]
 */

/** @typedef {{ content: Record<string, { schema: Schema }> }} Body */
/** @typedef {{ requestBody: Body, responses: Record<string, Body> }} Operation */
/** @typedef {{ safeParse(value: unknown): { success: boolean } }} Checker */

/** @import { Outcome } from '../outcome.mjs' */

const PREFIX = '/slapos.';

/**
 * Compares our schemas with the published description: the same methods, and for each the same fields, required in the same
 * places, refusing the same wrong values.
 *
 * @param {string} fixtures
 * @returns {Promise<Outcome>}
 */
export async function check(fixtures) {
  const directory = path.join(fixtures, 'slap/json-rpc');
  /** @type {string[]} */
  const differences = [];
  /** @type {Map<string, Operation>} */
  const described = new Map();
  for (const file of (await readdir(directory)).filter((name) => name.endsWith('.json'))) {
    const description = /** @type {{ paths: Record<string, { post: Operation }> }} */ (
      JSON.parse(await readFile(path.join(directory, file), 'utf8'))
    );
    for (const [name, operations] of Object.entries(description.paths))
      described.set(name.slice(PREFIX.length), operations.post);
  }
  const ours = /** @type {Record<string, { request: Checker, response: Checker }>} */ (JSON_RPC_METHODS);
  for (const name of described.keys()) if (!(name in ours)) differences.push(`${name}: described, but not ours`);
  for (const name of Object.keys(ours)) if (!described.has(name)) differences.push(`${name}: ours, but not described`);

  let checked = 0;
  for (const [name, operation] of described) {
    const method = ours[name];
    if (method === undefined) continue;
    for (const [what, body] of /** @type {const} */ ([
      ['request', operation.requestBody],
      ['response', operation.responses['200']],
    ])) {
      const schema = bodySchema(body);
      for (const { label, value, isValid } of samples(schema)) {
        // Answers are read leniently: what is new in them is dropped. And where the description leaves all optional
        // because one method has two kinds of answers, ours are told apart before.
        if (what === 'response' && (label.startsWith('extra') || schema.required === undefined)) continue;
        checked += 1;
        if (method[what].safeParse(value).success !== isValid) {
          differences.push(`${name} ${what}, ${label}: described as ${isValid ? 'valid' : 'invalid'}, not so by ours`);
        }
      }
    }
  }
  return { name: 'JSON-RPC description', checked, differences };
}

/**
 * @param {Body | undefined} body
 * @returns {Schema}
 */
function bodySchema(body) {
  return Object.values(body?.content ?? {})[0]?.schema ?? {};
}

/**
 * A value that fits, with all properties.
 *
 * @param {Schema} schema
 * @returns {unknown}
 */
function example(schema) {
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.const !== undefined) return schema.const;
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, part]) => [name, example(part)]));
    case 'array':
      return schema.items === undefined ? [] : [example(schema.items)];
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    default:
      return schema.format === 'uri' ? 'https://a.example/' : 'text';
  }
}

/** @param {Schema} schema */
function wrong(schema) {
  return schema.type === 'string' ? 5 : 'wrong';
}

/**
 * Values with one thing changed each, and whether the description accepts them.
 *
 * @param {Schema} schema
 * @returns {{ label: string, value: unknown, isValid: boolean }[]}
 */
function samples(schema) {
  const whole = /** @type {Record<string, unknown>} */ (example(schema));
  const isOpen = schema.additionalProperties !== false;
  const result = [
    { label: 'complete', value: /** @type {unknown} */ (whole), isValid: true },
    { label: 'a list instead', value: [], isValid: false },
    { label: 'null instead', value: null, isValid: false },
    { label: 'extra property', value: { ...whole, surelyUnknown: 1 }, isValid: isOpen },
  ];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    /**
     * @param {string} what
     * @param {unknown} value
     * @param {boolean} isValid
     */
    const add = (what, value, isValid) =>
      result.push({ label: `${name} ${what}`, value: { ...whole, [name]: value }, isValid });
    const { [name]: _left, ...without } = whole;
    result.push({ label: `without ${name}`, value: without, isValid: schema.required?.includes(name) !== true });
    add('of a wrong type', wrong(property), false);
    if (property.enum !== undefined) add('off the list', 'surely-unknown', false);
    for (const one of property.enum ?? []) add(`= ${one}`, one, true);
    if (property.maxLength !== undefined) add('too long', 'x'.repeat(property.maxLength + 1), false);
  }
  return result;
}
