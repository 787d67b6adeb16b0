// A TCP proxy between the browser and the service. It can drop connections without the browser noticing:
// `navigator.onLine` stays true and no event fires, as behind a router that has lost its uplink.

import { connect, createServer } from 'node:net';

/** Bytes of a request that are matched against a pattern. */
const HEAD = 2000;
/** Milliseconds after which `cutAfter` and `dropResponse` reject. */
const TIMEOUT = 60_000;

/**
 * Starts a proxy on its own port.
 *
 * `cut()` drops all connections and refuses new ones until `restore()`. `cutAfter(bytes)` cuts after that many further
 * bytes to the service, and resolves then. `dropResponse(pattern)` drops the response to the next request whose head
 * matches; it resolves when the service has responded. `sent` counts the bytes to the service.
 */
export async function startProxy(base) {
  const { port, hostname } = new URL(base);
  const connections = new Set();
  const proxy = { base: '', sent: 0, cut, cutAfter, restore, dropResponse, close };
  let isCut = false;
  let limit = null;
  let pendingDrop = null;

  const server = createServer((client) => {
    if (isCut) return client.destroy();
    const upstream = connect(Number(port), hostname);
    const drop = () => {
      client.destroy();
      upstream.destroy();
      connections.delete(drop);
    };
    connections.add(drop);
    let dropped = null;
    client.on('data', (bytes) => {
      if (pendingDrop?.pattern.test(bytes.toString('latin1', 0, HEAD))) {
        dropped = pendingDrop;
        pendingDrop = null;
      }
      proxy.sent += bytes.length;
      if (!upstream.write(bytes)) {
        client.pause();
        upstream.once('drain', () => client.resume());
      }
      if (limit && proxy.sent >= limit.at) {
        limit.resolve();
        cut();
      }
    });
    upstream.on('data', (bytes) => (dropped ? dropped.resolve() : client.write(bytes)));
    for (const socket of [client, upstream]) {
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
    return withTimeout(`${bytes} more bytes`, (resolve) => (limit = { at: proxy.sent + bytes, resolve }));
  }

  function restore() {
    isCut = false;
  }

  function dropResponse(pattern) {
    return withTimeout(`a response to ${pattern}`, (resolve) => (pendingDrop = { pattern, resolve }));
  }

  function close() {
    cut();
    server.close();
  }

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.base = `http://127.0.0.1:${server.address().port}`;
  return proxy;
}

/** A promise that rejects if it is not resolved in time. */
function withTimeout(description, start) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the proxy has not seen ${description}`)), TIMEOUT);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
