/**
 * Stands in for buildout: called as the agent calls it, it builds a tiny Software Release, or makes the folder it is started in an
 * instance of that, in a tenth of a second. Bundled into one file that every user of the machine can read.
 *
 *   program RELEASE_PROGRAM USAGE_FOLDER [buildout's arguments…]
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { SlapClient } from '@slapos/slap';

import { digestOf } from './digest.mjs';

const PROGRAM_MODE = 0o755;
const PRIVATE_PROGRAM_MODE = 0o700;

/** @param {string} file @param {string} content @param {number} [mode] */
function put(file, content, mode) {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = path.join(path.dirname(path.dirname(file)), `.${path.basename(file)}.new`);
  writeFileSync(temporary, content);
  if (mode !== undefined) chmodSync(temporary, mode);
  renameSync(temporary, file);
}

/** @param {string} directory @param {string} program @param {string} usageFolder */
function bootstrap(directory, program, usageFolder) {
  const content = `#!${process.execPath}\nprocess.argv.splice(2, 0, ${JSON.stringify(program)}, ${JSON.stringify(usageFolder)});\nimport(${JSON.stringify(program)});\n`;
  put(path.join(directory, 'bin/buildout'), content, PROGRAM_MODE);
}

/** @param {string} directory */
function build(directory) {
  put(path.join(directory, 'instance.cfg'), '[buildout]\nparts =\n');
  writeFileSync(path.join(directory, '.installed.cfg'), '[buildout]\n');
}

/** @param {string} name */
function optionOf(name) {
  const match = new RegExp(`^${name} = (.*)$`, 'mu').exec(readFileSync('buildout.cfg', 'utf8'));
  if (match?.[1] === undefined) throw new Error(`buildout.cfg has no ${name}`);
  return match[1];
}

/** @param {unknown} parameters */
function sharedInstances(parameters) {
  if (!Array.isArray(parameters)) return [];
  return /** @type {Record<string, unknown>[]} */ (parameters).map((entry) => ({
    reference: String(entry['slave_reference']),
    n: entry['n'],
  }));
}

/** @param {string} usageFolder */
async function instantiate(usageFolder) {
  const release = optionOf('software-release-url');
  await using client = new SlapClient({ masterUrl: optionOf('server-url') });
  const partition = client.registerComputerPartition(optionOf('computer-id'), optionOf('partition-id'));
  const parameters = await partition.getInstanceParameterDict();
  const shared = sharedInstances(parameters['slave_instance_list']);
  const digest = digestOf({ release, parameters, shared });
  const service = `worker-${digest}`;
  put(`etc/service/${service}`, '#!/bin/sh\nexec sleep 86400\n', PRIVATE_PROGRAM_MODE);
  for (const name of readdirSync('etc/service'))
    if (name !== service) rmSync(`etc/service/${name}`, { recursive: true });
  put('etc/deployed', `${digest}\n`);
  put('etc/promise/is-deployed', `#!/bin/sh\nexec test -e ${process.cwd()}/etc/deployed\n`, PRIVATE_PROGRAM_MODE);
  put('etc/report/usage', reportScript(usageFolder), PRIVATE_PROGRAM_MODE);
  mkdirSync('var/xml_report', { recursive: true });
  writeFileSync('.installed.cfg', '[buildout]\n');
  await partition.setConnectionDict({ digest });
  for (const { reference, n } of shared) await partition.setConnectionDict({ n: String(n) }, reference);
}

/** Every run is a report of its own; a report that exists whole is noted where the node cannot lose it. @param {string} usageFolder */
function reportScript(usageFolder) {
  return `#!/bin/sh
id=$(basename "$1")
cat > ../../var/.usage.new <<END || exit 1
<consumption><movement><resource>$id</resource><quantity>1.0</quantity><price>0.00</price><VAT></VAT><category></category></movement></consumption>
END
mv ../../var/.usage.new "$1" && : > "${usageFolder}/$id"
`;
}

const [program = '', usageFolder = '', ...args] = process.argv.slice(2);
const directory = args.find((argument) => argument.startsWith('buildout:directory='))?.split('=')[1];
if (args.includes('--version')) console.log('buildout version 2.13.2');
else if (args.at(-1) === 'bootstrap') bootstrap(directory ?? process.cwd(), program, usageFolder);
else if (directory !== undefined) build(directory);
else if (existsSync('buildout.cfg')) await instantiate(usageFolder);
else throw new Error(`Nothing to build in ${process.cwd()}`);
