// `npm run quickstart`: the main job from nothing, in steps that a reader can repeat. `npm run quickstart -- stop` takes it all away.
import { parseArgs } from 'node:util';

import { SetupError, runTool } from '../setup/setup.mjs';
import { chooseDirectory } from './directory.mjs';
import { start } from './start.mjs';
import { stop } from './stop.mjs';

const USAGE = `Usage: npm run quickstart [-- --directory DIR]        set up, build, run hello-web
       npm run quickstart -- stop [--directory DIR]   stop and remove all of it`;

/** @returns {{ directory: string | undefined, action: 'start' | 'stop' | 'help' }} */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      args: process.argv.slice(2),
      options: { directory: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (values.help) return { action: 'help', directory: undefined };
    const [action = 'start', ...rest] = positionals;
    if (rest.length > 0 || (action !== 'start' && action !== 'stop')) {
      throw new Error(`expected "stop" or nothing, found "${positionals.join(' ')}"`);
    }
    return { action, directory: values.directory };
  } catch (error) {
    throw new SetupError(`quickstart: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

await runTool(async () => {
  const { action, directory: wanted } = readArguments();
  if (action === 'help') {
    console.log(USAGE);
    return;
  }
  const place = await chooseDirectory(wanted);
  return action === 'stop' ? stop(place) : start(place);
});
