// The upload of one recording: the lock between tabs, the sender, stored progress and wake-up events.

import { corrected } from './clock.js';
import { wakeLock } from './camera.js';
import { tryLock, uploadLock } from './locks.js';
import { isReadable } from './picked.js';
import { degrees } from './position.js';
import { STATE, uploadMetadata } from './recordings.js';
import { Sender } from './sender.js';
import { invalidatePage } from './shell.js';

/** Events that trigger an immediate retry. They are only hints: none proves that there is a network. */
const WAKE_UPS = [
  [() => globalThis, 'online'],
  [() => globalThis, 'pageshow'],
  [() => document, 'visibilitychange'],
  [() => document, 'resume'],
];

const FINAL_STATES = {
  done: STATE.SENT,
  already: STATE.REFUSED,
  closed: STATE.REFUSED,
  refused: STATE.REFUSED,
};

export class Job {
  #releaseLock = null;
  #wakeLock = null;
  #wakeListener = null;

  /** `onEvent(event)` gets the events of `Sender`, and `otherTab`. */
  constructor(context, recording, file, onEvent) {
    this.context = context;
    this.recording = recording;
    this.file = file;
    this.onEvent = onEvent;
    this.sender = null;
  }

  /** Starts or resumes the upload. Only emits `otherTab` if another tab is already sending for this report. */
  async start() {
    if (this.sender) return this.sender.start();
    this.#releaseLock = await tryLock(uploadLock(this.recording.refKey));
    if (!this.#releaseLock) return this.onEvent({ type: 'otherTab' });
    if (await this.#isSent()) {
      this.#close();
      return this.onEvent({ type: 'done', url: this.recording.uploadUrl });
    }
    await this.#update({ state: STATE.SENDING });
    this.sender = new Sender(this.file, this.recording, this.#deps(), (event) => this.#onSenderEvent(event));
    this.#wakeListener = () => document.visibilityState === 'visible' && this.#wake();
    for (const [target, name] of WAKE_UPS) target().addEventListener(name, this.#wakeListener);
    this.#wakeLock = await wakeLock();
    return this.sender.start();
  }

  /** Reloads the progress: another tab may have sent the recording, or a part of it, meanwhile. */
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
    // The browser releases the wake lock when the page is hidden.
    if (this.sender && this.#wakeLock?.released !== false) this.#wakeLock = await wakeLock();
  }

  #deps() {
    const { api, texts } = this.context;
    return {
      tus: globalThis.tus,
      endpoint: '/uploads',
      token: () => api.token(),
      refreshToken: () => api.refreshToken(),
      uploadState: (url) => api.uploadState(url),
      readable: () => isReadable(this.file),
      save: (changes) => void this.#update(changes),
      language: texts.language,
      // An earlier response of the service has determined the clock offset.
      details: async () => {
        this.context.correctClock(this.recording);
        return uploadMetadata(this.recording, { now: Date.now(), offset: this.context.clockOffset, corrected, degrees });
      },
    };
  }

  async #update(changes) {
    Object.assign(this.recording, changes);
    await this.context.store.put(this.recording).catch(() => {});
  }

  async #onSenderEvent(received) {
    const event = await recordOutcome(this.context, this.recording, received);
    if (event.type in FINAL_STATES || ['signedOut', 'otherSession', 'unreadable', 'failed'].includes(event.type)) this.#close();
    this.onEvent(event);
  }

  #close() {
    for (const [target, name] of WAKE_UPS) target().removeEventListener(name, this.#wakeListener);
    this.#wakeLock?.release().catch(() => {});
    this.#releaseLock?.();
    this.#releaseLock = null;
    this.sender = null;
  }
}

/**
 * Stores the final response of the service to an upload or a preflight; other events are returned unchanged. Returns
 * the event `done` if the report already has this very video.
 */
export async function recordOutcome(context, recording, received) {
  const event = isSameVideo(received, recording) ? { ...received, type: 'done', problem: null, url: recording.uploadUrl } : received;
  const state = FINAL_STATES[event.type];
  if (!state) return event;
  Object.assign(recording, { state, refusal: event.problem ?? null, finishedAt: Date.now() });
  await context.store.put(recording).catch(() => {});
  // The file may be deleted only after the service has confirmed the video.
  if (state === STATE.SENT) await context.deleteFile(recording);
  if (event.type !== 'refused') invalidatePage(recording.refKey);
  return event;
}

/** Whether the video of the report is this one: the response to its upload was lost. */
export function isSameVideo({ type, problem }, { sha256 }) {
  return type === 'already' && sha256 !== null && problem?.details?.sha256 === sha256;
}
