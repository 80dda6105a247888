/** What an XML-RPC value is here. Binary data and dates do not occur in supervisord's answers. */
export type RpcValue = string | number | boolean | RpcValue[] | RpcStruct;
export interface RpcStruct {
  readonly [name: string]: RpcValue;
}

/** An answer: a value, or the fault of the called method. */
export type RpcAnswer =
  | { readonly kind: 'value'; readonly value: RpcValue }
  | { readonly kind: 'fault'; readonly code: number; readonly message: string };
