import { SlapClient } from '@slapos/slap';
import { type ConfigFile, expandHome } from '../config/config-file.js';
import { nonEmpty } from '../config/non-empty.js';
import { readBoolean } from '../config/read-boolean.js';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';

/** How the master of a client configuration is reached; paths are complete. */
export interface MasterAccess {
  readonly masterUrl: string;
  readonly keyFile: string | undefined;
  readonly certFile: string | undefined;
  /** Who signed the master's certificate. */
  readonly masterCaFile: string | undefined;
  readonly insecure: boolean;
}

/** What the command line says in place of the configuration. */
export interface SessionOptions {
  readonly masterUrl?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly certFile?: string | undefined;
}

/** A connection to the master that a client configuration names (spec: cli §4.1). The caller closes it. */
export function openClient(config: ConfigFile, logger: CommandLog, options: SessionOptions = {}): SlapClient {
  return new SlapClient({
    ...masterAccess(config, options),
    masterRestUrl:
      nonEmpty(config.value('slapconsole', 'master_rest_url')) ?? nonEmpty(config.value('slapos', 'master_rest_url')),
    logger,
  });
}

/**
 * Reads how the master is reached.
 * @throws CliError `CLI_CONFIGURATION` when something is missing
 */
export function masterAccess(config: ConfigFile, options: SessionOptions = {}): MasterAccess {
  const optionalUrl = nonEmpty(options.masterUrl);
  if (optionalUrl === undefined && !config.hasSection('slapos')) throw missing(config, "No section: 'slapos'");
  const masterUrl = optionalUrl ?? config.value('slapos', 'master_url');
  if (!masterUrl) throw missing(config, "No option 'master_url'");
  const consoleValue = (key: string): string | undefined => nonEmpty(config.value('slapconsole', key));
  let keyFile = nonEmpty(options.keyFile) ?? consoleValue('key_file');
  let certFile = nonEmpty(options.certFile) ?? consoleValue('cert_file');
  if (keyFile === undefined && certFile === undefined) {
    keyFile = nonEmpty(config.value('slapos', 'key_file'));
    certFile = nonEmpty(config.value('slapos', 'cert_file'));
  }
  if (masterUrl.startsWith('https') && (keyFile === undefined || certFile === undefined)) {
    throw missing(config, "No option 'key_file' and/or 'cert_file'");
  }
  return {
    masterUrl,
    keyFile: keyFile === undefined ? undefined : expandHome(keyFile),
    certFile: certFile === undefined ? undefined : expandHome(certFile),
    masterCaFile: nonEmpty(config.value('slapos', 'master_ca_file')),
    insecure: readBoolean(config, 'slapos', 'master_insecure') ?? false,
  };
}

function missing(config: ConfigFile, message: string): CliError {
  return new CliError('CLI_CONFIGURATION', message, {
    hint: `Complete [slapos] of ${config.file}: master_url, and for https key_file and cert_file.`,
  });
}
