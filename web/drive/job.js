// One recording on its way: the lock against other tabs, the sender, what is remembered, the wake-ups.

import { corrected } from './clock.js';
import { wakeLock } from './camera.js';
import { tryLock, uploadLock } from './locks.js';
import { isReadable } from './picked.js';
import { degrees } from './position.js';
import { describe, STATE } from './recordings.js';
import { Sender } from './sender.js';
import { renewPage } from './shell.js';

/** Events after which an upload should try again at once. None of them is believed: they only wake it. */
const WAKE_UPS = [
  [() => globalThis, 'online'],
  [() => globalThis, 'pageshow'],
  [() => document, 'visibilitychange'],
  [() => document, 'resume'],
];

const ENDS = {
  done: STATE.SENT,
  already: STATE.REFUSED,
  closed: STATE.REFUSED,
  refused: STATE.REFUSED,
};

export class Job {
  #release = null;
  #wakeLock = null;
  #onWake = null;

  /** `listen(event)` hears the events of `Sender`, and `otherTab`. */
  constructor(context, recording, file, listen) {
    this.context = context;
    this.recording = recording;
    this.file = file;
    this.listen = listen;
    this.sender = null;
  }

  /** Sends. If another tab sends for this report already, it says so and does nothing. */
  async start() {
    if (this.sender) return this.sender.start();
    this.#release = await tryLock(uploadLock(this.recording.refKey));
    if (!this.#release) return this.listen({ type: 'otherTab' });
    if (await this.#isSent()) {
      this.#leave();
      return this.listen({ type: 'done', url: this.recording.uploadUrl });
    }
    await this.#save({ state: STATE.SENDING });
    this.sender = new Sender(this.file, this.recording, this.#deps(), (event) => this.#hear(event));
    this.#onWake = () => document.visibilityState === 'visible' && this.#wake();
    for (const [target, name] of WAKE_UPS) target().addEventListener(name, this.#onWake);
    this.#wakeLock = await wakeLock();
    return this.sender.start();
  }

  /** Another tab may have sent it, or a part of it, since this one has read what is known. */
  async #isSent() {
    const known = await this.context.store.get(this.recording.id).catch(() => undefined);
    if (!known) return false;
    const { uploadUrl, acknowledged, state } = known;
    Object.assign(this.recording, { uploadUrl, acknowledged });
    return state === STATE.SENT;
  }

  pause() {
    this.sender?.pause();
  }

  async #wake() {
    this.sender?.wake();
    // The browser takes a wake lock away when the page is hidden.
    if (this.sender && this.#wakeLock?.released !== false) this.#wakeLock = await wakeLock();
  }

  #deps() {
    const { api, texts } = this.context;
    return {
      tus: globalThis.tus,
      endpoint: '/uploads',
      token: () => api.token(),
      refreshToken: () => api.refreshToken(),
      look: (url) => api.upload(url),
      readable: () => isReadable(this.file),
      save: (changes) => void this.#save(changes),
      language: texts.language,
      // The first answer of the service tells the clock's difference, so it is known by now.
      details: async () => {
        this.context.settleClock(this.recording);
        return describe(this.recording, { now: Date.now(), offset: this.context.clockOffset, corrected, degrees });
      },
    };
  }

  async #save(changes) {
    Object.assign(this.recording, changes);
    await this.context.store.put(this.recording).catch(() => {});
  }

  async #hear(heard) {
    const event = await ended(this.context, this.recording, heard);
    if (event.type in ENDS || ['signedOut', 'otherSession', 'unreadable', 'failed'].includes(event.type)) this.#leave();
    this.listen(event);
  }

  #leave() {
    for (const [target, name] of WAKE_UPS) target().removeEventListener(name, this.#onWake);
    this.#wakeLock?.release().catch(() => {});
    this.#release?.();
    this.#release = null;
    this.sender = null;
  }
}

/**
 * Remembers a final answer of the service, be it to the upload or to a preflight; other events pass. Returns what the
 * answer means: a report that already has this very video is done.
 */
export async function ended(context, recording, heard) {
  const event = isOwnVideo(heard, recording) ? { ...heard, type: 'done', problem: null, url: recording.uploadUrl } : heard;
  const state = ENDS[event.type];
  if (!state) return event;
  Object.assign(recording, { state, refusal: event.problem ?? null, finishedAt: Date.now() });
  await context.store.put(recording).catch(() => {});
  // Only the final answer of the service makes the bytes superfluous.
  if (state === STATE.SENT) await context.dropFile(recording);
  if (event.type !== 'refused') renewPage(recording.refKey);
  return event;
}

/** Whether a report that has a video already has this one: the answer to its upload was lost. */
export function isOwnVideo({ type, problem }, { sha256 }) {
  return type === 'already' && sha256 !== null && problem?.details?.sha256 === sha256;
}
