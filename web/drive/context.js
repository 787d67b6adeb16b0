// What all screens of the page share: the data of the server, texts, requests, the disk.

import { pageData } from '../shared/data.js';
import { Api, randomId, read, write } from './api.js';
import { abilities } from './browser.js';
import { Files } from './files.js';
import { holdsFile } from './recordings.js';
import { RecordingStore } from './store.js';
import { DriveTexts } from './text.js';

const OFFSET = 'drive.clock';

export function makeContext() {
  const data = pageData();
  const can = abilities(globalThis);
  const offset = Number.parseInt(read(globalThis.localStorage, OFFSET) ?? '', 10);
  const context = {
    ...data,
    texts: new DriveTexts(data.texts, data.language),
    can,
    canKeep: can.keep,
    store: can.isSecure ? new RecordingStore() : new NoStore(),
    files: can.keep ? new Files(data.files.worker) : null,
    /** Files that could not be copied to the disk, by the id of their recording. */
    memory: new Map(),
    clockOffset: Number.isFinite(offset) ? offset : null,
    place: null,
    newId: () => randomId(),
  };
  context.api = new Api({
    language: data.language,
    csrf: data.csrf,
    kind: data.kind,
    onOffset: (value) => {
      context.clockOffset = value;
      write(globalThis.localStorage, OFFSET, String(value));
    },
  });
  context.fileOf = (recording) => fileOf(context, recording);
  context.dropFile = (recording) => dropFile(context, recording);
  context.forget = async (recording) => {
    await dropFile(context, recording);
    await context.store.remove(recording.id).catch(() => {});
  };
  return context;
}

async function fileOf({ files, memory }, recording) {
  if (memory.has(recording.id)) return memory.get(recording.id);
  if (!holdsFile(recording) || !files) return null;
  return files.open(recording.name);
}

async function dropFile({ files, memory }, recording) {
  memory.delete(recording.id);
  if (holdsFile(recording) && files) await files.remove(recording.name).catch(() => {});
}

/** Over plain http nothing is kept. */
class NoStore {
  put = async () => {};
  get = async () => undefined;
  all = async () => [];
  remove = async () => {};
  note = async () => undefined;
  setNote = async () => {};
  clearNotes = async () => {};
}
