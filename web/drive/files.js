// The page's side of the OPFS worker.

import { blobReader, topLevel, wholeLength } from './boxes.js';

/** Pieces of a copy: large enough to be fast, small enough for a cheap phone. */
const PIECE = 2 ** 20;

export class Files {
  #worker = null;
  #waiting = new Map();
  #next = 0;

  constructor(workerUrl, { storage = navigator.storage, makeWorker } = {}) {
    this.storage = storage;
    this.makeWorker = makeWorker ?? (() => new Worker(workerUrl, { type: 'module' }));
  }

  #call(op, message, transfer = []) {
    if (!this.#worker) {
      this.#worker = this.makeWorker();
      this.#worker.onmessage = ({ data }) => this.#answer(data);
      this.#worker.onerror = () => this.#fail('NotSupportedError');
    }
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, op, ...message }, transfer);
    });
  }

  #answer({ id, result, error }) {
    const { resolve, reject } = this.#waiting.get(id) ?? {};
    this.#waiting.delete(id);
    if (error) reject?.(Object.assign(new Error(error), { name: error }));
    else resolve?.(result);
  }

  #fail(name) {
    for (const { reject } of this.#waiting.values()) reject(Object.assign(new Error(name), { name }));
    this.#waiting.clear();
    this.#worker = null;
  }

  /** Writes a piece. Resolves with the size that is safe on the disk. */
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

  /** The file, or null if there is none. Its lock must be free: `close` first. */
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

  /** Copies a picked file. `onPart` hears the share that is done. */
  async copy(name, file, onPart = () => {}) {
    for (let at = 0; at < file.size; at += PIECE) {
      await this.write(name, at, file.slice(at, at + PIECE));
      onPart(Math.min(1, (at + PIECE) / file.size));
    }
    await this.close(name);
  }

  /**
   * Cuts a recording after a crash to what is whole. Returns its size; 0 if nothing can be played. Rejects if the
   * phone does not let the page look, which says nothing about the recording.
   */
  async repair(name) {
    const file = await this.open(name);
    if (!file) return 0;
    const whole = wholeLength(await topLevel(blobReader(file), file.size), file.size);
    if (whole < file.size) {
      await this.#call('truncate', { name, size: whole });
      await this.close(name);
    }
    return whole;
  }
}
