import { Command, type Config, Flags } from '@oclif/core';
import { closeInheritedDescriptors } from '@slapos/host';
import { type ConfigFamily, type ConfigFile, configPath, loadConfigFile } from '../config/config-file.js';
import { warnOfUnreadKeys } from '../config/unknown-keys.js';
import type { CommandLog } from '../output/log.js';
import { invocation } from './invocation.js';

const STARTS_PROGRAMS = /^(?:node|proxy):/;

/** `--cfg`, which every command has that reads a configuration. */
export const configFlag = Flags.string({ description: 'configuration file', helpValue: 'FILE' });

/**
 * A command of `slapos`: it parses, calls one service, renders. `run` gives the exit code; only the program itself ends the process.
 * Results go to standard output with `this.log`, the story to standard error with `this.logger`.
 */
export abstract class SlaposCommand extends Command {
  abstract override run(): Promise<number>;

  /** What starts programs of others passes on no descriptor that a careless shell or service manager gave us (spec: security S17). */
  protected override init(): Promise<void> {
    // oclif's own looks whether the command is deprecated, for which it needs to know all others; none of ours is.
    if (STARTS_PROGRAMS.test(this.id ?? '')) closeInheritedDescriptors(this.argv);
    return Promise.resolve();
  }

  /**
   * Runs one of our commands, without oclif looking for it among all that there are.
   * @param id as oclif names it: `node:instance`
   * @returns what `run` gives
   */
  static async start(this: OwnCommandClass, id: string, argv: readonly string[], config: Config): Promise<number> {
    this.id = id;
    return new this([...argv], config)._run<number>();
  }

  /** The other commands; `this.config` knows the package alone. */
  protected program(): Promise<Config> {
    return invocation().loadProgram();
  }

  override log(message = ''): void {
    process.stdout.write(`${message}\n`);
  }

  /** The log on standard error. */
  protected get logger(): CommandLog {
    return invocation().log;
  }

  /** Aborted when the user wants the command to end. */
  protected get signal(): AbortSignal {
    return invocation().signal;
  }

  /** The configuration that the command reads (spec: cli §1.4). */
  protected async loadConfig(family: ConfigFamily, option: string | undefined): Promise<ConfigFile> {
    const file = configPath(family, option, process.env);
    this.logger.debug(`Loading config: ${file}`);
    const config = await loadConfigFile(file, family);
    warnOfUnreadKeys(config, this.id ?? '', this.logger, isTrue(process.env['SLAPOS_CONFIG_STRICT']));
    return config;
  }
}

/** A command of ours, as its file exports it. */
export interface OwnCommandClass {
  id: string;
  new (argv: string[], config: Config): SlaposCommand;
  start(id: string, argv: readonly string[], config: Config): Promise<number>;
}

function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:1|true|yes|on)$/i.test(text);
}
