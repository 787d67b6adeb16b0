// One report on the page: the player, the checklist, the draft and the decision, until the next one is shown.

import { Texts, isolated } from '../shared/data.js';
import { Prefetch } from './ahead.js';
import { Checklist } from './checklist.js';
import { Claim } from './claim.js';
import { Comparison } from './compare.js';
import { confirmationFor } from './decide.js';
import { refusalText } from './decisions.js';
import { Drafts } from './draft.js';
import { timestamp, serverClock } from './link.js';
import { control, focus, newId, part, setVisible, setText } from './page.js';
import { pairsOf } from './outbox.js';
import { Player } from './player.js';
import { RejectForm } from './reject.js';
import { Strip } from './strip.js';
import { isWatched } from './turn.js';

/** Playback moves the draft on; it is written now and then. */
const SAVING = 2000;
/** Without playback the next report is fetched after this. */
const CALM = 3000;

/** Refusals after which the report is another one than the page shows. */
const CHANGED = ['changed', 'pending', 'undone', 'void'];

export class Review {
  #end = new AbortController();
  #isConfirming = false;
  /** The id of the decision that was made on this page and not undone. */
  #made = null;
  #savedAt = 0;
  /** What has changed since the draft was written. */
  #unsaved = {};

  /** `app` has what outlives a report; `data` is the page's; `at` says when the page was made. */
  constructor(app, data, { at = timestamp(), isPrefetch = false } = {}) {
    Object.assign(this, { app, data });
    const { signal } = this.#end;
    this.root = part('report');
    this.texts = new Texts(data.texts, data.language);
    this.now = serverClock(data.now, at);
    this.drafts = new Drafts(app.storage, data.person);
    this.draft = this.drafts.read(data.refKey, data.version);
    this.prefetch = new Prefetch(data.next);
    this.#video(signal, isPrefetch);
    this.#checklist(signal);
    this.#reject(signal);
    this.#claim(signal);
    this.#forms(signal);
    const calm = setTimeout(() => this.prefetch.start(), CALM);
    signal.addEventListener('abort', () => clearTimeout(calm));
    addEventListener('pagehide', () => this.save(), { signal });
    app.guard.shown(performance.now());
  }

  get mode() {
    return this.form.isOpen ? 'reject' : 'watch';
  }

