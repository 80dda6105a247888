import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One exchange of a recording. */
export interface RecordedExchange {
  request: { method: string; path: string; headers?: Record<string, string>; form?: [string, string][] };
  response: { status: number; contentType?: string; body?: string; headers?: Record<string, string> };
}

/** A request as the server got it. */
export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  form: [string, string][] | undefined;
}

/** A server that answers with recorded answers, one after the other, and keeps what it was asked. */
export interface RecordedMaster extends AsyncDisposable {
  url: string;
  seen: SeenRequest[];
}

const RECORDED_ORIGIN = 'http://127.0.0.1:5000';

/** Starts such a server on a free port. Texts of the recording that name its own origin are changed to ours. */
export async function startRecordedMaster(exchanges: readonly RecordedExchange[]): Promise<RecordedMaster> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const part of request) body += String(part);
    const form = request.method === 'POST' ? [...new URLSearchParams(body)] : undefined;
    const recorded = exchanges[seen.length];
    seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, form });
    if (recorded === undefined) {
      response.writeHead(599).end('One request more than was recorded.');
      return;
    }
    const headers = { ...recorded.response.headers, 'content-type': recorded.response.contentType ?? 'text/plain' };
    const text = JSON.stringify({ headers, body: recorded.response.body ?? '' }).replaceAll(RECORDED_ORIGIN, url);
    const ours = JSON.parse(text) as { headers: Record<string, string>; body: string };
    response.writeHead(recorded.response.status, ours.headers).end(ours.body);
  }

  return {
    url,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
