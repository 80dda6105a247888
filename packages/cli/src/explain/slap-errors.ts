import type { SlapErrorCode } from '@slapos/slap';
import type { ExplanationsOf } from './explanation.js';

export const slapErrors: ExplanationsOf<SlapErrorCode> = {
  SLAP_AUTHENTICATION: {
    meaning:
      'The master knows neither the certificate nor the token that it was given (401), or does not let its owner do this (403).',
    remedy:
      'Check key_file and cert_file: the node has its own, made by node register; a person has others, made by configure client. A certificate may have expired.',
    run: ['slapos config show --origin', 'openssl x509 -enddate -noout -in CERT_FILE'],
  },
  SLAP_CONNECTION_FAILED: {
    meaning:
      'Nobody answered at master_url: no such host, nobody listens, no route, or no answer in time. Nothing was changed; services keep running.',
    remedy:
      'Check master_url, the network (many masters are reached over IPv6 only) and proxies. Passes try again by themselves the next time.',
    run: ['slapos config show slapos --origin', 'curl -v MASTER_URL'],
  },
  SLAP_HATEOAS_UNAVAILABLE: {
    meaning: 'The command needs the REST interface (hateoas) of the master, and the master announces none.',
    remedy: 'Set master_rest_url in [slapos], or use a master that has it; the mini-master serves it below /hateoas.',
  },
  SLAP_HTTP_ERROR: {
    meaning: 'The master answered with another HTTP error; its status and words are in the message.',
    remedy: "A status of 5xx is the master's: look at its log, and try again later. Of 4xx, check what was sent.",
  },
  SLAP_INVALID_ARGUMENT: {
    meaning:
      'A call of the library got something that cannot be sent, such as an empty reference or a value that has no XML.',
    remedy: 'The message names the argument and what was expected.',
  },
  SLAP_INVALID_DOCUMENT: {
    meaning:
      "What came from the master is no SLAP document: often an error page of a proxy in between, or a URL that is not a master's.",
    remedy: 'Check master_url, and open it with curl. If it is a master, its version may be too new for this one.',
    run: ['curl -v MASTER_URL'],
  },
  SLAP_NOT_FOUND: {
    meaning: 'The master does not know the computer, the instance, or the page that was asked for.',
    remedy:
      "Check the reference, and whose certificate is used: one sees only what is one's own. A new computer is made known by node format.",
    run: ['slapos service list', 'slapos computer list'],
  },
  SLAP_NOT_READY: {
    meaning: 'The master has taken the request, and has not found a place for it yet, or the node has not made it yet.',
    remedy:
      'Ask again later. If it stays so, no node is supplied with the Software Release, or none has a free partition.',
    run: ['slapos service info REFERENCE', 'slapos supply URL COMPUTER'],
  },
  SLAP_PARAMETERS_INVALID: {
    meaning:
      'Parameters cannot be written in, or read from, the form that the Software Release wants (its serialisation).',
    remedy: 'For xml every value is a text; for json-in-xml there is one key named _. The message names the parameter.',
  },
  SLAP_SCHEMA_UNUSABLE: {
    meaning: 'The schema of a Software Release cannot be fetched, or is no schema.',
    remedy:
      'Check that URL.json beside the Software Release exists. The request itself does not need it when the serialisation is given.',
    run: ['slapos request … --force-serialisation json-in-xml'],
  },
  SLAP_TLS_FAILED: {
    meaning:
      'The encrypted connection to the master could not be made: its certificate is not trusted, or ours is missing, expired, or does not fit its key.',
    remedy:
      'For a master with its own authority set master_ca_file. Check the dates of the certificates and the clock of this machine.',
    run: ['openssl s_client -connect HOST:443'],
  },
};
