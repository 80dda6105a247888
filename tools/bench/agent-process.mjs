/**
 * A node's agent as a process of its own: does a pass for each message, and answers with what it needs of memory.
 * Arguments: master's URL, software root, instance root, computer id.
 */
import { readFile } from 'node:fs/promises';
import { createBuildoutBuilder, createPromiseRunner, createSlapMaster, runInstancePass } from '@slapos/grid';
import { createLinuxHost, silentLogger } from '@slapos/host';
import { keepHeapSmall } from '@slapos/proxy/small-heap';
import { SlapClient } from '@slapos/slap';
import { createSupervisordAdapter } from '@slapos/supervisor';

// As slapos node run does.
keepHeapSmall();

const [masterUrl = '', softwareRoot = '', instanceRoot = '', computerId = ''] = process.argv.slice(2);
const host = createLinuxHost();
const master = createSlapMaster(new SlapClient({ masterUrl }), computerId);
const supervisor = createSupervisordAdapter({ instanceRoot, commands: host.commands, logger: silentLogger });
const builder = createBuildoutBuilder({ commands: host.commands, logger: silentLogger });
const promises = createPromiseRunner({ host, master, logger: silentLogger });

async function pass() {
  const { outcome } = await runInstancePass(
    { computerId, masterUrl, softwareRoot, instanceRoot, minimumFreeBytes: 1n },
    { host, master, supervisor, builder, promises, logger: silentLogger },
  );
  const peak = /VmHWM:\s+(\d+) kB/.exec(await readFile('/proc/self/status', 'utf8'))?.[1];
  process.send?.({ outcome, rssBytes: process.memoryUsage.rss(), peakBytes: Number(peak) * 1024 });
}

process.on('message', () => {
  void pass();
});
process.send?.({});
