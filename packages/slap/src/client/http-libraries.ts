/** What the transport loads with its first call, as one module: bundlers give a library that is loaded later no named exports. */
export { default as ky, HTTPError, TimeoutError } from 'ky';
export { Agent, type Dispatcher, ProxyAgent, request } from 'undici';
