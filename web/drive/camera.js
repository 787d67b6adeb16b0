// Wraps the camera and MediaRecorder of the browser. `recorder.js` decides when they are used.

import { rates } from './budget.js';
import { isChromium } from './browser.js';
import { chooseFormat } from './codec.js';

/** Length of a chunk: a killed tab loses at most two chunks. */
const CHUNK_MS = 1000;

const VIDEO = {
  facingMode: { ideal: 'environment' },
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
};

/** The format in which this browser records, or null. */
export function formatOf(withSound, scope = globalThis) {
  if (typeof scope.MediaRecorder !== 'function') return null;
  const isSupported = (type) => scope.MediaRecorder.isTypeSupported(type);
  return chooseFormat(isSupported, { isChromium: isChromium(scope.navigator.userAgent), withSound });
}

/** Whether the page can lock the screen orientation, which requires full screen. */
export const canLockOrientation = (scope = globalThis) =>
  typeof scope.screen?.orientation?.lock === 'function' && document.fullscreenEnabled === true;

export class Camera {
  #stream = null;
  #recorder = null;
  #wakeLock = null;
  #frames = 0;
  /** Incremented by each open and close, so that the result of an earlier request is discarded. */
  #generation = 0;

  /** `onEvent(event)` gets the events of `recorder.js`. `preview` is a `<video>`. */
  constructor(preview, limit, onEvent) {
    this.preview = preview;
    this.limit = limit;
    this.onEvent = onEvent;
    this.format = null;
  }

  /**
   * Requests camera and microphone together: iPhones record silence if they are requested one after the other. Without
   * a microphone it records without sound.
   */
  async open() {
    this.close();
    const generation = this.#generation;
    let stream;
    try {
      stream = await this.#requestStream(true);
    } catch (error) {
      if (generation === this.#generation) this.onEvent({ type: 'denied', reason: reasonOf(error) });
      return;
    }
    // The page was hidden or has requested the camera again meanwhile.
    if (generation !== this.#generation) return stop(stream);
    this.#stream = stream;
    const hasSound = stream.getAudioTracks().length > 0;
    this.format = formatOf(hasSound);
    for (const track of stream.getVideoTracks()) {
      track.addEventListener('ended', () => this.#emit(stream, { type: 'ended' }));
      track.addEventListener('mute', () => this.#emit(stream, { type: 'muted' }));
    }
    this.preview.srcObject = stream;
    await this.preview.play().catch(() => {});
    this.preview.onresize = () => this.#onResize(stream);
    this.#countFrames();
    this.#emit(stream, { type: 'opened', hasSound });
  }

  async #requestStream(withSound) {
    try {
      return await navigator.mediaDevices.getUserMedia({ video: VIDEO, audio: withSound });
    } catch (error) {
      // A denied or missing microphone fails the combined request. A denied camera fails again without sound.
      if (!withSound) throw error;
      return this.#requestStream(false);
    }
  }

  #emit(stream, event) {
    if (stream === this.#stream) this.onEvent(event);
  }

  /** The orientation was not locked, and the format does not support a change of the picture size. */
  #onResize(stream) {
    if (this.format?.locksOrientation) this.#emit(stream, { type: 'turned' });
  }

  /** Reports each frame, to detect a frozen picture: its track still claims to be live. */
  #countFrames() {
    const counter = ++this.#frames;
    const onFrame = () => {
      if (counter !== this.#frames || !this.#stream) return;
      this.onEvent({ type: 'frame', now: performance.now() });
      this.#nextFrame(onFrame);
    };
    this.#nextFrame(onFrame);
  }

  #nextFrame(onFrame) {
    if (this.preview.requestVideoFrameCallback) {
      this.preview.requestVideoFrameCallback(onFrame);
      return;
    }
    // Fallback: polls the position of the preview.
    const previous = this.preview.currentTime;
    const poll = () => (this.preview.currentTime !== previous ? onFrame() : this.#stream && setTimeout(poll, 200));
    setTimeout(poll, 200);
  }

  /** Starts recording. `onChunk` gets each chunk as a Blob. */
  start(onChunk) {
    const options = { mimeType: this.format.type, ...rates(this.limit), videoKeyFrameIntervalDuration: CHUNK_MS };
    let recorder;
    try {
      recorder = new MediaRecorder(this.#stream, options);
    } catch {
      this.onEvent({ type: 'failed' });
      this.onEvent({ type: 'stopped' });
      return;
    }
    this.#recorder = recorder;
    recorder.ondataavailable = ({ data }) => onChunk(data);
    recorder.onerror = () => this.onEvent({ type: 'failed' });
    recorder.onstop = () => this.onEvent({ type: 'stopped' });
    recorder.start(CHUNK_MS);
    this.#acquireWakeLock();
  }

  /** Stops the recorder. The event `stopped` follows the last chunk. */
  stop() {
    if (this.#recorder && this.#recorder.state !== 'inactive') this.#recorder.stop();
  }

  close() {
    this.#frames++;
    this.#generation++;
    this.stop();
    this.#recorder = null;
    const stream = this.#stream;
    this.#stream = null;
    this.preview.onresize = null;
    stop(stream);
    this.preview.srcObject = null;
    this.#wakeLock?.release().catch(() => {});
    this.#wakeLock = null;
  }

  async #acquireWakeLock() {
    this.#wakeLock = await wakeLock();
  }

  /** Whether the camera has a torch that the page can control. */
  get hasTorch() {
    return this.#track()?.getCapabilities?.().torch === true;
  }

  async setTorch(isOn) {
    await this.#track()?.applyConstraints({ advanced: [{ torch: isOn }] }).catch(() => {});
  }

  #track() {
    return this.#stream?.getVideoTracks()[0];
  }
}

function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Acquires a screen wake lock, or null. The browser releases it when the page is hidden. */
export async function wakeLock(scope = globalThis) {
  try {
    return (await scope.navigator.wakeLock?.request('screen')) ?? null;
  } catch {
    return null;
  }
}

/** The reason why the camera cannot be opened: `camera` (denied), `none` or `busy`. */
function reasonOf(error) {
  if (['NotAllowedError', 'SecurityError'].includes(error.name)) return 'camera';
  return ['NotFoundError', 'OverconstrainedError'].includes(error.name) ? 'none' : 'busy';
}
