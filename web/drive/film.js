// The recording screen: connects the camera, the state machine of `recorder.js` and the disk.

import { nominalRate, rates } from './budget.js';
import { Camera, canLockOrientation } from './camera.js';
import { clockBase } from './clock.js';
import { outcomeOf } from './finish.js';
import { filmLock, holdLock } from './locks.js';
import { elapsed, initial, remaining, step } from './recorder.js';
import { filenameOf, newRecording, STATE } from './recordings.js';
import { stopwatch } from './text.js';

const TICK = 500;
const ROTATION_TIMEOUT = 1000;

export class FilmScreen {
  #state;
  #recording = null;
  #writes = Promise.resolve();
  /** The chunk that the recorder has just delivered. */
  #latestChunk = null;
  /** All chunks, if they cannot be written to the disk. */
  #blobs = [];
  #releaseLock = null;
  #isStarting = false;
  #timer = null;
  /** Removes the event listeners: the next recording screen uses the same buttons. */
  #listeners = new AbortController();

  /** `root` is the section of the screen. `onEnd(recording | null, reason)` is called once. */
  constructor(context, root, onEnd) {
    this.context = context;
    this.root = root;
    this.onEnd = onEnd;
    const limit = context.limits.maxBytes;
    this.#state = initial({ limit, nominal: nominalRate(rates(limit)) });
    this.camera = new Camera(root.querySelector('video'), limit, (event) => this.#apply(event));
    this.#bind();
  }

  open() {
    this.#timer = setInterval(() => this.#tick(), TICK);
    this.#apply({ type: 'open' });
  }

  /** Leaves the screen without a recording. */
  cancel() {
    this.#apply({ type: 'cancel' });
    this.#close();
  }

  get isRecording() {
    return ['recording', 'stopping', 'finishing'].includes(this.#state.phase);
  }

  #bind() {
    const { signal } = this.#listeners;
    const onClick = (name, action) =>
      this.root.querySelector(`[data-do="${name}"]`)?.addEventListener('click', action, { signal });
    onClick('start', () => this.#start());
    onClick('stop', () => this.#apply({ type: 'stop' }));
    onClick('item', () => this.#apply({ type: 'nextItem' }));
    onClick('retry-camera', () => this.#apply({ type: 'open' }));
    onClick('torch', ({ currentTarget }) => {
      const isOn = currentTarget.getAttribute('aria-pressed') !== 'true';
      currentTarget.setAttribute('aria-pressed', String(isOn));
      this.camera.setTorch(isOn);
    });
    const onVisibility = () => this.#apply({ type: document.visibilityState === 'hidden' ? 'hidden' : 'visible' });
    document.addEventListener('visibilitychange', onVisibility, { signal });
    // iPhones do not always report a page as hidden when they freeze it.
    addEventListener('pagehide', () => this.#apply({ type: 'hidden' }), { signal });
  }

  #apply(event) {
    const [state, commands] = step(this.#state, event);
    this.#state = state;
    for (const command of commands) this.#run(command);
    this.#show();
  }

  #run(command) {
    switch (command.type) {
      case 'openCamera':
        return void this.camera.open();
      case 'closeCamera':
        return this.camera.close();
      case 'startRecorder':
        return this.camera.start((blob) => this.#onChunk(blob));
      case 'stopRecorder':
        return this.camera.stop();
      case 'write':
        return void this.#write(command.at);
      case 'flush':
        return void this.#flush();
      case 'finish':
        return void this.#finish(command.reason);
      default:
        return undefined;
    }
  }

  /** Ignores a second tap during the start, which would start a second recording. */
  async #start() {
    if (this.#isStarting || this.camera.format === null) return;
    this.#isStarting = true;
    if (this.camera.format.locksOrientation && canLockOrientation()) await lockOrientation(this.root);
    await this.#prepare();
    this.#apply({ type: 'start', now: performance.now() });
    if (!this.isRecording) await this.#abandon();
    this.#isStarting = false;
  }

  async #prepare() {
    const { context } = this;
    const now = Date.now();
    const id = context.newId();
    const name = `${id}.mp4`;
    this.#releaseLock = await holdLock(filmLock(id));
    this.#recording = newRecording({
      id,
      name,
      file: (await this.#hasDisk(name)) ? 'opfs' : 'memory',
      state: STATE.RECORDING,
      refKey: context.report.ref_key,
      plate: context.report.plate,
      typeTitle: context.report.type_title,
      owner: context.owner,
      filmedBy: context.identity,
      filename: filenameOf(context.report.plate, now),
      recordedAt: now,
      clockOffset: context.clockOffset,
      place: context.place,
    });
    context.clockBases.set(id, clockBase());
    await context.store.put(this.#recording).catch(() => {});
    this.#blobs = [];
  }

  /** Private windows offer OPFS, but writing fails: the recording is then kept in memory. */
  async #hasDisk(name) {
    const { canStoreFiles, files } = this.context;
    return canStoreFiles && files.write(name, 0, new Blob()).then(() => true, () => false);
  }

  /** The page was hidden before the recorder started. */
  async #abandon() {
    await this.context.discard(this.#recording);
    this.#release();
  }

  #onChunk(blob) {
    this.#latestChunk = blob;
    this.#apply({ type: 'chunk', size: blob.size, now: performance.now() });
  }

  /** Writes the latest chunk. Bytes count as saved once the disk has confirmed them. */
  #write(at) {
    const recording = this.#recording;
    const blob = this.#latestChunk;
    if (recording.file === 'memory') {
      this.#blobs.push(blob);
      this.#apply({ type: 'flushed', bytes: at + blob.size });
      return;
    }
    this.#writes = this.#writes.then(async () => {
      try {
        const bytes = await this.context.files.write(recording.name, at, blob);
        this.#apply({ type: 'flushed', bytes });
        recording.size = bytes;
        recording.durationMs = Math.round(elapsed(this.#state, performance.now()) * 1000);
        await this.context.store.put(recording).catch(() => {});
      } catch (error) {
        this.#apply({ type: error.name === 'QuotaExceededError' ? 'quota' : 'failed' });
        throw error;
      }
    });
    // After a failed write later chunks must not be written; `#flush` awaits the failure.
    this.#writes.catch(() => {});
  }

  async #flush() {
    const length = elapsed(this.#state, performance.now());
    await this.#writes.catch(() => {});
    const recording = this.#recording;
    if (recording.file === 'opfs') await this.context.files.close(recording.name).catch(() => {});
    recording.durationMs ??= Math.round(length * 1000);
    this.#apply({ type: 'done' });
  }

  async #finish(reason) {
    const { context } = this;
    const recording = this.#recording;
    const { phase, savedBytes } = this.#state;
    const { outcome, size } = await outcomeOf(context.files, recording, { isSaved: phase === 'saved', savedBytes, reason });
    recording.size = size;
    if (outcome === 'empty') await context.discard(recording);
    if (outcome === 'saved') await this.#store(recording);
    else this.#release();
    this.#close();
    // An unreadable recording stays in the state of a crash, and the next page repairs it.
    this.onEnd(outcome === 'saved' ? recording : null, outcome === 'unreadable' ? outcome : reason);
  }

  /** If the row cannot be stored, the lock is kept: the next page would remove the file as an orphan. */
  async #store(recording) {
    recording.state = STATE.READY;
    if (recording.file === 'memory') {
      this.context.memory.set(recording.id, new File(this.#blobs, recording.filename, { type: 'video/mp4' }));
    }
    await this.context.store.put(recording).then(() => this.#release(), () => {});
  }

  #close() {
    clearInterval(this.#timer);
    this.#listeners.abort();
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  }

  #release() {
    this.#releaseLock?.();
    this.#releaseLock = null;
  }

  #tick() {
    if (this.#state.phase === 'recording') this.#apply({ type: 'tick', now: performance.now() });
    else this.#show();
  }

  #show() {
    const { phase, hasSound, item, reason } = this.#state;
    const { texts } = this.context;
    const now = performance.now();
    this.root.dataset.phase = phase;
    const set = (name, text) => {
      const element = this.root.querySelector(`[data-show="${name}"]`);
      if (element && element.textContent !== text) element.textContent = text;
    };
    set('time', stopwatch(elapsed(this.#state, now)));
    set('left', phase === 'recording' ? texts.get('drive.left', { t: stopwatch(remaining(this.#state, now)) }) : '');
    set('item', itemLabel(this.context.report.instructions, item));
    set('sound', phase !== 'opening' && !hasSound ? texts.get('drive.no_sound') : '');
    set('denied', phase === 'denied' ? texts.get(reason === 'busy' ? 'drive.cam_busy' : 'drive.cam_denied') : '');
    const torch = this.root.querySelector('[data-do="torch"]');
    if (torch) torch.hidden = !this.camera.hasTorch;
  }
}

/** The next item to show, such as "6. Salon"; empty after the last one. */
function itemLabel(instructions, index) {
  const text = instructions[index]?.text;
  return text ? `${index + 1}. ${text}` : '';
}

async function lockOrientation(root) {
  try {
    await root.requestFullscreen();
    await screen.orientation.lock('landscape');
    await untilLandscape(root.querySelector('video'));
  } catch {
    // Without the lock the recording stops when the phone is rotated.
  }
}

/** Resolves when the camera picture has followed the rotation of the screen, or after a timeout. */
function untilLandscape(video) {
  if (video.videoWidth >= video.videoHeight) return undefined;
  return new Promise((resolve) => {
    video.addEventListener('resize', resolve, { once: true });
    setTimeout(resolve, ROTATION_TIMEOUT);
  });
}
