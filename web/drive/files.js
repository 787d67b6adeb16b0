// Client of the OPFS worker.

import { blobReader, intactLength, topLevel } from './boxes.js';

/** Chunk size of a copy: large enough to be fast, small enough for the memory of a cheap phone. */
const COPY_CHUNK = 2 ** 20;

export class Files {
  #worker = null;
  #pending = new Map();
  #next = 0;

  constructor(workerUrl, { storage = navigator.storage, makeWorker } = {}) {
    this.storage = storage;
    this.makeWorker = makeWorker ?? (() => new Worker(workerUrl, { type: 'module' }));
  }

  #call(op, message, transfer = []) {
    if (!this.#worker) {
      this.#worker = this.makeWorker();
      this.#worker.onmessage = ({ data }) => this.#onMessage(data);
      this.#worker.onerror = () => this.#rejectAll('NotSupportedError');
    }
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, op, ...message }, transfer);
    });
  }

  #onMessage({ id, result, error }) {
    const { resolve, reject } = this.#pending.get(id) ?? {};
    this.#pending.delete(id);
    if (error) reject?.(Object.assign(new Error(error), { name: error }));
    else resolve?.(result);
  }

  #rejectAll(name) {
    for (const { reject } of this.#pending.values()) reject(Object.assign(new Error(name), { name }));
    this.#pending.clear();
    this.#worker = null;
  }

  /** Writes a chunk. Resolves with the flushed size of the file. */
  async write(name, at, blob) {
    const bytes = await blob.arrayBuffer();
    return this.#call('write', { name, at, bytes }, [bytes]);
  }

  close(name) {
    return this.#call('close', { name });
  }

  remove(name) {
    return this.#call('remove', { name });
  }

  /** The file, or null if it does not exist. Call `close` first: an open file is locked. */
  async open(name) {
    try {
      const top = await this.storage.getDirectory();
      const folder = await top.getDirectoryHandle('drive');
      return await (await folder.getFileHandle(name)).getFile();
    } catch (error) {
      if (error.name === 'NotFoundError') return null;
      throw error;
    }
  }

  /** The names of all files. */
  async names() {
    try {
      const top = await this.storage.getDirectory();
      const names = [];
      for await (const name of (await top.getDirectoryHandle('drive')).keys()) names.push(name);
      return names;
    } catch (error) {
      if (error.name === 'NotFoundError') return [];
      throw error;
    }
  }

  /** Copies a picked file. `onProgress` gets the completed fraction. */
  async copy(name, file, onProgress = () => {}) {
    for (let at = 0; at < file.size; at += COPY_CHUNK) {
      await this.write(name, at, file.slice(at, at + COPY_CHUNK));
      onProgress(Math.min(1, (at + COPY_CHUNK) / file.size));
    }
    await this.close(name);
  }

  /**
   * Truncates a recording after a crash to its intact part. Resolves with its size, 0 if nothing can be played. Rejects
   * if the file cannot be read now; it may still be intact.
   */
  async repair(name) {
    const file = await this.open(name);
    if (!file) return 0;
    const intact = intactLength(await topLevel(blobReader(file), file.size), file.size);
    if (intact < file.size) {
      await this.#call('truncate', { name, size: intact });
      await this.close(name);
    }
    return intact;
  }
}
