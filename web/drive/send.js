// The upload screen.

import { Job } from './job.js';
import { messageOf } from './refusals.js';
import { announce, onClick, saveToGallery, screenOf, setText, showScreen } from './ui.js';

export class SendScreen {
  #job = null;
  #isPaused = false;
  #timer = null;

  constructor(context, { onRefused, onUnreadable }) {
    Object.assign(this, { context, onRefused, onUnreadable });
    this.screen = screenOf('sending');
    onClick(this.screen, 'pause', () => this.#togglePause());
    onClick(this.screen, 'gallery', () => saveToGallery(this.file));
    onClick(screenOf('failed'), 'retry', () => this.open(this.recording, this.file));
    onClick(screenOf('failed'), 'gallery', () => saveToGallery(this.file));
  }

  async open(recording, file) {
    const { texts } = this.context;
    Object.assign(this, { recording, file });
    this.#isPaused = false;
    showScreen('sending');
    setText(this.screen, 'pause-label', texts.get('drive.pause'));
    this.#job = new Job(this.context, recording, file, (event) => this.#onEvent(event));
    await this.#job.start();
  }

  #togglePause() {
    const { texts } = this.context;
    this.#isPaused = !this.#isPaused;
    setText(this.screen, 'pause-label', texts.get(this.#isPaused ? 'drive.resume' : 'drive.pause'));
    this.screen.dataset.paused = String(this.#isPaused);
    if (this.#isPaused) this.#job.pause();
    else this.#job.start();
  }

  /** Shows a final refusal that was received before the upload, by a preflight. */
  end(recording, event) {
    Object.assign(this, { recording });
    this.#onEvent(event);
  }

  #onEvent(event) {
    const { texts } = this.context;
    if (event.progress) this.#showProgress(event.progress);
    clearInterval(this.#timer);
    switch (event.type) {
      case 'sending':
      case 'progress':
        return setText(this.screen, 'state', '');
      case 'storing':
        return setText(this.screen, 'state', texts.get('drive.saving'));
      case 'waiting':
        return this.#showWaiting(event);
      case 'restarted':
        return announce(texts.get('drive.expired'));
      case 'otherTab':
        return this.#showFailure(texts.get('drive.other_tab'));
      case 'done':
        return this.#showSent(event);
      case 'already':
        return this.#showAlreadySent();
      case 'closed':
        return this.#showFailure(texts.get('drive.closed'), { isFinal: true });
      case 'unreadable':
        return this.onUnreadable(this.recording);
      case 'otherSession':
        return this.#showFailure(texts.get('drive.other_session'), { signIn: true });
      case 'signedOut':
        return this.#showFailure(texts.get(this.context.kind === 'film' ? 'drive.film_link_old' : 'drive.signed_out'), { signIn: true });
      case 'failed':
        return this.#showFailure(event.problem?.message ?? texts.get('common.failed', { id: event.status }));
      default: {
        const message = messageOf(event.problem, this.context.limits);
        return this.onRefused(this.recording, { text: texts.refusal(message), code: message.code });
      }
    }
  }

  /** Shows a countdown if the service has sent `Retry-After`; without a network the end is unknown. */
  #showWaiting({ reason, seconds }) {
    const { texts } = this.context;
    if (reason !== 'service' || seconds < 3) return setText(this.screen, 'state', texts.get('drive.waiting'));
    let left = seconds;
    const show = () => setText(this.screen, 'state', texts.get('drive.store_away', { n: Math.max(0, left--) }));
    show();
    this.#timer = setInterval(show, 1000);
    return undefined;
  }

  #showProgress(progress) {
    const { texts } = this.context;
    const { percent, rate, secondsLeft } = progress;
    this.screen.querySelector('progress').value = percent;
    setText(this.screen, 'percent', texts.percent(percent));
    setText(this.screen, 'of', texts.get('drive.of', { a: texts.size(progress.acknowledged), b: texts.size(progress.total) }));
    setText(this.screen, 'rate', rate ? texts.rate(rate) : '');
    setText(this.screen, 'left', secondsLeft ? texts.get('drive.left', { t: texts.duration(secondsLeft) }) : '');
    const quarter = progress.announcement();
    if (quarter !== null) announce(texts.percent(quarter));
  }

  async #showSent({ url, submission }) {
    const { texts, api } = this.context;
    const screen = showScreen('sent');
    const time = new Intl.DateTimeFormat(texts.language, { hour: '2-digit', minute: '2-digit' }).format(new Date());
    setText(screen, 'number', time);
    announce(texts.get('drive.done'));
    // The number is only for support requests: the video is sent even without it.
    const id = submission ?? (url ? (await api.uploadState(url).catch(() => null))?.submission_id : null);
    if (id) setText(screen, 'number', texts.get('drive.done_id', { id, time }));
  }

  async #showAlreadySent() {
    const { texts, api, report } = this.context;
    // A film link may not read another person's video.
    let text = texts.get('drive.link_done');
    try {
      const video = await api.send('GET', `/reports/${report.ref_key}/video`, { token: await api.token() });
      const format = new Intl.DateTimeFormat(texts.language, { dateStyle: 'medium', timeStyle: 'short' });
      text = texts.get('drive.already', { time: format.format(new Date(video.received_at)) });
    } catch {
      // The text without the time is correct too.
    }
    this.#showFailure(text, { isFinal: true });
  }

  #showFailure(text, { signIn = false, isFinal = false } = {}) {
    const screen = showScreen('failed');
    setText(screen, 'failed', text);
    screen.querySelector('[data-part="sign-in"]').hidden = !signIn || this.context.kind === 'film';
    screen.querySelector('[data-do="retry"]').hidden = signIn || isFinal;
    screen.querySelector('[data-do="gallery"]').hidden = isFinal;
  }
}
