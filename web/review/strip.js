// The film strip: twelve frames of the video, drawn after playback has started, so that they do not delay it. They are
// loaded from this service, not from the storage, because a picture of another origin taints the canvas.

import { clock } from './page.js';

export const FRAMES = 12;
const WIDTH = 160;
const TIMEOUT = 8000;

/** The positions of the frames in seconds: centres of equal intervals, because the first frame may be black. */
export function frameTimes(duration, count = FRAMES) {
  if (!(duration > 0)) return [];
  return Array.from({ length: count }, (_, index) => ((index + 0.5) * duration) / count);
}

/** The index of the frame for a position. */
export function frameAt(time, duration, count = FRAMES) {
  if (!(duration > 0)) return 0;
  return Math.min(count - 1, Math.max(0, Math.floor((time / duration) * count)));
}

/** The size of a drawn frame, with the aspect ratio of the picture. */
export function frameSize(width, height, most = WIDTH) {
  const scale = Math.min(1, most / Math.max(width, height, 1));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

export class Strip {
  #video = null;

  /** `onSeek(seconds)` is called for a click on a frame. */
  constructor(root, { bytesUrl, duration, onSeek, signal }) {
    Object.assign(this, { root, bytesUrl, duration, signal });
    this.times = frameTimes(duration);
    this.frames = this.times.map((time) => this.#frame(time, onSeek));
    root.replaceChildren(...this.frames);
    signal.addEventListener('abort', () => this.#dispose());
  }

  #frame(time, onSeek) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'frame';
    // For the mouse only: keyboard users have the slider and the arrow keys.
    button.tabIndex = -1;
    button.setAttribute('aria-label', clock(time));
    button.append(document.createElement('canvas'));
    button.addEventListener('click', () => onSeek(time));
    return button;
  }

  show(time) {
    const current = frameAt(time, this.duration);
    for (const [index, frame] of this.frames.entries()) {
      if (index === current) frame.setAttribute('aria-current', 'true');
      else frame.removeAttribute('aria-current');
    }
  }

  /** Draws all frames, once. */
  async draw() {
    if (this.#video || this.times.length === 0 || this.signal.aborted) return;
    const video = document.createElement('video');
    this.#video = video;
    Object.assign(video, { muted: true, preload: 'auto', playsInline: true, src: this.bytesUrl });
    try {
      await waitForEvent(video, 'loadeddata', this.signal);
      for (const [index, time] of this.times.entries()) {
        video.currentTime = time;
        await waitForEvent(video, 'seeked', this.signal);
        this.#paint(this.frames[index].firstElementChild, video);
      }
    } catch {
      // Frames that cannot be drawn stay empty.
    }
    this.#dispose();
  }

  #paint(canvas, video) {
    const [width, height] = frameSize(video.videoWidth, video.videoHeight);
    Object.assign(canvas, { width, height });
    canvas.getContext('2d').drawImage(video, 0, 0, width, height);
  }

  #dispose() {
    if (!this.#video) return;
    // Removing the source closes the connection.
    this.#video.removeAttribute('src');
    this.#video.load();
  }
}

function waitForEvent(video, name, signal) {
  return new Promise((resolve, reject) => {
    const once = { once: true, signal };
    const timeout = setTimeout(() => reject(new Error('timeout')), TIMEOUT);
    const end = (action) => () => {
      clearTimeout(timeout);
      action();
    };
    video.addEventListener(name, end(resolve), once);
    video.addEventListener('error', end(() => reject(new Error('error'))), once);
    signal.addEventListener('abort', end(() => reject(new Error('aborted'))), { once: true });
  });
}
