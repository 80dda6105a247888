import type { UntrustedDirectory } from '@slapos/host';

/** Says that a release is built and reported. (spec: grid 1, 5.1) */
export const COMPLETED_FILE = '.completed';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY_WIDTH = 2;

/** `Mon Nov 23 05:14:47 2026`: local time as C's asctime writes it, without a line end. */
export function asctime(milliseconds: number): string {
  const date = new Date(milliseconds);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((number) => String(number).padStart(2, '0'))
    .join(':');
  const day = String(date.getDate()).padStart(DAY_WIDTH);
  return `${DAYS[date.getDay()] ?? ''} ${MONTHS[date.getMonth()] ?? ''} ${day} ${time} ${String(date.getFullYear())}`;
}

/**
 * When the release was built and reported, in milliseconds since 1970; `undefined`: it is not. An empty file is what a crash left, and does not
 * count. (spec: security S30)
 */
export async function completedAt(folder: UntrustedDirectory): Promise<number | undefined> {
  const stat = await folder.stat(COMPLETED_FILE);
  return stat?.type === 'file' && stat.size > 0 ? stat.modifiedMs : undefined;
}
