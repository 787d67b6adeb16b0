// A wire between the browser and the service that can be cut without the browser being told: `navigator.onLine`
// stays true and no event fires, as behind a router that has lost its line.

import { connect, createServer } from 'node:net';

/** The head of a request, at most. */
const HEAD = 2000;
/** What a flow waits for on the wire happens within this time, or the flow has failed. */
const PATIENCE = 60_000;

/**
 * Listens on a port of its own and passes everything on to the service.
 *
 * `cut()` drops all connections and refuses new ones until `join()`; `cutAfter(bytes)` cuts after so many more
 * bytes have gone to the service, and resolves then. `loseAnswer(pattern)` lets the next request whose head
 * matches reach the service, but not its answer; it resolves when the service has answered. `sent` counts the
 * bytes towards the service.
 */
export async function wireTo(base) {
  const { port, hostname } = new URL(base);
  const connections = new Set();
  const wire = { base: '', sent: 0, cut, cutAfter, join, loseAnswer, close };
  let isCut = false;
  let limit = null;
  let loss = null;

  const server = createServer((near) => {
    if (isCut) return near.destroy();
    const far = connect(Number(port), hostname);
    const drop = () => {
      near.destroy();
      far.destroy();
      connections.delete(drop);
    };
    connections.add(drop);
    let lost = null;
    near.on('data', (bytes) => {
      if (loss?.pattern.test(bytes.toString('latin1', 0, HEAD))) {
        lost = loss;
        loss = null;
      }
      wire.sent += bytes.length;
      if (!far.write(bytes)) {
        near.pause();
        far.once('drain', () => near.resume());
      }
      if (limit && wire.sent >= limit.at) {
        limit.resolve();
        cut();
      }
    });
    far.on('data', (bytes) => (lost ? lost.resolve() : near.write(bytes)));
    for (const socket of [near, far]) {
      socket.on('error', drop);
      socket.on('close', drop);
    }
    return undefined;
  });

  function cut() {
    isCut = true;
    limit = null;
    for (const drop of connections) drop();
  }

  function cutAfter(bytes) {
    return expected(`${bytes} more bytes`, (resolve) => (limit = { at: wire.sent + bytes, resolve }));
  }

  function join() {
    isCut = false;
  }

  function loseAnswer(pattern) {
    return expected(`an answer to ${pattern}`, (resolve) => (loss = { pattern, resolve }));
  }

  function close() {
    cut();
    server.close();
  }

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  wire.base = `http://127.0.0.1:${server.address().port}`;
  return wire;
}

/** A promise that is rejected when it is not resolved in time. */
function expected(what, begin) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the wire has not seen ${what}`)), PATIENCE);
    begin(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
