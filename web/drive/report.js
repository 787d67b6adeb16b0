// The page of one report: what to show, filming or choosing, the check, sending.

import { isIos, waysToFilm } from './browser.js';
import { canLockOrientation, formatOf } from './camera.js';
import { CheckScreen } from './check.js';
import { makeContext } from './context.js';
import { FilmScreen, isHeld } from './film.js';
import { startPage } from './page.js';
import { pickVideo, pickSame } from './pick.js';
import { PlaceScreen } from './place.js';
import { belongsTo, found, isUnsent, missingRoom, recovered, STATE, unsentOf } from './recordings.js';
import { SendScreen } from './send.js';
import { on, say, screenOf, setDisabled, showScreen } from './ui.js';

class ReportPage {
  constructor(context) {
    this.context = context;
    this.place = new PlaceScreen(context);
    this.check = new CheckScreen(context, {
      onSend: (recording, file) => this.send(recording, file),
      onAgain: () => this.show(),
      onRefused: (recording, sentence) => this.refused(recording, sentence),
    });
    this.sending = new SendScreen(context, {
      onRefused: (recording, sentence) => this.refused(recording, sentence),
      onUnreadable: (recording) => this.askForSame(recording),
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
    on(page, 'film', () => this.film());
    on(page, 'choose', () => document.getElementById('file').click());
    on(page, 'camera-app', () => {
      // The phone may close the page behind the camera.
      sessionStorage.setItem('drive.camera-app', this.context.report.ref_key);
      document.getElementById('camera-app').click();
    });
    on(page, 'show', () => this.show());
    on(page, 'kept-send', () => this.checkKept());
    on(page, 'leave-camera', () => {
      this.filming?.cancel();
      this.filming = null;
      this.show();
    });
    for (const id of ['file', 'camera-app']) {
      const input = document.getElementById(id);
      input?.addEventListener('change', () => {
        const [file] = input.files;
        // The same file may be chosen again.
        if (file) this.picked(file, input).finally(() => (input.value = ''));
      });
    }
    this.#offerWays();
  }

  /** The recorder, or else what the phone has: a ready video, the camera app. */
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
    // Without https there is no place, and without a place nothing can be sent; the notice on top says so.
    const isBarred = !can.place && position === 'required';
    for (const name of ['choose', 'camera-app']) setDisabled(document, name, isBarred);
  }

  /** Begins where an earlier page of this report has ended. */
  async start() {
    const { context } = this;
    const all = await context.store.all().catch(() => []);
    const recording = unsentOf(all.filter((one) => belongsTo(one, context.owner)), context.report.ref_key);
    if (!recording) return this.#afterCamera();
    const file = await context.fileOf(recording).catch(() => null);
    const held = await isHeld(`drive-film-${recording.id}`);
    switch (found(recording, { isHeld: held, fileSize: file?.size ?? 0 })) {
      case 'crashed':
        return this.#recover(recording);
      case 'live':
        return this.show();
      case 'empty':
      case 'lost':
        await context.forget(recording);
        return this.show();
      case STATE.SENDING:
        return file ? this.send(recording, file) : this.askForSame(recording);
      default:
        return file ? this.#offer(recording) : this.askForSame(recording);
    }
  }

  async #recover(recording) {
    const whole = await this.context.files.repair(recording.name).catch(() => 0);
    if (whole === 0) {
      await this.context.forget(recording);
      return this.show();
    }
    const saved = recovered(recording, whole);
    await this.context.store.put(saved).catch(() => {});
    return this.#offer(saved);
  }

