import { Flags } from '@oclif/core';
import { createLinuxHost } from '@slapos/host';
import { listenAddressesFromSection, slapproxySectionSchema } from '@slapos/proxy';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { checkSection, mergeSections } from '../../config/check-section.js';
import { nonEmpty } from '../../config/non-empty.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { panelUrl } from '../../mini-master/panel-url.js';

const OPENER = 'xdg-open';
const ANSWER_TIMEOUT_MS = 3_000;
/** A shell's word for a program that is not there. */
const NOT_FOUND = 127;

/** `slapos proxy panel` (spec: ux-ideas §21). */
export default class ProxyPanel extends SlaposCommand {
  static override summary = 'print, or open, the address of the panel of the mini-master';
  static override description =
    'Prints where the web page of the mini-master is. With --open it is shown in the browser of the desktop, or in the one that BROWSER names.';
  static override examples = ['slapos proxy panel', 'slapos proxy panel --open'];
  static override flags = {
    cfg: configFlag,
    open: Flags.boolean({ description: 'show it in a browser' }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ProxyPanel);
    const config = await this.loadConfig('node', flags.cfg);
    const sections = ['slapos', 'slapproxy'];
    const section = checkSection(slapproxySectionSchema, mergeSections(config, sections), config, sections);
    if (!section.panel) {
      throw new CliError('CLI_CONFIGURATION', `The panel is switched off in ${config.file}.`, {
        hint: 'Remove panel = false from [slapproxy], and start the mini-master again.',
      });
    }
    const url = panelUrl(listenAddressesFromSection(section));
    await this.#warnWhenSilent(url);
    this.log(url);
    if (flags.open) await this.#open(url);
    return EXIT_CODES.OK;
  }

  async #warnWhenSilent(url: string): Promise<void> {
    // Only whether somebody is there: the certificate is looked at by the browser.
    const { connect } = await import('node:net');
    const { hostname, port } = new URL(url);
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect({
        host: hostname.replaceAll(/[[\]]/g, ''),
        port: Number(port),
        timeout: ANSWER_TIMEOUT_MS,
      });
      const end = (answer: boolean): void => {
        socket.destroy();
        resolve(answer);
      };
      socket.once('connect', () => end(true));
      socket.once('error', () => end(false));
      socket.once('timeout', () => end(false));
    });
    if (!isThere) this.logger.warn('Nobody listens there at present: slapos proxy start starts the mini-master.');
  }

  async #open(url: string): Promise<void> {
    const browser = nonEmpty(process.env['BROWSER']) ?? OPENER;
    const { exitCode } = await createLinuxHost().commands.run({
      // BROWSER is a shell command line by custom; the address is handed over as a word of its own.
      file: 'sh',
      args: ['-c', `${browser} "$1"`, 'sh', url],
      env: process.env as Record<string, string>,
      inheritTerminal: true,
    });
    if (exitCode === 0) return;
    const why = exitCode === NOT_FOUND ? 'is not there' : `ended with code ${exitCode}`;
    throw new CliError('CLI_INPUT', `${browser} ${why}: no browser was opened.`, {
      hint: 'Open the address that was printed, or name a browser in the environment variable BROWSER.',
    });
  }
}
