/**
 * Clients that do not behave, as a process of their own: what they cost shows at the server alone. Arguments: port, kind of trouble, how many.
 * Sends `{ ready: true }` when all have begun, and, asked by a message, how often they were answered what.
 */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const [port = '', kind = '', amount = ''] = process.argv.slice(2);
const BODY_BYTES = 100 * 1024 * 1024;
const PART = Buffer.alloc(64 * 1024, 'x');
const RECONNECT_MS = 10_000;
const TRICKLE_MS = 1_000;
const OPENED_AT_ONCE = 200;

/** @type {Record<string, number>} */
const answers = {};

/** @param {import('node:net').Socket} socket */
function answered(socket) {
  return new Promise((resolve) => {
    let status = 'closed';
    socket.on('data', (/** @type {Buffer} */ data) => {
      status = /^HTTP\/1\.1 (\d+)/.exec(data.toString('latin1'))?.[1] ?? status;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      answers[status] = (answers[status] ?? 0) + 1;
      resolve(undefined);
    });
  });
}

/** Sends a request so slowly that it never ends, and comes back when it was cut off. */
async function trickle() {
  for (;;) {
    const socket = connect(Number(port), '127.0.0.1');
    const end = answered(socket);
    socket.write('POST /supplySupply HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
    const timer = setInterval(() => socket.write('x'), TRICKLE_MS);
    await end;
    clearInterval(timer);
    await delay(RECONNECT_MS * Math.random());
  }
}

/**
 * Sends a body of 100 MB, again and again.
 *
 * @param {boolean} isAnnounced whether its length is in the headers
 */
async function sendLargeBodies(isAnnounced) {
  for (;;) {
    const socket = connect(Number(port), '127.0.0.1');
    const end = answered(socket);
    const length = isAnnounced ? `Content-Length: ${BODY_BYTES}` : 'Transfer-Encoding: chunked';
    socket.write(
      `POST /supplySupply HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n${length}\r\n\r\n`,
    );
    for (let sent = 0; sent < BODY_BYTES && !socket.destroyed; sent += PART.length) {
      const isTaken = socket.write(
        isAnnounced ? PART : Buffer.concat([Buffer.from(`${PART.length.toString(16)}\r\n`), PART, Buffer.from('\r\n')]),
      );
      if (!isTaken) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), end]);
    }
    // Whoever is not refused has to wait for the answer, which never comes: the body has no end.
    await Promise.race([end, delay(RECONNECT_MS)]);
    socket.destroy();
    await end;
  }
}

for (let index = 0; index < Number(amount); index += 1) {
  if (kind === 'trickle') void trickle();
  else void sendLargeBodies(index % 2 === 0);
  if (index % OPENED_AT_ONCE === OPENED_AT_ONCE - 1) await delay(20);
}
process.on('message', () => process.send?.({ answers }));
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
