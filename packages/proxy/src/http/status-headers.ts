const RETRY_AFTER_SECONDS = 1;

const HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'www-authenticate': 'Bearer' },
  // What is left of the body is not read: it would cost more than it is worth.
  413: { connection: 'close' },
  503: { 'retry-after': String(RETRY_AFTER_SECONDS) },
};

/** The headers that go with a status wherever it is answered. */
export function headersOfStatus(status: number): Readonly<Record<string, string>> {
  return HEADERS[status] ?? {};
}
