// Writes chunks to OPFS. It runs in a worker, because Safari before 26 can write to OPFS only there, and because only
// a sync access handle can be flushed: flushed data survives a killed tab.

import { appendTo, removeFrom } from './opfs-core.js';

const open = new Map();

const root = async () => {
  const top = await navigator.storage.getDirectory();
  return top.getDirectoryHandle('drive', { create: true });
};

async function handleOf(name) {
  if (!open.has(name)) {
    const file = await (await root()).getFileHandle(name, { create: true });
    open.set(name, await file.createSyncAccessHandle());
  }
  return open.get(name);
}

const OPERATIONS = {
  async write({ name, at, bytes }) {
    return appendTo(await handleOf(name), at, new Uint8Array(bytes));
  },
  async truncate({ name, size }) {
    const handle = await handleOf(name);
    handle.truncate(size);
    handle.flush();
    return size;
  },
  async close({ name }) {
    const handle = open.get(name);
    open.delete(name);
    handle?.close();
    return null;
  },
  async remove({ name }) {
    await OPERATIONS.close({ name });
    return removeFrom(await root(), name);
  },
};

// Sequential: chunks must be written in the order in which they were recorded.
let queue = Promise.resolve();

addEventListener('message', ({ data }) => {
  queue = queue.then(async () => {
    try {
      postMessage({ id: data.id, result: await OPERATIONS[data.op](data) });
    } catch (error) {
      postMessage({ id: data.id, error: error.name });
    }
  });
});
