import { z } from 'zod';

import { plainDictionary } from '../wire/schemas.js';

const text = z.string();
const title = z.string().max(200);
const dictionary = plainDictionary;
const instanceState = z.enum(['started', 'stopped', 'destroyed']);
const releaseState = z.enum(['available', 'destroyed']);
const addressList = z.array(z.array(z.string()));

const success = z.object({ type: z.literal('success'), title: text });
const certificate = z.object({ key: text, certificate: text });
const listOf = <T extends z.ZodRawShape>(shape: T) => z.object({ result_list: z.array(z.object(shape)) });
const nothing = z.strictObject({});
const aComputer = z.strictObject({ computer_guid: text });
const anInstance = z.strictObject({ instance_guid: text });

const instance = z.object({
  title: text,
  instance_guid: text,
  software_release_uri: text,
  software_type: text,
  state: instanceState,
  connection_parameters: dictionary,
  parameters: dictionary,
  shared: z.boolean(),
  root_instance_title: text,
  ip_list: addressList,
  full_ip_list: addressList,
  sla_parameters: dictionary,
  computer_guid: text,
  compute_partition_id: text,
  processing_timestamp: z.int(),
  access_status_message: text,
});

/** An instance as the JSON-RPC methods show it; `processing_timestamp` is in whole seconds since 1970, 0 when there is none. */
export type JsonRpcInstance = z.output<typeof instance>;

/** What a JSON-RPC method takes and gives. */
interface JsonRpcMethod {
  readonly request: z.ZodType;
  readonly response: z.ZodType;
}

/**
 * All methods of masters that speak JSON-RPC, by their name without `slapos.` (spec: proxy §8): the schema of what each
 * takes and of what it gives. Requests are strict; unknown parts of an answer are dropped. A master refuses a request with the first thing
 * that is wrong, so the order of fields and choices is that of the published description.
 */
export const JSON_RPC_METHODS = {
  'get.v0.hateoas_url': { request: nothing, response: z.object({ hateoas_url: text }) },
  'put.v0.compute_node_format': {
    request: z.strictObject({
      compute_partition_list: z.array(
        z.strictObject({
          partition_id: text,
          ip_list: z
            .array(
              z.strictObject({
                'ip-address': text,
                netmask: text.optional(),
                'network-interface': text.optional(),
                'gateway-ip-address': text.optional(),
                'network-address': text.optional(),
              }),
            )
            .optional(),
        }),
      ),
      computer_guid: text,
    }),
    response: success,
  },
  'allDocs.WIP.compute_node_list': { request: nothing, response: listOf({ computer_guid: text }) },
  'post.v0.software_installation': {
    request: z.strictObject({ software_release_uri: text, computer_guid: text, state: releaseState.optional() }),
    response: success,
  },
  'allDocs.v0.compute_node_software_installation_list': {
    request: aComputer,
    response: listOf({ software_release_uri: text, state: releaseState }),
  },
  'put.v0.software_installation_reported_state': {
    request: z.strictObject({
      software_release_uri: text,
      computer_guid: text,
      reported_state: z.enum(['available', 'destroyed', 'building']),
    }),
    response: success,
  },
  'put.v0.software_installation_error': {
    request: z.strictObject({ software_release_uri: text, computer_guid: text, message: text }),
    response: success,
  },
  'put.v0.compute_node_bang': { request: aComputer.extend({ message: text }), response: success },
  'post.v0.compute_node_usage': { request: aComputer.extend({ tioxml: text }), response: success },
  'get.v0.compute_node_status': { request: aComputer, response: z.object({ text }) },
  'post.v0.compute_node_certificate': { request: aComputer, response: certificate },
  'remove.v0.compute_node_certificate': { request: aComputer, response: success },
  'allDocs.v0.compute_node_instance_list': {
    request: aComputer,
    response: listOf({
      title: text,
      instance_guid: text,
      state: instanceState,
      compute_partition_id: text.optional(),
      software_release_uri: text.optional(),
    }),
  },
  'post.v0.software_instance': {
    request: z.strictObject({
      title,
      software_release_uri: text,
      software_type: text,
      parameters: dictionary.optional(),
      shared: z.boolean().optional(),
      state: instanceState.optional(),
      sla_parameters: z
        .looseObject({
          computer_guid: text.optional(),
          instance_guid: text.optional(),
          network_guid: text.optional(),
          project_guid: text.optional(),
          retention_delay: z.number().optional(),
        })
        .optional(),
    }),
    response: instance,
  },
  'get.v0.software_instance': { request: anInstance, response: instance },
  'get.v0.compute_partition': {
    request: z.strictObject({ computer_guid: text, compute_partition_id: text }),
    response: instance,
  },
  'get.v0.instance_tree': { request: z.strictObject({ title }), response: instance },
  'allDocs.v0.instance_tree_list': { request: nothing, response: listOf({ title: text }) },
  'allDocs.v0.instance_node_instance_list': {
    request: anInstance,
    response: listOf({
      title: text,
      instance_guid: text,
      software_type: text,
      state: instanceState,
      parameters: dictionary,
      compute_partition_id: text.optional(),
      software_release_uri: text.optional(),
    }),
  },
  'put.v0.software_instance_connection_parameter': {
    request: anInstance.extend({ connection_parameter_dict: dictionary }),
    response: success,
  },
  'put.v0.software_instance_title': { request: anInstance.extend({ title }), response: success },
  'put.v0.software_instance_bang': { request: anInstance.extend({ message: text }), response: success },
  'put.v0.software_instance_reported_state': {
    request: anInstance.extend({ reported_state: z.enum(['started', 'destroyed', 'stopped']) }),
    response: success,
  },
  'put.v0.software_instance_error': { request: anInstance.extend({ message: text }), response: success },
  'get.v0.software_instance_certificate': { request: anInstance, response: certificate },
} as const satisfies Record<string, JsonRpcMethod>;

/** The name of a method, without `slapos.`. */
export type JsonRpcMethodName = keyof typeof JSON_RPC_METHODS;

/** What a method takes. */
export type JsonRpcRequest<M extends JsonRpcMethodName> = z.input<(typeof JSON_RPC_METHODS)[M]['request']>;

/** What a method gives. */
export type JsonRpcResponse<M extends JsonRpcMethodName> = z.output<(typeof JSON_RPC_METHODS)[M]['response']>;
