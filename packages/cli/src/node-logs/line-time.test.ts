import { expect, it } from 'vitest';
import { readLineTime } from './line-time.js';

const NOW = Date.parse('2026-11-23T12:00:00Z');

it.each([
  ['2026-11-23 05:13:58,250 INFO ready', localTime('2026-11-23T05:13:58.250'), 'INFO ready'],
  ['2026-11-23 05:13:58 slapos[12] INFO ready', localTime('2026-11-23T05:13:58'), 'slapos[12] INFO ready'],
  ['2026-11-23T05:13:58.25Z ready', Date.parse('2026-11-23T05:13:58.250Z'), 'ready'],
  ['[2026-11-23 05:13:58 +0100] [7] [INFO] ready', Date.parse('2026-11-23T04:13:58Z'), '[7] [INFO] ready'],
  ['2026-11-23 05:13:58.123 UTC [12] LOG:  ready', Date.parse('2026-11-23T05:13:58.123Z'), '[12] LOG:  ready'],
  ['2026/11/23 05:13:58 [error] 7#7: failed', localTime('2026-11-23T05:13:58'), '[error] 7#7: failed'],
  ['Nov 23 05:13:58 host cron[7]: run', localTime('2026-11-23T05:13:58'), 'host cron[7]: run'],
  ['Dec  4 05:13:58 host cron[7]: run', localTime('2025-12-04T05:13:58'), 'host cron[7]: run'],
])('an instant at the beginning: %s', (line, writtenMs, text) => {
  expect(readLineTime(line, NOW)).toEqual({ writtenMs, text });
});

it.each([
  ['::1 - - [23/Nov/2026:05:13:58 +0100] "GET / HTTP/1.1" 200', Date.parse('2026-11-23T04:13:58Z')],
  ['{"level":30,"time":"2026-11-23T05:13:58Z","msg":"ready"}', Date.parse('2026-11-23T05:13:58Z')],
])('an instant within: %s', (line, writtenMs) => {
  expect(readLineTime(line, NOW)).toEqual({ writtenMs, text: line });
});

it.each(['ready', '', '2026-13-45 99:99:99 x', 'Xxx 23 05:13:58 x', '{"time":"soon"}', '    at main.js:5:13'])(
  'no instant: %j',
  (line) => {
    expect(readLineTime(line, NOW)).toEqual({ text: line });
  },
);

function localTime(text: string): number {
  return new Date(text).getTime();
}
