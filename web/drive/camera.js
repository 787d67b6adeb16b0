// The camera and MediaRecorder of the browser. What happens when is decided by `recorder.js`.

import { rates } from './budget.js';
import { isChromium } from './browser.js';
import { chooseFormat } from './codec.js';

/** Pieces of a second each: at most two seconds are lost with a killed tab. */
const PIECE = 1000;

const VIDEO = {
  facingMode: { ideal: 'environment' },
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
};

/** The format that this browser records, or null. */
export function formatOf(withSound, scope = globalThis) {
  if (typeof scope.MediaRecorder !== 'function') return null;
  const isSupported = (type) => scope.MediaRecorder.isTypeSupported(type);
  return chooseFormat(isSupported, { isChromium: isChromium(scope.navigator.userAgent), withSound });
}

/** Whether a page may keep the screen from turning, which needs full screen. */
export const canLockOrientation = (scope = globalThis) =>
  typeof scope.screen?.orientation?.lock === 'function' && document.fullscreenEnabled === true;

export class Camera {
  #stream = null;
  #recorder = null;
  #wakeLock = null;
  #frames = 0;
  /** Counts what opens and closes the camera: an answer to an earlier question is not used. */
  #turn = 0;

  /** `listen(event)` hears the events of `recorder.js`. `preview` is a `<video>`. */
  constructor(preview, limit, listen) {
    this.preview = preview;
    this.limit = limit;
    this.listen = listen;
    this.format = null;
  }

  /**
   * Opens the camera and the microphone with one question: iPhones record silence if they are asked for one
   * after the other. Without a microphone it films without sound.
   */
  async open() {
    this.close();
    const turn = this.#turn;
    let stream;
    try {
      stream = await this.#ask(true);
    } catch (error) {
      if (turn === this.#turn) this.listen({ type: 'denied', what: reasonOf(error) });
      return;
    }
    // The page was hidden meanwhile, or has asked again.
    if (turn !== this.#turn) return stop(stream);
    this.#stream = stream;
    const hasSound = stream.getAudioTracks().length > 0;
    this.format = formatOf(hasSound);
    for (const track of stream.getVideoTracks()) {
      track.addEventListener('ended', () => this.#say(stream, { type: 'ended' }));
      track.addEventListener('mute', () => this.#say(stream, { type: 'muted' }));
    }
    this.preview.srcObject = stream;
    await this.preview.play().catch(() => {});
    this.preview.onresize = () => this.#turned(stream);
    this.#countFrames();
    this.#say(stream, { type: 'opened', hasSound });
  }

  async #ask(withSound) {
    try {
      return await navigator.mediaDevices.getUserMedia({ video: VIDEO, audio: withSound });
    } catch (error) {
      // A denied or missing microphone fails the whole question; so does a denied camera, which fails again.
      if (!withSound) throw error;
      return this.#ask(false);
    }
  }

  #say(stream, event) {
    if (stream === this.#stream) this.listen(event);
  }

  /** The screen could not be locked, and the format cannot hold pictures of two sizes. */
  #turned(stream) {
    if (this.format?.locksOrientation) this.#say(stream, { type: 'turned' });
  }

  /** A frozen picture is recognised by its frames: its track says that it is live. */
  #countFrames() {
    const run = ++this.#frames;
    const seen = () => {
      if (run !== this.#frames || !this.#stream) return;
      this.listen({ type: 'frame', now: performance.now() });
      this.#nextFrame(seen);
    };
    this.#nextFrame(seen);
  }

  #nextFrame(seen) {
    if (this.preview.requestVideoFrameCallback) {
      this.preview.requestVideoFrameCallback(seen);
      return;
    }
    // Without frames to count, the time of the playing preview stands in for them.
    const before = this.preview.currentTime;
    const look = () => (this.preview.currentTime !== before ? seen() : this.#stream && setTimeout(look, 200));
    setTimeout(look, 200);
  }

  /** Starts to record. `onPiece` gets each piece as a Blob. */
  start(onPiece) {
    const options = { mimeType: this.format.type, ...rates(this.limit), videoKeyFrameIntervalDuration: PIECE };
    let recorder;
    try {
      recorder = new MediaRecorder(this.#stream, options);
    } catch {
      this.listen({ type: 'failed' });
      this.listen({ type: 'stopped' });
      return;
    }
    this.#recorder = recorder;
    recorder.ondataavailable = ({ data }) => onPiece(data);
    recorder.onerror = () => this.listen({ type: 'failed' });
    recorder.onstop = () => this.listen({ type: 'stopped' });
    recorder.start(PIECE);
    this.#stayAwake();
  }

  /** Stops the recorder; `stopped` follows, after the last piece. */
  stop() {
    if (this.#recorder && this.#recorder.state !== 'inactive') this.#recorder.stop();
  }

  close() {
    this.#frames++;
    this.#turn++;
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

  async #stayAwake() {
    this.#wakeLock = await wakeLock();
  }

  /** Whether the camera has a lamp that a page may switch. */
  get hasTorch() {
    return this.#track()?.getCapabilities?.().torch === true;
  }

  async setTorch(on) {
    await this.#track()?.applyConstraints({ advanced: [{ torch: on }] }).catch(() => {});
  }

  #track() {
    return this.#stream?.getVideoTracks()[0];
  }
}

function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Keeps the screen on; null where that is not possible. It ends by itself when the page is hidden. */
export async function wakeLock(scope = globalThis) {
  try {
    return (await scope.navigator.wakeLock?.request('screen')) ?? null;
  } catch {
    return null;
  }
}

/** Why there is no camera: `camera` (denied), `none`, or `busy`. */
function reasonOf(error) {
  if (['NotAllowedError', 'SecurityError'].includes(error.name)) return 'camera';
  return ['NotFoundError', 'OverconstrainedError'].includes(error.name) ? 'none' : 'busy';
}
