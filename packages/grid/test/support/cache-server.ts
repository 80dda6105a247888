import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** shacache and shadir in memory, on a free port. */
export interface CacheServer extends AsyncDisposable {
  readonly cacheUrl: string;
  readonly directoryUrl: string;
  /** Archives by SHA-512. */
  readonly archives: Map<string, Buffer>;
  /** Answers by key. */
  readonly entries: Map<string, [string, string][]>;
  /** `METHOD /path`, in order. */
  readonly requests: string[];
  /** Ends the next download of an archive after this many bytes. */
  cutAfter: number | undefined;
  /** Answers this to uploads. */
  refuseUploads: boolean;
}

async function body(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function startCacheServer(): Promise<CacheServer> {
  const archives = new Map<string, Buffer>();
  const entries = new Map<string, [string, string][]>();
  const requests: string[] = [];

  const answerArchive = (request: IncomingMessage, response: ServerResponse, archive: Buffer): void => {
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = archive.subarray(from);
    response.writeHead(from === 0 ? 200 : 206, { 'Content-Length': rest.length, 'Accept-Ranges': 'bytes' });
    const { cutAfter } = server;
    server.cutAfter = undefined;
    if (cutAfter === undefined) response.end(rest);
    else response.write(rest.subarray(0, cutAfter), () => response.destroy());
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    requests.push(`${request.method ?? ''} ${path}`);
    const [, service = '', name = ''] = path.split('/');
    if (request.method === 'GET') {
      const archive = archives.get(name);
      const found = entries.get(name);
      if (service === 'shacache' && archive !== undefined) answerArchive(request, response, archive);
      else if (service === 'shadir' && found !== undefined) response.end(JSON.stringify(found));
      else response.writeHead(404).end();
      return;
    }
    const data = await body(request);
    if (server.refuseUploads) response.writeHead(503).end();
    else if (request.method === 'POST') {
      const sha512 = createHash('sha512').update(data).digest('hex');
      archives.set(sha512, data);
      response.writeHead(201).end(sha512);
    } else {
      entries.set(name, [...(entries.get(name) ?? []), JSON.parse(data.toString()) as [string, string]]);
      response.writeHead(201).end();
    }
  };

  const http = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const address = http.address();
  const base = `http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`;
  const server: CacheServer = {
    cacheUrl: `${base}/shacache`,
    directoryUrl: `${base}/shadir/`,
    archives,
    entries,
    requests,
    cutAfter: undefined,
    refuseUploads: false,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return server;
}
