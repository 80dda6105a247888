import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

/** Makes the folder for what test files share, and removes it when all of them have ended. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'slapos-shared-')));
  await chmod(folder, 0o755);
  project.provide('sharedFolder', folder);
  return () => rm(folder, { recursive: true, force: true });
}
