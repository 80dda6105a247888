import { execa } from 'execa';

import { isRoot, PARTITION_USERS, SOFTWARE_USER } from './node.js';

/**
 * Real users for the tests that run as root: a software user, and partition users that are in his group, as `slapos node format`
 * makes them. What was made is removed again after the run.
 */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (!isRoot) return undefined;
  const made: string[] = [];
  for (const name of [SOFTWARE_USER, ...PARTITION_USERS]) {
    const exists = (await execa('id', [name], { reject: false })).exitCode === 0;
    if (exists) continue;
    const groups = name === SOFTWARE_USER ? [] : ['--groups', SOFTWARE_USER];
    // The group may be left of a run that was killed.
    await execa('groupadd', ['--force', '--system', name]);
    await execa('useradd', [
      '--system',
      ...['--gid', name, '--home-dir', '/nonexistent', '--shell', '/bin/false'],
      ...groups,
      name,
    ]);
    made.push(name);
  }
  return async () => {
    for (const name of made.reverse()) {
      await execa('userdel', [name], { reject: false });
      await execa('groupdel', [name], { reject: false });
    }
  };
}
