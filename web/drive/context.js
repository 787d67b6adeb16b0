// The context shared by all screens of a page: page data, texts, requests, storage.

import { pageData } from '../shared/data.js';
import { Api, randomId, read, write } from './api.js';
import { capabilities } from './browser.js';
import { offsetAtRecording } from './clock.js';
import { Files } from './files.js';
import { belongsTo, isOnDisk } from './recordings.js';
import { reportPage } from './shell.js';
import { RecordingStore } from './store.js';
import { DriveTexts } from './text.js';
import { loadIdentity } from './who.js';

const OFFSET = 'drive.clock';

export function makeContext() {
  const data = pageData();
  const can = capabilities(globalThis);
  const offset = Number.parseInt(read(globalThis.localStorage, OFFSET) ?? '', 10);
  const context = {
    ...data,
    texts: new DriveTexts(data.texts, data.language),
    can,
    canStoreFiles: can.storeFiles,
    store: can.isSecure ? new RecordingStore() : new NoStore(),
    files: can.storeFiles ? new Files(data.files.worker) : null,
    /** Files that are not on the disk, by the id of their recording. */
    memory: new Map(),
    clockOffset: Number.isFinite(offset) ? offset : null,
    openedAt: Date.now(),
    /** The offset measured by this page, or null. */
    measuredOffset: null,
    /** `clockBase` of the recordings made by this page, by id. */
    clockBases: new Map(),
    place: null,
    /** Name and phone stated by the driver, or null. */
    identity: loadIdentity(data.kind),
    newId: () => randomId(),
  };
  context.api = new Api({
    language: data.language,
    csrf: data.csrf,
    kind: data.kind,
    onOffset: (value) => {
      context.clockOffset = context.measuredOffset = value;
      write(globalThis.localStorage, OFFSET, String(value));
    },
  });
  context.isOwn = (recording) => belongsTo(recording, context, mayFilm(context, recording));
  context.correctClock = (recording) => {
    const { measuredOffset, clockBases } = context;
    recording.clockOffset = offsetAtRecording(recording.clockOffset, measuredOffset, clockBases.get(recording.id));
  };
  context.fileOf = (recording) => fileOf(context, recording);
  context.deleteFile = (recording) => deleteFile(context, recording);
  // A file that cannot be removed now becomes an orphan, which `cleanUp` removes later.
  context.discard = async (recording) => {
    await deleteFile(context, recording);
    await context.store.remove(recording.id).catch(() => {});
  };
  return context;
}

/** The page of a report is served only to drivers who may film it; the list page names the reports without a video. */
function mayFilm({ report, keep = [] }, { refKey }) {
  return report ? report.ref_key === refKey : keep.includes(reportPage(refKey));
}

async function fileOf({ files, memory }, recording) {
  if (memory.has(recording.id)) return memory.get(recording.id);
  if (!isOnDisk(recording) || !files) return null;
  return files.open(recording.name);
}

async function deleteFile({ files, memory }, recording) {
  memory.delete(recording.id);
  if (isOnDisk(recording) && files) await files.remove(recording.name).catch(() => {});
}

/** Used over plain http: stores nothing. */
class NoStore {
  put = async () => {};
  get = async () => undefined;
  all = async () => [];
  remove = async () => {};
  note = async () => undefined;
  setNote = async () => {};
  clearNotes = async () => {};
}
