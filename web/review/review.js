// One report on the page: the player, the checklist, the draft and the decision, until the next one is shown.

import { Texts, isolated } from '../shared/data.js';
import { Ahead } from './ahead.js';
import { outcomeOf } from './api.js';
import { Checklist } from './checklist.js';
import { Claim } from './claim.js';
import { Comparison } from './compare.js';
import { question } from './decide.js';
import { Drafts } from './draft.js';
import { serverClock } from './link.js';
import { doing, focus, part, reveal, say } from './page.js';
import { pairsOf } from './outbox.js';
import { Player } from './player.js';
import { RejectForm } from './reject.js';
import { Strip } from './strip.js';
import { isWatched } from './turn.js';

/** Playback moves the draft on; it is written now and then. */
const SAVING = 2000;
/** Without playback the next report is fetched after this. */
const CALM = 3000;

export class Review {
  #end = new AbortController();
  #isAsked = false;
  #isSending = false;
  #savedAt = 0;

  /** `app` has what outlives a report; `data` is the page's; `at` says when the page was made. */
  constructor(app, data, { at = performance.now(), isAhead = false } = {}) {
    Object.assign(this, { app, data });
    const { signal } = this.#end;
    this.root = part('report');
    this.texts = new Texts(data.texts, data.language);
    const clock = serverClock(data.now, () => performance.now() - at);
    this.now = () => clock();
    this.drafts = new Drafts(app.kept, data.person);
    this.draft = this.drafts.read(data.refKey, data.version);
    this.ahead = new Ahead(data.next);
    this.#video(signal, isAhead);
    this.#checklist(signal);
    this.#reject(signal);
    this.#claim(signal);
    this.#forms(signal);
    const calm = setTimeout(() => this.ahead.start(), CALM);
    signal.addEventListener('abort', () => clearTimeout(calm));
    addEventListener('pagehide', () => this.save(), { signal });
    app.guard.shown(performance.now());
  }

  get mode() {
    return this.form.isOpen ? 'reject' : 'watch';
  }

