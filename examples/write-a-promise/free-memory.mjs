// A promise: put it into `etc/plugin` of a partition, and the node runs it every few minutes, as the partition's user.
import { readFile } from 'node:fs/promises';

import { GenericPromise } from '@slapos/promise';

/** What it is configured with; a Software Release writes its own values here. */
export const extraConfig = { minimumMegabytes: 1 };

export class RunPromise extends GenericPromise {
  constructor(config) {
    super(config);
    this.setPeriodicity(5); // minutes
  }

  /** Looks, and logs what it finds: at `error` when something is wrong. */
  async sense() {
    const text = await readFile('/proc/meminfo', 'utf8');
    const [, kilobytes] = /^MemAvailable: +(\d+) kB$/m.exec(text) ?? [];
    const megabytes = Math.floor(Number(kilobytes) / 1024);
    const minimum = Number(this.getConfig('minimumMegabytes'));
    if (megabytes < minimum) this.logger.error('only %d MB of memory are free, %d are needed', megabytes, minimum);
    else this.logger.info('%d MB of memory are free', megabytes);
  }

  /** Two of the last three runs must have failed: memory may be short for a moment. */
  anomaly() {
    return this.checkAnomaly({ resultCount: 3, failureAmount: 2 });
  }
}
