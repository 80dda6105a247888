import { execa } from 'execa';
import { type Outcome, type ScratchNode, SLAPOS } from './scratch-node.js';

/**
 * Runs a `slapos` command on a machine that lacks some files: they are covered in a mount namespace of the command's own, which takes root.
 * @param hidden absolute paths
 */
export async function without(node: ScratchNode, hidden: readonly string[], args: readonly string[]): Promise<Outcome> {
  const cover = hidden.map((file) => `[ ! -e ${file} ] || mount --bind /dev/null "$(readlink -f ${file})"`).join('\n');
  const [topic = '', command = '', ...words] = args;
  const slapos = [process.execPath, SLAPOS, topic, command, '--cfg', node.at('slapos.cfg'), ...words];
  const { exitCode, stdout, stderr } = await execa(
    'unshare',
    ['--mount', 'sh', '-ec', `${cover}\nexec "$@"`, 'sh', ...slapos],
    { reject: false, stdin: 'ignore' },
  );
  return { exitCode, stdout, stderr };
}
