/** Prints which descriptors we inherited, and which a command of ours sees (the last one is the folder that ls reads). */
import { closeInheritedDescriptors, createLinuxHost, inheritedDescriptors } from '../../src/index.js';

if (process.argv[2] === 'program') closeInheritedDescriptors(process.argv);
const inherited = inheritedDescriptors();
await using host = createLinuxHost();
const { output } = await host.commands.run({ file: 'ls', args: ['/proc/self/fd'] });
process.stdout.write(JSON.stringify({ inherited, seen: output.trim().split('\n').join(' ') }));
