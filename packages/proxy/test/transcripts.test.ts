import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { createProxy, type ProxyOptions } from '../src/index.js';
import { explainedDifference } from './support/explained-differences.js';
import { TranscriptMatcher } from './support/transcript-matcher.js';
import { temporaryFolder } from './support/server-process.js';
import type { Exchange, Transcript } from './support/transcript.js';

const FOLDER = join(import.meta.dirname, 'fixtures/transcripts');
const ORIGIN = 'http://127.0.0.1:5000';
/** Have a second master: see forwarding.test.ts. */
const WITH_SECOND_MASTER = ['14-multimaster.json', '29-rpc-forward.json'];

/** Asks a server of its own: see http-proxy.test.ts. */
const WITH_ORIGIN = '24-http-proxy.json';

const WITH_SHARED_CACHE = '27-shacache.json';

/** As the recorded proxy was configured. Scenarios 12 and 13 have a front end that sends its own headers. */
const RECORDED_CONFIGURATION: ProxyOptions = {
  computerId: 'COMP-1234',
  softwareProducts: {
    kvm: 'https://sr.example/kvm/software.cfg',
    erp5: 'https://sr.example/erp5/software.cfg',
  },
  trustForwardedHeaders: true,
  allowedHosts: ['*'],
  // The recorded calls followed each other within one second, which shows where whole seconds are shown.
  clock: () => 1_795_412_182_658,
};

describe('recorded exchanges with the Python proxy are answered identically', () => {
  const files = readdirSync(FOLDER).filter((file) => ![...WITH_SECOND_MASTER, WITH_ORIGIN].includes(file));
  expect(files.length).toBeGreaterThan(10);
  test.each(files)('%s', async (file) => {
    const transcript = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Transcript;
    using folder = temporaryFolder();
    const sharedCache = {
      contentDirectory: join(folder.path, 'content'),
      metadataDirectory: join(folder.path, 'metadata'),
    };
    const isWithCache = file === WITH_SHARED_CACHE;
    await using proxy = await createProxy({ ...RECORDED_CONFIGURATION, ...(isWithCache ? { sharedCache } : {}) });
    const matcher = new TranscriptMatcher();
    for (const [index, exchange] of transcript.exchanges.entries()) {
      const response = await proxy.fetch(requestOf(exchange));
      const answer = { status: response.status, body: await response.text(), headers: response.headers };
      const difference = explainedDifference(file, index);
      if (difference !== undefined) {
        const place = `exchange ${index}: ${difference.why}`;
        expect(answer.status, place).toBe(difference.status);
        if (difference.body !== undefined) expect(answer.body, place).toMatch(difference.body);
        if (difference.notBody !== undefined) expect(answer.body, place).not.toMatch(difference.notBody);
        continue;
      }
      matcher.expectEqual(
        answer,
        exchange.response,
        `exchange ${index}: ${exchange.request.method} ${exchange.request.path}`,
      );
    }
  });
});

function requestOf({ request }: Exchange): Request {
  const headers = new Headers(request.headers);
  const body = bodyOf(request);
  return new Request(ORIGIN + request.path, {
    method: request.method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
}

function bodyOf({ form, json, body }: Exchange['request']): string | undefined {
  if (form !== undefined) return new URLSearchParams(form).toString();
  return json === undefined ? body : JSON.stringify(json);
}