  /** "Send, or film again". */
  #offer(recording) {
    const { texts } = this.context;
    this.kept = recording;
    const screen = showScreen('kept');
    const length = recording.durationMs ? texts.duration(recording.durationMs / 1000) : '';
    say(screen, 'kept-facts', [length, texts.size(recording.size)].filter(Boolean).join(' · '));
    say(screen, 'kept-why', texts.get(recording.isRecovered ? 'drive.recovered' : 'drive.kept'));
    return undefined;
  }

  /** Memory may have run out behind the camera app, with this page in it. */
  #afterCamera() {
    const wasOpen = sessionStorage.getItem('drive.camera-app') === this.context.report.ref_key;
    sessionStorage.removeItem('drive.camera-app');
    this.show();
    say(screenOf('show'), 'lost', wasOpen ? this.context.texts.get('drive.lost') : '');
  }

  show() {
    showScreen('show');
  }

  async checkKept() {
    const recording = this.kept;
    const file = await this.context.fileOf(recording);
    if (file) await this.check.open(recording, file);
    else this.askForSame(recording);
  }

  async film() {
    if (!(await this.place.ensure())) return;
    const room = await this.#room();
    if (room > 0) return this.#noRoom(room);
    for (const notice of ['room', 'lost']) say(screenOf('show'), notice, '');
    await navigator.storage?.persist?.().catch(() => false);
    showScreen('camera');
    this.filming = new FilmScreen(this.context, screenOf('camera'), (recording, reason) => this.filmed(recording, reason));
    this.filming.open();
  }

  /** How much room a recording lacks. */
  async #room() {
    const estimate = await navigator.storage?.estimate?.().catch(() => ({}));
    return missingRoom(estimate ?? {}, this.#usual());
  }

  #usual() {
    return this.context.limits.maxBytes / 4;
  }

  #noRoom(size) {
    const { texts } = this.context;
    this.show();
    say(screenOf('show'), 'room', texts.get('drive.quota', { size: texts.size(size) }));
  }

  async filmed(recording, reason) {
    this.filming = null;
    const { texts } = this.context;
    if (!recording) {
      // Chromium promises room that it does not have.
      if (reason === 'quota') return this.#noRoom((await this.#room()) || this.#usual());
      this.show();
      say(screenOf('show'), 'lost', texts.get('drive.rec_empty'));
      return;
    }
    await this.#replaceOlder(recording);
    const file = await this.context.fileOf(recording);
    const why = { limit: 'drive.rec_full', quota: 'drive.rec_quota' }[reason];
    const isCut = ['ended', 'muted', 'hidden', 'frozen', 'turned', 'failed'].includes(reason);
    await this.check.open(recording, file, why ? texts.get(why) : isCut ? texts.get('drive.rec_cut') : '');
  }

  /** A new video of a report replaces those that were never sent. */
  async #replaceOlder(recording) {
    const all = await this.context.store.all().catch(() => []);
    const older = all.filter((one) => one.refKey === recording.refKey && one.id !== recording.id && isUnsent(one));
    for (const one of older) {
      if (!(await isHeld(`drive-film-${one.id}`))) await this.context.forget(one);
    }
  }

  async picked(file, input) {
    sessionStorage.removeItem('drive.camera-app');
    if (this.awaited) {
      const recording = await pickSame(this.context, this.awaited, file);
      if (recording) {
        this.awaited = null;
        return this.send(recording, file);
      }
    }
    if (!(await this.place.ensure())) return undefined;
    const screen = showScreen('copying');
    try {
      const { recording, source, sentence } = await pickVideo(this.context, file, input.id === 'file', (share) =>
        say(screen, 'copied', this.context.texts.percent(Math.round(share * 100))));
      if (sentence) return this.refused(recording, sentence);
      this.awaited = null;
      await this.#replaceOlder(recording);
      return await this.check.open(recording, source);
    } catch (error) {
      this.show();
      throw error;
    }
  }

  /** After a reload the phone does not let the page read a picked file any more. */
  askForSame(recording) {
    this.awaited = recording;
    const screen = showScreen('same');
    const percent = recording.size ? Math.floor((recording.acknowledged / recording.size) * 100) : 0;
    say(screen, 'same', this.context.texts.get('drive.pick_same', { p: percent }));
  }

  async send(recording, file) {
    if (this.context.position === 'required' && !recording.place) {
      if (!(await this.place.ensure({ isRequired: true }))) return this.#offer(recording);
      recording.place = this.context.place;
    }
    return this.sending.open(recording, file);
  }

  refused(recording, { text, code, more = '' }) {
    const { texts } = this.context;
    const screen = showScreen('refused');
    say(screen, 'why', text);
    say(screen, 'more', more);
    say(screen, 'filename', recording.filename);
    const sent = recording.acknowledged ?? 0;
    const size = texts.size(recording.size);
    say(screen, 'sizes', sent ? texts.get('drive.of', { a: texts.size(sent), b: size }) : size);
    say(screen, 'code', code ? texts.get('refuse.code', { code }) : '');
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
}
