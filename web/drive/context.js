// What all screens of the page share: the data of the server, texts, requests, the disk.

import { pageData } from '../shared/data.js';
import { Api, randomId, read, write } from './api.js';
import { abilities } from './browser.js';
import { offsetWhileFilming } from './clock.js';
import { Files } from './files.js';
import { belongsTo, holdsFile } from './recordings.js';
import { reportPage } from './shell.js';
import { RecordingStore } from './store.js';
import { DriveTexts } from './text.js';
import { statedBy } from './who.js';

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
    openedAt: Date.now(),
    /** The offset that this page has measured. */
    measuredOffset: null,
    /** The clock's base while this page was filming, by the id of the recording. */
    clockBases: new Map(),
    place: null,
    /** Who says that they film; null if nobody has. */
    who: statedBy(data.kind),
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
  context.settleClock = (recording) => {
    const { measuredOffset, clockBases } = context;
    recording.clockOffset = offsetWhileFilming(recording.clockOffset, measuredOffset, clockBases.get(recording.id));
  };
  context.fileOf = (recording) => fileOf(context, recording);
  context.dropFile = (recording) => dropFile(context, recording);
  // A file that cannot be removed now belongs to no recording afterwards, and is removed by `tidy`.
  context.forget = async (recording) => {
    await dropFile(context, recording);
    await context.store.remove(recording.id).catch(() => {});
  };
  return context;
}

/** The page of a report is open to whoever may film it; the list names those that wait for a video. */
function mayFilm({ report, keep = [] }, { refKey }) {
  return report ? report.ref_key === refKey : keep.includes(reportPage(refKey));
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
