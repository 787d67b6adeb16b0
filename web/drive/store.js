// Recordings in IndexedDB, as plain objects: WebKit loses Blobs in IndexedDB.

const NAME = 'drive';
const VERSION = 1;
const RECORDINGS = 'recordings';
/** Small values by key. */
const NOTES = 'notes';

export class RecordingStore {
  #opening = null;

  constructor(factory = globalThis.indexedDB) {
    this.factory = factory;
  }

  #open() {
    this.#opening ??= new Promise((resolve, reject) => {
      const request = this.factory.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(RECORDINGS, { keyPath: 'id' });
        request.result.createObjectStore(NOTES);
      };
      request.onsuccess = () => {
        const database = request.result;
        // iPhones close the databases of background pages, and another tab may upgrade the schema.
        database.onclose = () => (this.#opening = null);
        database.onversionchange = () => {
          database.close();
          this.#opening = null;
        };
        resolve(database);
      };
      request.onerror = () => reject(request.error);
    }).catch((error) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  async #run(name, mode, action) {
    try {
      return await this.#once(name, mode, action);
    } catch (error) {
      // The connection was closed without an event, or while the transaction was being created.
      if (error?.name !== 'InvalidStateError' && error?.name !== 'UnknownError') throw error;
      this.#opening = null;
      return this.#once(name, mode, action);
    }
  }

  async #once(name, mode, action) {
    const database = await this.#open();
    return new Promise((resolve, reject) => {
      // `strict`: resolves only after the data is on the disk.
      const transaction = database.transaction(name, mode, { durability: 'strict' });
      const request = action(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
      transaction.onerror = () => reject(transaction.error);
    });
  }

  put(recording) {
    return this.#run(RECORDINGS, 'readwrite', (store) => store.put(recording));
  }

  get(id) {
    return this.#run(RECORDINGS, 'readonly', (store) => store.get(id));
  }

  all() {
    return this.#run(RECORDINGS, 'readonly', (store) => store.getAll());
  }

  remove(id) {
    return this.#run(RECORDINGS, 'readwrite', (store) => store.delete(id));
  }

  note(name) {
    return this.#run(NOTES, 'readonly', (store) => store.get(name));
  }

  setNote(name, value) {
    return this.#run(NOTES, 'readwrite', (store) => store.put(value, name));
  }

  clearNotes() {
    return this.#run(NOTES, 'readwrite', (store) => store.clear());
  }
}
