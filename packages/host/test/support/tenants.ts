import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { UserIdentity } from '../../src/index.js';
import { requireRoot } from './root.js';

/** Real users, made for one test file, with a folder each, and a root-owned folder that none of them may touch. */
export interface Tenants extends Disposable {
  /** `<root>/instance`, root's, 0755: it holds the tenants' folders. */
  readonly instanceRoot: string;
  readonly users: readonly UserIdentity[];
  /** The folder of a tenant: its own, 0750. */
  folder(index: number): string;
  /** Root's folder with files of root; `assertUntouched` throws when anything about it changed. */
  readonly canary: Canary;
}

export interface Canary {
  readonly directory: string;
  readonly file: string;
  readonly content: string;
  assertUntouched(): void;
}

/** What a change of anything below a folder changes: names, types, owners, modes, link counts, contents. */
function fingerprint(folder: string): string {
  const lines = [''].concat(fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()).map((name) => {
    const stats = fs.lstatSync(path.join(folder, name));
    const content = stats.isFile() ? fs.readFileSync(path.join(folder, name), 'latin1') : '';
    return [name, stats.mode, stats.uid, stats.gid, stats.isFile() ? stats.nlink : '', content].join('|');
  });
  return lines.join('\n');
}

function makeCanary(directory: string): Canary {
  const content = 'secret of root, only for root';
  const file = path.join(directory, 'file');
  fs.mkdirSync(path.join(directory, 'sub', 'deep'), { recursive: true });
  for (const name of ['file', 'sub/file', 'sub/deep/file']) {
    fs.writeFileSync(path.join(directory, name), content, { mode: 0o600 });
  }
  const before = fingerprint(directory);
  return {
    directory,
    file,
    content,
    assertUntouched() {
      const now = fingerprint(directory);
      if (now !== before) throw new Error(`Root's files were changed:\n${before}\n---\n${now}`);
    },
  };
}

/** Needs root, and says so: these attacks cannot be tried without real users. */
export function makeTenants(count: number, label: string): Tenants {
  requireRoot('Real users');
  const root = fs.mkdtempSync(path.join(tmpdir(), `host-${label}-`));
  fs.chmodSync(root, 0o755);
  const instanceRoot = path.join(root, 'instance');
  fs.mkdirSync(instanceRoot, { mode: 0o755 });
  const users = Array.from({ length: count }, (_, index): UserIdentity => {
    const name = `slh${label}${String(process.pid)}${String.fromCharCode(97 + index)}`;
    const home = path.join(instanceRoot, `slappart${String(index)}`);
    execFileSync('useradd', ['-r', '-U', '-d', home, '-s', '/bin/sh', name]);
    const [, , uid = '', gid = ''] = execFileSync('getent', ['passwd', name], { encoding: 'utf8' }).split(':');
    fs.mkdirSync(home, { mode: 0o750 });
    fs.chownSync(home, Number(uid), Number(gid));
    return { name, home, uid: Number(uid), gid: Number(gid) };
  });
  return {
    instanceRoot,
    users,
    folder: (index) => path.join(instanceRoot, `slappart${String(index)}`),
    canary: makeCanary(path.join(root, 'canary')),
    [Symbol.dispose]() {
      for (const { name } of users) execFileSync('userdel', [name], { stdio: 'ignore' });
      fs.rmSync(root, { recursive: true, force: true });
    },
  };
}
