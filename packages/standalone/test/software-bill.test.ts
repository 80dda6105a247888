import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { softwareReleaseHash } from '@slapos/grid';
import { expect, test } from 'vitest';

import { createScriptedBuilder } from '../src/index.js';
import { sendSoftwareBill, softwareBill, SoftwareTestBed, startHttpServer } from '../src/testing.js';
import { scratchFolder } from './support/scratch-folder.js';
import { ORDINARY_USER } from './support/user.js';
import { WEB } from './support/web-release.js';

const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';
/** As buildout writes it: continued lines, blanks that would be lost as references, its own section last. */
const INSTALLED = `[buildout]
installed_develop_eggs =${' '}
parts = openssl own tool profile

[openssl]
__buildout_installed__ =${' '}
__buildout_signature__ = zc.buildout-2.7.1-py3.egg
configure-options = --libdir=lib
	no-tests
md5sum = ${MD5}
recipe = slapos.recipe.cmmi
url = https://robot:s3cret@www.openssl.org/source/openssl-3.0.13.tar.gz

[own]
recipe = slapos.recipe.build:gitclone
repository = https://lab.nexedi.com/nexedi/slapos.core.git
revision = 0123abc

[tool]
recipe = slapos.recipe.build:download-unpacked
url = https://github.com/Acme/Tool/archive/refs/tags/v1.2.3.tar.gz
indent = %(__buildout_space_n__)s x

[profile]
recipe = slapos.recipe.template
url = /srv/release/instance.cfg.in
`;

async function aRelease() {
  const scratch = await scratchFolder();
  const folder = path.join(scratch.path, softwareReleaseHash(WEB));
  const egg = path.join(folder, 'eggs/Zope.Thing-2.0-py3.11.egg/EGG-INFO');
  await mkdir(egg, { recursive: true });
  await mkdir(path.join(folder, 'eggs/bare_name-0.5-py3.11.egg'));
  await writeFile(path.join(egg, 'PKG-INFO'), 'Name: Zope.Thing\nVersion: 2.0.1\nLicense: ZPL-2.1\n\nVersion: 9\n');
  await writeFile(path.join(folder, '.installed.cfg'), INSTALLED);
  return { scratch, options: { softwareRoot: scratch.path, softwareReleaseUrl: WEB } };
}

test('a bill names what a release was made from, in the form that CycloneDX asks for', async () => {
  const { scratch, options } = await aRelease();
  await using _scratch = scratch;
  const bill = await softwareBill({ ...options, now: Date.UTC(2026, 0, 2) });
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
  expect(await validator.validate(JSON.stringify(bill))).toBeNull();
  expect(bill.metadata).toMatchObject({ timestamp: '2026-01-02T00:00:00.000Z', component: { name: 'web' } });
  expect(bill.components.map(({ name, version, purl }) => [name, version, purl])).toEqual([
    [
      'openssl',
      '3.0.13',
      `pkg:generic/openssl@3.0.13?checksum=md5:${MD5}&download_url=https:%2F%2Fwww.openssl.org%2Fsource%2Fopenssl-3.0.13.tar.gz`,
    ],
    [
      'slapos.core',
      '0123abc',
      'pkg:generic/slapos.core@0123abc?vcs_url=git%2Bhttps:%2F%2Flab.nexedi.com%2Fnexedi%2Fslapos.core.git%400123abc',
    ],
    [
      'Tool',
      '1.2.3',
      'pkg:generic/Tool@1.2.3?download_url=https:%2F%2Fgithub.com%2FAcme%2FTool%2Farchive%2Frefs%2Ftags%2Fv1.2.3.tar.gz',
    ],
    ['bare_name', '0.5', 'pkg:pypi/bare-name@0.5'],
    ['Zope.Thing', '2.0.1', 'pkg:pypi/zope-thing@2.0.1'],
  ]);
  expect(bill.components[0]?.hashes).toEqual([{ alg: 'MD5', content: MD5 }]);
  expect(bill.components[4]?.licenses).toEqual([{ license: { name: 'ZPL-2.1' } }]);
  expect(JSON.stringify(bill)).not.toContain('s3cret');
});

test('a release that is not built has no bill', async () => {
  await using scratch = await scratchFolder();
  await expect(softwareBill({ softwareRoot: scratch.path, softwareReleaseUrl: WEB })).rejects.toMatchObject({
    code: 'STANDALONE_NO_BILL',
    hint: expect.stringContaining(softwareReleaseHash(WEB)) as string,
  });
});

test('a suite writes the bill of its release, sends it, and tells what happens in testcase.log', async () => {
  await using scratch = await scratchFolder();
  let status = 200;
  await using server = await startHttpServer((_, response) => {
    response.statusCode = status;
    response.end('{"token":"1"}');
  });
  const variables = {
    SLAPOS_TEST_LOG_DIRECTORY: path.join(scratch.path, 'logs'),
    SLAPOS_SR_SBOM_DEPENDENCY_TRACK_URL: server.url,
    SLAPOS_SR_SBOM_DEPENDENCY_TRACK_API_KEY: 'odt_key',
    SLAPOS_SR_SBOM_DEPENDENCY_TRACK_PROJECT_ID: '42',
  };
  const directory = path.join(scratch.path, 'n');
  const builder = createScriptedBuilder({
    [WEB]: { build: ({ write }) => write('.installed.cfg', INSTALLED, 0o644), instantiate: async () => {} },
  });
  await using _bed = await SoftwareTestBed.start({
    ...ORDINARY_USER,
    software: WEB,
    partitions: 1,
    builder,
    bill: true,
    directory,
    variables,
  });
  const file = path.join(directory, `${softwareReleaseHash(WEB)}.cdx.json`);
  const [sent] = server.requests;
  expect(sent).toMatchObject({ method: 'PUT', url: '/api/v1/bom', headers: { 'x-api-key': 'odt_key' } });
  const { project, bom } = JSON.parse(sent?.body ?? '') as { project: string; bom: string };
  expect([project, Buffer.from(bom, 'base64').toString()]).toEqual(['42', await readFile(file, 'utf8')]);
  const log = await readFile(path.join(scratch.path, 'logs/testcase.log'), 'utf8');
  expect(log).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - web - slapos - INFO - Wrote a bill of materials file=/m);
  expect(log).not.toContain('odt_key');

  status = 403;
  const server403 = { url: server.url, apiKey: 'odt_key', projectId: '42' };
  await expect(sendSoftwareBill(file, server403)).rejects.toMatchObject({
    code: 'STANDALONE_BILL_REFUSED',
    retryable: false,
    message: expect.stringContaining('status 403') as string,
  });
});
