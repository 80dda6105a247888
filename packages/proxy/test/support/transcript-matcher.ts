import { expect } from 'vitest';

import type { RecordedAnswer } from './transcript.js';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
}

const PLACEHOLDER = /\{\{(timestamp|epoch|runId|httpDate)(?::(\d+))?\}\}/g;
const PATTERN_OF_KIND: Readonly<Record<string, string>> = {
  timestamp: String.raw`\d{10}\.\d{1,7}`,
  epoch: String.raw`\d{10}`,
  runId: '[0-9a-zA-Z]{32}',
  httpDate: '[A-Za-z0-9, :]+',
};

/**
 * Compares answers with recorded ones. `{{timestamp:1}}` stands for the same value in a whole scenario, and for another one than
 * `{{timestamp:2}}`; `{{epoch:1}}` for its whole seconds.
 */
export class TranscriptMatcher {
  readonly #valueOf = new Map<string, string>();

  expectEqual(answer: Answer, recorded: RecordedAnswer, place: string): void {
    expect(answer.status, `${place}: ${answer.body}`).toBe(recorded.status);
    expect(answer.headers.get('content-type'), place).toBe(recorded.contentType);
    for (const [name, value] of Object.entries(recorded.headers ?? {})) {
      const own = answer.headers.get(name) ?? '';
      // The recorded validators are made of times and numbers of files; what they are made of is up to a server.
      if (name === 'etag') expect(own, place).toMatch(/^"[^"]+"$/);
      else expect(this.#withPlaceholders(own, value, place), place).toBe(value);
    }
    if (recorded.body.startsWith('<!doctype html>')) {
      // Of the pages, the status and the description count.
      expect(descriptionOf(answer.body), place).toBe(descriptionOf(recorded.body));
    } else {
      expect(this.#withPlaceholders(answer.body, recorded.body, place), place).toBe(recorded.body);
    }
  }

  #withPlaceholders(body: string, recorded: string, place: string): string {
    const keys: string[] = [];
    let pattern = '';
    let end = 0;
    for (const match of recorded.matchAll(PLACEHOLDER)) {
      pattern += `${escapePattern(recorded.slice(end, match.index))}(${PATTERN_OF_KIND[match[1]!]!})`;
      keys.push(match[0]);
      end = match.index + match[0].length;
    }
    const values = new RegExp(`^${pattern}${escapePattern(recorded.slice(end))}$`, 's').exec(body);
    if (values === null) return body;
    for (const [index, key] of keys.entries()) this.#remember(key, values[index + 1]!, place);
    return recorded;
  }

  #remember(key: string, value: string, place: string): void {
    const epoch = /^\{\{epoch(?::(\d+))?\}\}$/.exec(key);
    if (epoch !== null) {
      // The whole seconds of a time stamp, which is often not shown itself.
      const whole = this.#valueOf.get(`{{timestamp:${epoch[1]}}}`);
      if (whole !== undefined) expect(value, `${place}: ${key}`).toBe(String(Math.floor(Number(whole))));
      return;
    }
    const known = this.#valueOf.get(key);
    if (known !== undefined) {
      expect(value, `${place}: ${key} changed`).toBe(known);
      return;
    }
    expect([...this.#valueOf.values()], `${place}: ${key} should be a new value`).not.toContain(value);
    this.#valueOf.set(key, value);
  }
}

function descriptionOf(page: string): string | undefined {
  return /<p>(.*?)(?:<\/p>|$)/s.exec(page)?.[1]?.trim();
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
