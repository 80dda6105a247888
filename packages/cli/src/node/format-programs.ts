import type { FormatSection } from '@slapos/format';
import { findProgram } from '@slapos/host';
import { CliError } from '../errors.js';

/**
 * Checks that the programs that formatting runs are there, all at once, before anything is changed (spec: format §2.1).
 * @throws CliError `CLI_CONFIGURATION` that names each missing one
 */
export async function checkPrograms(section: FormatSection): Promise<void> {
  const needed = [
    ...(section.alter_user ? ['groupadd', 'useradd', 'usermod', 'passwd'] : []),
    ...(section.alter_network ? ['ip'] : []),
  ];
  const found = await Promise.all(needed.map(async (name) => isThere(name)));
  const missing = needed.filter((_, index) => found[index] === false);
  if (missing.length === 0) return;
  throw new CliError(
    'CLI_CONFIGURATION',
    `Some required binaries are missing or not functional: ${missing.join(', ')}`,
    {
      hint: 'They are of the packages passwd and iproute2: apt-get install passwd iproute2.',
    },
  );
}

async function isThere(name: string): Promise<boolean> {
  try {
    const uid = process.geteuid?.() ?? 0;
    await findProgram(name, { uid, mustBeTrusted: uid === 0 });
    return true;
  } catch {
    return false;
  }
}
