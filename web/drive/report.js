// The page of one report: instructions, recording or picking a video, check, upload.

import { isIos, waysToFilm } from './browser.js';
import { canLockOrientation, formatOf } from './camera.js';
import { CheckScreen } from './check.js';
import { makeContext } from './context.js';
import { FilmScreen } from './film.js';
import { cleanUp, inspectRecording, othersNotice, refuseUnsent } from './kept.js';
import { filmLock, isHeld } from './locks.js';
import { startPage } from './page.js';
import { pickSame, pickVideo } from './pick.js';
import { isReadable } from './picked.js';
import { PlaceScreen } from './place.js';
import { isUnsent, latestUnsent, missingSpace, recovered, STATE } from './recordings.js';
import { SendScreen } from './send.js';
import { onClick, screenOf, setDisabled, setText, showScreen } from './ui.js';

/** Notices about recordings that cannot be sent, by their state. */
const NOTICES = {
  empty: 'drive.rec_empty',
  lost: 'drive.rec_gone',
  unreadable: 'drive.rec_unreadable',
};

class ReportPage {
  #isOpening = false;

  constructor(context) {
    this.context = context;
    this.place = new PlaceScreen(context);
    this.check = new CheckScreen(context, {
      onSend: (recording, file) => this.send(recording, file),
      onAgain: () => this.show(),
      onEnd: (recording, event) => this.sending.end(recording, event),
    });
    this.sending = new SendScreen(context, {
      onRefused: (recording, message) => this.refused(recording, message),
      onUnreadable: (recording) => this.unreadable(recording),
    });
    this.ways = this.#ways();
    this.#bind();
  }

