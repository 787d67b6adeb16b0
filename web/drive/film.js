// The screen on which a driver films: the camera, the pure states of `recorder.js`, and the disk.

import { nominalRate, rates } from './budget.js';
import { Camera, canLockOrientation } from './camera.js';
import { clockBase } from './clock.js';
import { outcomeOf } from './finish.js';
import { filmLock, holdLock } from './locks.js';
import { elapsed, initial, remaining, step } from './recorder.js';
import { filenameOf, newRecording, STATE } from './recordings.js';
import { stopwatch } from './text.js';

const TICK = 500;
const SETTLES = 1000;

export class FilmScreen {
  #state;
  #recording = null;
  #pieces = Promise.resolve();
  /** The piece that the recorder has just handed over. */
  #fresh = null;
  /** All pieces, where no disk keeps them. */
  #blobs = [];
  #unlock = null;
  #isStarting = false;
  #timer = null;
  /** Ends what this screen listens to: the next one listens to the same buttons. */
  #listening = new AbortController();

  /** `context` is the page's, `root` the section, `onEnd(recording | null, reason)` is called once. */
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
    this.#leave();
  }

  get isRecording() {
    return ['recording', 'stopping', 'finishing'].includes(this.#state.phase);
  }

  #bind() {
    const { signal } = this.#listening;
    const on = (name, action) =>
      this.root.querySelector(`[data-do="${name}"]`)?.addEventListener('click', action, { signal });
    on('start', () => this.#start());
    on('stop', () => this.#apply({ type: 'stop' }));
    on('item', () => this.#apply({ type: 'nextItem' }));
    on('retry-camera', () => this.#apply({ type: 'open' }));
    on('torch', ({ currentTarget }) => {
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
        return this.camera.start((blob) => this.#piece(blob));
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

  /** A second tap while the first is on its way would begin a second recording. */
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
    this.#unlock = await holdLock(filmLock(id));
    this.#recording = newRecording({
      id,
      name,
      file: (await this.#hasDisk(name)) ? 'opfs' : 'memory',
      state: STATE.RECORDING,
      refKey: context.report.ref_key,
      plate: context.report.plate,
      typeTitle: context.report.type_title,
      owner: context.owner,
      filmedBy: context.who,
      filename: filenameOf(context.report.plate, now),
      recordedAt: now,
      clockOffset: context.clockOffset,
      place: context.place,
    });
    context.clockBases.set(id, clockBase());
    await context.store.put(this.#recording).catch(() => {});
    this.#blobs = [];
  }

  /** Private windows have the functions of the disk, but no disk: there the page keeps the recording in memory. */
  async #hasDisk(name) {
    const { canKeep, files } = this.context;
    return canKeep && files.write(name, 0, new Blob()).then(() => true, () => false);
  }

  /** The page was hidden before the recorder began. */
  async #abandon() {
    await this.context.forget(this.#recording);
    this.#release();
  }

  #piece(blob) {
    this.#fresh = blob;
    this.#apply({ type: 'chunk', size: blob.size, now: performance.now() });
  }

  /** Writes the piece that has come. "Saved" is what the disk has confirmed. */
  #write(at) {
    const recording = this.#recording;
    const blob = this.#fresh;
    if (recording.file === 'memory') {
      this.#blobs.push(blob);
      this.#apply({ type: 'flushed', bytes: at + blob.size });
      return;
    }
    this.#pieces = this.#pieces.then(async () => {
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
    // Later pieces must not follow a missing one; `#flush` sees the failure.
    this.#pieces.catch(() => {});
  }

  async #flush() {
    const length = elapsed(this.#state, performance.now());
    await this.#pieces.catch(() => {});
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
    if (outcome === 'empty') await context.forget(recording);
    if (outcome === 'saved') await this.#save(recording);
    else this.#release();
    this.#leave();
    // What cannot be read now stays as if the page had been killed: the next one repairs it.
    this.onEnd(outcome === 'saved' ? recording : null, outcome === 'unreadable' ? outcome : reason);
  }

  /** A file without a row in the database would be removed by the next page, so its lock stays with this one. */
  async #save(recording) {
    recording.state = STATE.READY;
    if (recording.file === 'memory') {
      this.context.memory.set(recording.id, new File(this.#blobs, recording.filename, { type: 'video/mp4' }));
    }
    await this.context.store.put(recording).then(() => this.#release(), () => {});
  }

  #leave() {
    clearInterval(this.#timer);
    this.#listening.abort();
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  }

  #release() {
    this.#unlock?.();
    this.#unlock = null;
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
    set('item', itemOf(this.context.report.instructions, item));
    set('sound', phase !== 'opening' && !hasSound ? texts.get('drive.no_sound') : '');
    set('denied', phase === 'denied' ? texts.get(reason === 'busy' ? 'drive.cam_busy' : 'drive.cam_denied') : '');
    const torch = this.root.querySelector('[data-do="torch"]');
    if (torch) torch.hidden = !this.camera.hasTorch;
  }
}

/** "6. Salon": what to show next; empty after the last one. */
function itemOf(instructions, index) {
  const text = instructions[index]?.text;
  return text ? `${index + 1}. ${text}` : '';
}

async function lockOrientation(root) {
  try {
    await root.requestFullscreen();
    await screen.orientation.lock('landscape');
    await landscape(root.querySelector('video'));
  } catch {
    // Without the lock a recording ends when the phone is turned.
  }
}

/** The pictures of the camera turn a moment after the screen, if they do. */
function landscape(video) {
  if (video.videoWidth >= video.videoHeight) return undefined;
  return new Promise((resolve) => {
    video.addEventListener('resize', resolve, { once: true });
    setTimeout(resolve, SETTLES);
  });
}
