import type { JsonRpcMethodName } from '@slapos/slap';

import { type JsonSchema, METHOD_NAMES, methodSchemas } from './schemas.js';

const METHOD_SUMMARIES = {
  'get.v0.hateoas_url': 'Where the hateoas API is',
  'put.v0.compute_node_format': 'Set the partitions of a computer, as its node formatted them',
  'allDocs.WIP.compute_node_list': 'All computers',
  'post.v0.software_installation': 'Supply a computer with a Software Release',
  'allDocs.v0.compute_node_software_installation_list': 'What a computer is supplied with',
  'put.v0.software_installation_reported_state': 'A node reports how far a Software Release is',
  'put.v0.software_installation_error': 'A node reports why a Software Release could not be built',
  'put.v0.compute_node_bang': 'A node reports that it should be looked after',
  'post.v0.compute_node_usage': 'A node reports what was used (TioXML)',
  'get.v0.compute_node_status': 'What was reported last about a computer',
  'post.v0.compute_node_certificate': 'Make a certificate for a computer',
  'remove.v0.compute_node_certificate': 'Revoke the certificate of a computer',
  'allDocs.v0.compute_node_instance_list': 'The instances on a computer',
  'post.v0.software_instance': 'Request an instance, or change one',
  'get.v0.software_instance': 'An instance',
  'get.v0.compute_partition': 'The instance in a partition',
  'get.v0.instance_tree': 'The root of an instance tree',
  'allDocs.v0.instance_tree_list': 'All instance trees of the user',
  'allDocs.v0.instance_node_instance_list': 'The shared instances that an instance hosts',
  'put.v0.software_instance_connection_parameter': 'Publish connection parameters',
  'put.v0.software_instance_title': 'Rename an instance',
  'put.v0.software_instance_bang': 'Have a whole tree processed again',
  'put.v0.software_instance_reported_state': 'A node reports the state of an instance',
  'put.v0.software_instance_error': 'A node reports what is wrong with an instance',
  'get.v0.software_instance_certificate': 'The certificate of an instance',
} as const satisfies Readonly<Record<JsonRpcMethodName, string>>;

const ERRORS = {
  400: 'The request is not JSON, or not as described',
  401: 'It cannot be told who calls',
  403: 'Not allowed, not there, or no room',
  405: 'Only POST is served',
  406: 'The client takes no JSON',
  413: 'The request is too large',
  500: 'The proxy failed',
  502: 'Another master failed',
  503: 'The proxy cannot serve now: try again',
  504: 'Another master took too long',
} as const;

const JSON_TYPE = 'application/json';

/** The description of the JSON-RPC API (OpenAPI 3.1), made of the schemas that requests and answers are checked with. */
export function openApiDocument(serverUrl: string): JsonSchema {
  const errors = Object.fromEntries(
    Object.entries(ERRORS).map(([status, description]) => [
      status,
      { description, content: { [JSON_TYPE]: { schema: { $ref: '#/components/schemas/Error' } } } },
    ]),
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'SlapOS mini-master',
      version: '0',
      summary: 'The JSON-RPC API: every call is a POST of a JSON object to the path that names its method.',
    },
    servers: [{ url: serverUrl }],
    paths: Object.fromEntries(METHOD_NAMES.map((method) => [`/slapos.${method}`, pathItem(method, errors)])),
    components: {
      schemas: {
        Error: {
          type: 'object',
          properties: {
            status: { type: 'integer', description: 'The HTTP status again' },
            type: { type: 'string', description: 'The name of the status' },
            title: { type: 'string', description: 'What is wrong' },
          },
          required: ['status', 'type', 'title'],
          additionalProperties: false,
        },
      },
    },
  };
}

function pathItem(method: JsonRpcMethodName, errors: JsonSchema): JsonSchema {
  const { request, response } = methodSchemas(method);
  return {
    post: {
      operationId: method,
      summary: METHOD_SUMMARIES[method],
      requestBody: { required: true, content: { [JSON_TYPE]: { schema: request } } },
      responses: {
        200: { description: METHOD_SUMMARIES[method], content: { [JSON_TYPE]: { schema: response } } },
        ...errors,
      },
    },
  };
}