  #ways() {
    const { can } = this.context;
    const format = can.film ? formatOf(true) ?? formatOf(false) : null;
    return waysToFilm({
      film: can.film,
      hasFormat: format !== null,
      locksOrientation: format?.locksOrientation === true,
      canLock: canLockOrientation(),
      ios: isIos(navigator.userAgent, navigator.maxTouchPoints),
    });
  }

  #bind() {
    const page = document;
    onClick(page, 'film', () => this.film());
    onClick(page, 'choose', () => document.getElementById('file').click());
    onClick(page, 'camera-app', () => {
      // The phone may close the page while the camera app is open.
      sessionStorage.setItem('drive.camera-app', this.context.report.ref_key);
      document.getElementById('camera-app').click();
    });
    onClick(page, 'show', () => this.show());
    onClick(page, 'kept-send', () => this.checkUnsent());
    onClick(page, 'leave-camera', () => {
      this.#leaveCamera();
      this.show();
    });
    for (const id of ['file', 'camera-app']) {
      const input = document.getElementById(id);
      input?.addEventListener('change', () => {
        const [file] = input.files;
        // Resetting the input lets the same file be chosen again.
        if (file) this.picked(file, input).finally(() => (input.value = ''));
      });
    }
    this.#offerWays();
  }

  /** Shows the recorder if available, otherwise the file picker and the camera app. */
  #offerWays() {
    const { can, position } = this.context;
    const [best] = this.ways;
    for (const element of document.querySelectorAll('[data-way]')) {
      const { way } = element.dataset;
      element.hidden = best === 'recorder' ? way === 'camera' : !this.ways.includes(way);
    }
    if (best === 'recorder') return;
    for (const element of document.querySelectorAll('[data-do="choose"]')) {
      element.classList.replace('plain', 'primary');
    }
    // Without https there is no position, and the service requires one; the warning at the top says so.
    const isBarred = !can.place && position === 'required';
    for (const name of ['choose', 'camera-app']) setDisabled(document, name, isBarred);
  }

  /** Continues with the latest unsent recording of the report, if any. */
  async start() {
    const { context } = this;
    const all = await context.store.all().catch(() => []);
    const ofReport = all.filter(({ refKey }) => refKey === context.report.ref_key);
    setText(screenOf('show'), 'other', othersNotice(context, ofReport));
    cleanUp(context, all);
    const recording = latestUnsent(ofReport.filter(context.isOwn), context.report.ref_key);
    if (!recording) return this.#startFresh();
    const { state, file } = await inspectRecording(context, recording);
    switch (state) {
      case 'crashed':
        return this.#recover(recording);
      case 'live':
        return this.show();
      case 'empty':
      case 'lost':
      case 'unreadable':
        return this.#dismiss(recording, state);
      case STATE.SENDING:
        return file ? this.send(recording, file) : this.askForSame(recording);
      default:
        return file ? this.#offerToSend(recording) : this.askForSame(recording);
    }
  }

  async #recover(recording) {
    try {
      const intactSize = await this.context.files.repair(recording.name);
      if (intactSize === 0) return await this.#dismiss(recording, 'empty');
      const saved = recovered(recording, intactSize);
      await this.context.store.put(saved).catch(() => {});
      return this.#offerToSend(saved);
    } catch {
      return this.#dismiss(recording, 'unreadable');
    }
  }

  /** Says why a recording cannot be sent, and discards it, unless the next page may be able to read it. */
  async #dismiss(recording, state) {
    if (state !== 'unreadable') await this.context.discard(recording);
    this.#showNotice(NOTICES[state]);
  }

  /** Shows the first screen with a notice about the last recording. */
  #showNotice(key) {
    this.show();
    setText(screenOf('show'), 'lost', this.context.texts.get(key));
  }

  /** Offers to send the recording or to record again. */
  #offerToSend(recording) {
    const { texts } = this.context;
    this.unsent = recording;
    const screen = showScreen('kept');
    const length = recording.durationMs ? texts.duration(recording.durationMs / 1000) : '';
    setText(screen, 'kept-facts', [length, texts.size(recording.size)].filter(Boolean).join(' · '));
    setText(screen, 'kept-why', texts.get(recording.isRecovered ? 'drive.recovered' : 'drive.kept'));
    return undefined;
  }

  /** Says so if the phone has closed the page while the camera app was open, for lack of memory. */
  #startFresh() {
    const wasOpen = sessionStorage.getItem('drive.camera-app') === this.context.report.ref_key;
    sessionStorage.removeItem('drive.camera-app');
    this.show();
    setText(screenOf('show'), 'lost', wasOpen ? this.context.texts.get('drive.lost') : '');
  }

  show() {
    showScreen('show');
  }

  async checkUnsent() {
    const recording = this.unsent;
    const file = await this.context.fileOf(recording).catch(() => null);
    if (file) await this.check.open(recording, file);
    else await this.unreadable(recording);
  }

  /** Recovers from a read error: asks for a picked file again, reopens a file on the disk. */
  async unreadable(recording) {
    if (recording.file === 'picked') return this.askForSame(recording);
    try {
      const file = await this.context.fileOf(recording);
      if (file === null) return await this.#dismiss(recording, 'lost');
      if (await isReadable(file)) return await this.send(recording, file);
    } catch {
      // The next page may be able to read it.
    }
    return this.#dismiss(recording, 'unreadable');
  }

  /** Ignores a second tap while the camera is being opened. */
  async film() {
    if (this.#isOpening) return;
    this.#isOpening = true;
    await this.#openCamera().finally(() => (this.#isOpening = false));
  }

  async #openCamera() {
    if (await this.#isSentByOtherTab()) return location.reload();
    if (!(await this.place.ensure())) return undefined;
    const missing = await this.#missingSpace();
    if (missing > 0) return this.#showNoSpace(missing);
    for (const notice of ['room', 'lost']) setText(screenOf('show'), notice, '');
    await navigator.storage?.persist?.().catch(() => false);
    this.#leaveCamera();
    showScreen('camera');
    this.filming = new FilmScreen(this.context, screenOf('camera'), (recording, reason) => this.filmed(recording, reason));
    this.filming.open();
    return undefined;
  }

  #leaveCamera() {
    this.filming?.cancel();
    this.filming = null;
  }

  /** Whether another tab has sent a video of this report since this page was loaded. */
  async #isSentByOtherTab() {
    const { store, report, openedAt } = this.context;
    const all = await store.all().catch(() => []);
    return all.some(({ refKey, state, finishedAt }) => refKey === report.ref_key && state === STATE.SENT && finishedAt > openedAt);
  }

  /** The missing storage for a recording, in bytes. */
  async #missingSpace() {
    const estimate = await navigator.storage?.estimate?.().catch(() => ({}));
    return missingSpace(estimate ?? {}, this.#expectedSize());
  }

  #expectedSize() {
    return this.context.limits.maxBytes / 4;
  }

  #showNoSpace(size) {
    const { texts } = this.context;
    this.show();
    setText(screenOf('show'), 'room', texts.get('drive.quota', { size: texts.size(size) }));
  }

  async filmed(recording, reason) {
    this.filming = null;
    const { texts } = this.context;
    if (!recording) {
      // Chromium's estimate exceeds the space that it really has.
      if (reason === 'quota') return this.#showNoSpace(await this.#spaceToFree());
      return this.#showNotice(NOTICES[reason] ?? NOTICES.empty);
    }
    await this.#discardOlder(recording);
    const file = await this.context.fileOf(recording).catch(() => null);
    if (!file) return this.#dismiss(recording, 'unreadable');
    const isInterrupted = ['ended', 'muted', 'hidden', 'frozen', 'turned', 'failed'].includes(reason);
    const notices = {
      limit: () => texts.get('drive.rec_full'),
      quota: async () => texts.get('drive.rec_quota', { size: texts.size(await this.#spaceToFree()) }),
    };
    const notice = await notices[reason]?.() ?? (isInterrupted ? texts.get('drive.rec_cut') : '');
    return this.check.open(recording, file, notice);
  }

  /** The storage to free for a full recording, in bytes. */
  async #spaceToFree() {
    return (await this.#missingSpace()) || this.#expectedSize();
  }

  /** Discards older unsent recordings of the same driver and report. */
  async #discardOlder(recording) {
    const all = await this.context.store.all().catch(() => []);
    const older = all.filter((one) => one.refKey === recording.refKey && one.id !== recording.id && isUnsent(one));
    for (const one of older.filter(this.context.isOwn)) {
      if (!(await isHeld(filmLock(one.id)))) await this.context.discard(one);
    }
  }

  async picked(file, input) {
    sessionStorage.removeItem('drive.camera-app');
    this.#leaveCamera();
    if (this.resuming) {
      const recording = await pickSame(this.context, this.resuming, file);
      if (recording) {
        this.resuming = null;
        return this.send(recording, file);
      }
    }
    if (!(await this.place.ensure())) return undefined;
    const screen = showScreen('copying');
    try {
      const { recording, source, message } = await pickVideo(this.context, file, (fraction) =>
        setText(screen, 'copied', this.context.texts.percent(Math.round(fraction * 100))));
      if (message) return this.refused(recording, message);
      this.resuming = null;
      await this.#discardOlder(recording);
      return await this.check.open(recording, source);
    } catch (error) {
      this.show();
      throw error;
    }
  }

  /** Asks for the same file again: after a reload a picked file can no longer be read. */
  askForSame(recording) {
    this.resuming = recording;
    const screen = showScreen('same');
    const percent = recording.size ? Math.floor((recording.acknowledged / recording.size) * 100) : 0;
    setText(screen, 'same', this.context.texts.get('drive.pick_same', { p: percent }));
  }

  async send(recording, file) {
    if (this.context.position === 'required' && !recording.place) {
      if (!(await this.place.ensure({ isRequired: true }))) return this.#offerToSend(recording);
      recording.place = this.context.place;
    }
    return this.sending.open(recording, file);
  }

  refused(recording, { text, code, more = '' }) {
    const { texts } = this.context;
    const screen = showScreen('refused');
    setText(screen, 'why', text);
    setText(screen, 'more', more);
    setText(screen, 'filename', recording.filename);
    const sent = recording.acknowledged ?? 0;
    const size = texts.size(recording.size);
    setText(screen, 'sizes', sent ? texts.get('drive.of', { a: texts.size(sent), b: size }) : size);
    setText(screen, 'code', code ? texts.get('refuse.code', { code }) : '');
  }
}

const context = makeContext();
startPage(context);
if (context.report?.is_open) {
  const page = new ReportPage(context);
  page.start();
  addEventListener('beforeunload', (event) => {
    if (page.filming?.isRecording) event.preventDefault();
  });
} else if (context.report) {
  refuseUnsent(context);
}