  #video(signal, isPrefetch) {
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
      storage: app.storage,
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
    if (isPrefetch) app.api.post(data.video.linkUrl);
    this.player.start(draft.time);
  }

  #playing() {
    this.prefetch.start();
    if (!globalThis.navigator?.connection?.saveData) this.strip?.draw();
  }

  #played(time) {
    this.strip?.show(time);
    this.#change({ time, watched: Math.min(this.player.watched, 1e6) });
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
        // The reasons that were chosen before belong to other ticks.
        this.#keep({ ticks, left, items: null });
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
    if (!data.isClaimedByOther) this.claim.acquire();
  }

  #forms(signal) {
    const submit = (form, action) => form?.addEventListener('submit', (event) => {
      event.preventDefault();
      action();
    }, { signal });
    const approve = part('approve', this.root);
    submit(approve, () => this.app.guard.isReady(performance.now()) && this.approve());
    // The second click of a double click does not answer the question that the first one has raised.
    approve?.addEventListener('click', (event) => event.detail > 1 && event.preventDefault(), { signal });
    submit(this.form.form, () => this.reject());
  }

  #change(change) {
    this.draft = { ...this.draft, ...change };
    this.#unsaved = { ...this.#unsaved, ...change };
  }

  #keep(change) {
    this.#change({ ...change, isSent: false });
    this.#mark();
    this.form.saved(this.save());
  }

  /** Writes the draft; returns the time, or null if this browser keeps nothing. */
  save() {
    this.#savedAt = performance.now();
    if (Object.keys(this.#unsaved).length === 0) return null;
    const changes = this.#unsaved;
    this.#unsaved = {};
    return this.drafts.merge(this.data.refKey, this.data.version, changes);
  }

  get #canDecide() {
    return this.data.isDecidable && this.#made === null;
  }

  approve() {
    if (!this.#canDecide || this.mode === 'reject') return;
    const watched = this.player === undefined || isWatched(this.player.watched, this.player.duration);
    const why = confirmationFor({ isWatched: watched, fails: this.data.fails, isConfirming: this.#isConfirming });
    if (why) {
      this.#isConfirming = true;
      setText('confirm', this.texts.get(why), this.root);
      this.app.announcer.polite(this.texts.get(why));
      return;
    }
    this.#decide('approve', part('approve', this.root));
  }

  openReject() {
    if (!this.#canDecide || !this.form.form) return;
    this.form.fill(this.draft);
    this.form.open();
  }

  closeReject() {
    if (!this.form.isOpen) return;
    this.#keep({ isOpen: false, ...this.form.values });
    this.form.refuse('');
    this.form.close();
  }

  reject() {
    if (this.#canDecide && this.form.isOpen && this.form.check()) this.#decide('reject', this.form.form);
  }

  async #decide(decision, form) {
    this.save();
    const { app, data } = this;
    const id = form.elements.id.value;
    this.#made = id;
    const { refKey, version } = data;
    const entry = { id, pairs: pairsOf(form, decision), plate: isolated(data.plate), decision, refKey, version, url: location.href };
    const { outcome, data: response } = await app.decisions.send(entry);
    if (this.#end.signal.aborted) return app.decisions.finishInBackground(entry, outcome, response);
    if (outcome === 'done') return this.#decided(response);
    if (outcome === 'retry') return this.#waits();
    if (outcome === 'withdrawn') return undefined;
    this.reopen();
    if (outcome === 'refused') return this.#refused(response);
    return outcome === 'signed-out' ? app.signedOut() : app.stale();
  }

  #decided({ next }) {
    const { app } = this;
    this.claim?.end();
    app.go(next, { prefetched: this.prefetch.take(next), announcement: app.decisions.sentence });
  }

  /** Whoever has something to correct keeps the form; a report that has changed is shown as it is now. */
  async #refused(response) {
    const { app } = this;
    if (response.error === 'rejection') {
      this.form.refuse(response.text);
      return;
    }
    if (response.error === 'held') this.claim?.acquire();
    if (CHANGED.includes(response.error)) await app.go(location.href, { isReplacing: true });
    app.review.notice(response.title ?? '', response.text ?? refusalText(response, this.texts));
    app.announcer.assertive(refusalText(response, this.texts));
  }

  /** No network: the decision waits, and the reviewer goes on with the report that was fetched ahead. */
  #waits() {
    const { app, data } = this;
    const announcement = this.texts.get('decision.pending');
    const prefetched = this.prefetch.take(data.next);
    if (!prefetched) {
      app.announcer.polite(announcement);
      return;
    }
    this.claim?.end();
    app.go(data.next, { prefetched, announcement });
  }

  /** The decision that was made here is undone, or was refused: another one may be made. */
  reopen() {
    this.#made = null;
    const id = newId();
    for (const form of [part('approve', this.root), this.form.form]) if (form) form.elements.id.value = id;
  }

  skip() {
    const link = control('skip', this.root);
    if (!link) return;
    this.save();
    const prefetched = this.prefetch.take(this.data.next);
    // Without a prefetched page the server finds the next report.
    this.app.go(prefetched ? this.data.next : link.href, { prefetched });
  }

  compare() {
    const link = control('close-compare', this.root) ?? control('compare', this.root);
    if (!link) return;
    this.save();
    location.assign(link.href);
  }

  /** What has happened to the report, above the form that is kept. */
  notice(title, text) {
    setText('notice-title', title, this.root);
    setText('notice-text', text, this.root);
    setVisible('notice', text !== '' || title !== '', this.root);
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
    this.prefetch.drop();
    this.#end.abort();
  }
}
