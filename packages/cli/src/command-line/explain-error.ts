import type { SlapOSError } from '@slapos/host';

const CLIENT_COMMAND = /^(?:computer|console|destroy|events|remove|request|search|service|start|stop|supply|types)\b/;

/** What is printed of an error: its message, in the sentences that users of a client command know (spec: cli §4.1). */
export function explainError(command: string, error: SlapOSError): string {
  if (!CLIENT_COMMAND.test(command)) return error.message;
  switch (error.code) {
    case 'SLAP_CONNECTION_FAILED':
      return `Couldn't connect to the server. Please double check given master-url argument, and make sure that IPv6 is enabled on your machine and that the server is available. The original error was:\n${error.message}`;
    case 'SLAP_TLS_FAILED':
      return `${error.message}\nCouldn't authenticate computer. Please check that certificate and key exist and are valid.`;
    default:
      return error.message;
  }
}