  #video(signal, isAhead) {
    const { app, data, texts, draft } = this;
    const root = part('player', this.root);
    if (!data.video || !root) return;
    const url = data.video.url || data.video.bytesUrl;
    const expiresAt = data.video.url ? data.video.expiresAt : Infinity;
    this.player = new Player(root, {
      data: { ...data.video, url, expiresAt },
      texts,
      api: app.api,
      now: this.now,
      kept: app.kept,
      announcer: app.announcer,
      signal,
      onTime: (time) => this.#played(time),
      onPlaying: () => this.#playing(),
      onSignedOut: () => this.app.signedOut(),
    });
    this.player.watched = draft.watched;
    const download = part('download', root);
    download?.addEventListener('click', () => { this.player.watched = Infinity; }, { signal });
    const strip = part('strip', root);
    if (strip && this.player.isPlayable) {
      const { bytesUrl, durationMs } = data.video;
      const onSeek = (time) => this.player.seek(time);
      this.strip = new Strip(strip, { bytesUrl, duration: durationMs / 1000, onSeek, signal });
    }
    if (part('other', root)) {
      this.comparison = new Comparison(root, { player: this.player, texts, api: app.api, now: this.now, signal });
    }
    // A page that was fetched ahead has a link that counts as no view; now somebody looks.
    if (isAhead) app.api.post(data.video.linkUrl);
    this.player.start(draft.time);
  }

  #playing() {
    this.ahead.start();
    if (!globalThis.navigator?.connection?.saveData) this.strip?.draw();
  }

  #played(time) {
    this.strip?.show(time);
    this.draft = { ...this.draft, time, watched: Math.min(this.player.watched, 1e6) };
    if (performance.now() - this.#savedAt > SAVING) this.save();
  }

  #checklist(signal) {
    this.checklist = new Checklist(this.root, {
      texts: this.texts,
      draft: this.draft,
      signal,
      time: () => this.player?.time ?? 0,
      seek: (time) => this.player?.seek(time),
      onChange: (draft, count) => {
        const { ticks, left } = draft;
        this.#keep({ ticks, left });
        this.app.announcer.polite(count);
      },
    });
    this.#mark();
  }

  #mark() {
    this.player?.mark(Object.values(this.draft.ticks));
  }

  #reject(signal) {
    const { texts, data } = this;
    const onChange = (values) => this.#keep({ ...values, isOpen: true });
    this.form = new RejectForm(this.root, { texts, reason: data.reason, signal, onChange });
    if (!this.form.form) return;
    if (this.form.isOpen) {
      // The server shows a form that it has refused, with what was in it.
      this.form.show();
    } else {
      this.form.fill(this.draft);
      if (this.draft.isOpen && !this.draft.isSent) this.form.open();
    }
  }

  #claim(signal) {
    const { app, data, texts } = this;
    if (!data.isDecidable) return;
    const { api, announcer } = app;
    const isPlaying = () => this.player?.video.paused === false;
    const until = data.claimedUntil ?? null;
    const { refKey } = data;
    this.claim = new Claim(this.root, { refKey, until, api, texts, now: this.now, announcer, signal, isPlaying });
    if (!data.isClaimedByOther) this.claim.take();
  }

  #forms(signal) {
    const submit = (form, action) => form?.addEventListener('submit', (event) => {
      event.preventDefault();
      action();
    }, { signal });
    submit(part('approve', this.root), () => this.approve());
    submit(this.form.form, () => this.reject());
  }

  #keep(change) {
    this.draft = { ...this.draft, ...change };
    this.#mark();
    this.form.saved(this.save());
  }

  /** Writes the draft; returns the time, or null if this browser keeps nothing. */
  save() {
    this.#savedAt = performance.now();
    return this.drafts.write(this.data.refKey, this.draft);
  }

  approve() {
    if (!this.data.isDecidable || this.mode === 'reject') return;
    const watched = this.player === undefined || isWatched(this.player.watched, this.player.duration);
    const why = question({ isWatched: watched, fails: this.data.fails, isAsked: this.#isAsked });
    if (why) {
      this.#isAsked = true;
      say('confirm', this.texts.get(why), this.root);
      this.app.announcer.polite(this.texts.get(why));
      return;
    }
    this.#decide('approve', part('approve', this.root));
  }

  openReject() {
    if (!this.data.isDecidable || !this.form.form) return;
    this.form.fill({ ...this.draft, items: this.draft.isOpen ? this.draft.items : null });
    this.form.open();
  }

  closeReject() {
    if (!this.form.isOpen) return;
    this.#keep({ isOpen: false, ...this.form.values });
    this.form.refuse('');
    this.form.close();
  }

  reject() {
    if (this.form.isOpen && this.form.check()) this.#decide('reject', this.form.form);
  }

  async #decide(decision, form) {
    if (this.#isSending) return;
    this.#isSending = true;
    this.save();
    const { app, data } = this;
    const id = form.elements.id.value;
    const entry = { id, pairs: pairsOf(form, decision), plate: data.plate, decision, refKey: data.refKey, url: location.href };
    // Kept before it is sent: whatever happens to this page, it will be sent once.
    app.outbox.add(entry);
    const { status, data: answer } = await app.api.post('/review/decide', new URLSearchParams(entry.pairs));
    this.#isSending = false;
    const outcome = outcomeOf(status);
    if (outcome === 'done') this.#decided(entry, answer);
    else if (outcome === 'refused') this.#refused(entry, answer);
    else if (outcome === 'later') this.#waits(entry);
    else {
      // Whoever signs in again finds the draft and decides: nothing is sent by itself then.
      app.outbox.take(id);
      if (outcome === 'signed-out') app.signedOut();
      else app.stale();
    }
  }

  #decided(entry, { undo, next }) {
    const { app } = this;
    app.outbox.take(entry.id);
    this.#over();
    app.undo.set({ ...undo, plate: undo.plate });
    app.go(next, { ready: this.ahead.take(next), says: app.undoSentence() });
  }

  /** A draft that was sent comes back with an undo, but not to the next video. */
  #over() {
    this.claim?.end();
    this.draft = { ...this.draft, isSent: true };
    this.save();
  }

  #refused(entry, { error, title, text }) {
    this.app.outbox.take(entry.id);
    if (error === 'rejection') {
      this.form.refuse(text);
      return;
    }
    this.notice(title ?? '', text ?? '');
    this.app.announcer.assertive([title, text].filter(Boolean).join('. '));
  }

  /** No network: the decision waits here, and the reviewer goes on with the report that was fetched ahead. */
  #waits(entry) {
    const { app, data } = this;
    app.undo.keep({ ...entry, plate: isolated(data.plate) });
    const ready = this.ahead.take(data.next);
    if (ready) {
      this.#over();
      app.go(data.next, { ready, says: this.texts.get('decision.pending') });
    } else {
      app.announcer.polite(this.texts.get('decision.pending'));
      app.retryLater();
    }
  }

  skip() {
    const link = doing('skip', this.root);
    if (!link) return;
    this.save();
    const ready = this.ahead.take(this.data.next);
    // Without a prefetched page the server finds the next report.
    this.app.go(ready ? this.data.next : link.href, { ready });
  }

  compare() {
    const link = doing('close-compare', this.root) ?? doing('compare', this.root);
    if (!link) return;
    this.save();
    location.assign(link.href);
  }

  /** What has happened to the report, above the form that is kept. */
  notice(title, text) {
    say('notice-title', title, this.root);
    say('notice-text', text, this.root);
    reveal('notice', text !== '' || title !== '', this.root);
    if (text || title) focus(part('notice', this.root));
  }

  /** Runs a command of a key or a button; returns whether there is such a one. */
  run(name, value) {
    if (this.player?.run(name, value)) return true;
    const commands = {
      approve: () => this.approve(),
      reject: () => this.openReject(),
      send: () => this.reject(),
      cancel: () => this.closeReject(),
      escape: () => this.closeReject(),
      skip: () => this.skip(),
      compare: () => this.compare(),
      up: () => this.form.move(-1),
      down: () => this.form.move(1),
    };
    if (commands[name]) commands[name]();
    return name in commands || this.checklist.run(name, value);
  }

  /** Another report takes the place. */
  dispose() {
    this.save();
    this.claim?.release();
    this.ahead.drop();
    this.#end.abort();
  }
}
