/** What we answer instead of the recorded answer. */
export interface ExplainedDifference {
  readonly why: string;
  readonly status: number;
  /** What the body must match. */
  readonly body?: RegExp;
  /** What the body must not match. */
  readonly notBody?: RegExp;
}

const unknown: ExplainedDifference = {
  why: 'unknown things are 404, not a failure of the server',
  status: 404,
  body: /not known here|Unknown partition/,
};
const unreadable: ExplainedDifference = {
  why: 'what cannot be read is 400, not a failure of the server',
  status: 400,
  body: /cannot be read: /,
};
const ownAddresses = (foreign: RegExp): ExplainedDifference => ({
  why: 'the addresses are those of this computer alone',
  status: 200,
  body: /<string>ip_list<\/string><list id="i6"><tuple>/,
  notBody: foreign,
});
const unmatchedProduct: ExplainedDifference = {
  why: 'product parameters that do not match are the fault of the request',
  status: 400,
  body: /software_product_reference/,
};
const addressesOfComp1234 = /10\.0\.0\.\d|2001:db8:0:/;
const addressesOfComp5678 = /10\.0\.5\.\d|2001:db8:5:/;

const formatted: ExplainedDifference = {
  why: 'what the schema calls optional is optional',
  status: 200,
  body: /^\{"type": "success", "title": "Formatted"\}$/,
};
const forgotten: ExplainedDifference = {
  why: 'a shared instance that was destroyed is not there',
  status: 403,
  body: /"title": "No (?:shared instance|instance tree) sh/,
};

/** Where we answer otherwise than the Python proxy, on purpose, by scenario and number of the exchange. */
const DIFFERENCES: Readonly<Record<string, Readonly<Record<number, ExplainedDifference>>>> = {
  '00-session.json': {
    7: { why: 'certificates are real', status: 200, body: /BEGIN CERTIFICATE[^]*BEGIN PRIVATE KEY/ },
  },
  '01-format.json': { 1: unknown, 5: unknown, 18: ownAddresses(addressesOfComp5678) },
  '02-supply.json': {
    20: unknown,
    21: { why: 'a wrong state is the fault of the request', status: 400, body: /cannot be supplied as/ },
  },
  '03-request-root.json': {
    22: { why: 'the three optional fields have defaults', status: 200, body: /COMP-1234-slappart2/ },
  },
  '05-connection.json': { 14: unreadable, 15: unreadable, 17: unreadable },
  '06-shared.json': {
    32: {
      why: 'destroying what never was is no failure',
      status: 200,
      body: /<string>_connection_dict<\/string><dictionary id="i4"\/>/,
    },
  },
  '10-errors.json': {
    5: unknown,
    6: unknown,
    9: unreadable,
    10: unreadable,
    11: unreadable,
    12: unreadable,
    13: unreadable,
    14: unreadable,
    15: unreadable,
    16: unreadable,
    17: unreadable,
    18: unreadable,
    29: { why: 'this call is served', status: 200, body: /^http:\/\/127\.0\.0\.1:5000\/hateoas\/$/ },
    30: { why: 'this call is served', status: 200, body: /no data found for computer COMP-1234/ },
    31: { why: 'this call is served', status: 404, body: /has no valid certificate/ },
    32: { why: 'this call is served', status: 200, body: /10\.0\.0\.1/ },
  },
  '12-hateoas.json': {
    20: { why: 'a value without quotes is the fault of the request', status: 400, body: /Unhandled query/ },
  },
  '15-products.json': { 2: unmatchedProduct, 3: unmatchedProduct, 4: unmatchedProduct },
  '20-rpc-node.json': {
    4: formatted,
    5: formatted,
    21: { why: 'certificates are real', status: 200, body: /BEGIN PRIVATE KEY[^]*BEGIN CERTIFICATE/ },
  },
  '21-rpc-instance.json': {
    16: { why: 'no tree has an empty name', status: 403, body: /"title": "No instance tree {2}found\."/ },
    21: { why: 'descendants follow when their root is renamed', status: 200, notBody: /<string>inst<\/string>/ },
    22: {
      why: 'descendants follow when their root is renamed',
      status: 403,
      body: /No software instance child___inst___0/,
    },
    26: { why: 'a bang of a child is one of the whole tree', status: 200, body: /^<marshal>/ },
  },
  '22-rpc-shared.json': {
    20: {
      why: 'a title ends where it ends, also when the name of its root has an underscore',
      status: 200,
      body: /\{"title": "sh2", "instance_guid": "sh2___my_root___1"/,
    },
    24: forgotten,
  },
  '23-rpc-errors.json': {
    30: { why: 'what cannot be kept is the fault of the request', status: 400, body: /U\+0001/ },
    33: { why: 'a master that is not configured', status: 403, body: /is not listed in multimaster list\./ },
  },
  '30-rpc-leftovers.json': {
    4: { why: 'what is destroyed is not listed', status: 200, body: /^\{"result_list": \[\{"title": "host"\}\]\}$/ },
    5: forgotten,
    7: { why: 'the guids of this API are understood', status: 200, body: /"instance_guid": "g______1"/ },
    10: {
      why: 'the shared instance of that name is destroyed, so there is no doubt',
      status: 200,
      body: /"instance_guid": "sh______0"/,
    },
  },
  '11-multi-node.json': {
    2: ownAddresses(addressesOfComp1234),
    3: ownAddresses(addressesOfComp1234),
    4: ownAddresses(addressesOfComp5678),
  },
};

/** The difference that is expected at an exchange of a scenario, if any. */
export function explainedDifference(file: string, index: number): ExplainedDifference | undefined {
  return DIFFERENCES[file]?.[index];
}
