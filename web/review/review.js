// One report: player, checklist, draft and decision. Disposed of when the next report is shown.

import { isolated, Texts } from '../shared/data.js';
import { Prefetch } from './ahead.js';
import { Checklist } from './checklist.js';
import { Claim } from './claim.js';
import { Comparison } from './compare.js';
import { confirmationFor } from './decide.js';
import { refusalText } from './decisions.js';
import { Drafts } from './draft.js';
import { serverClock, timestamp } from './link.js';
import { control, focus, newId, part, setText, setVisible } from './page.js';
import { pairsOf } from './outbox.js';
import { Player } from './player.js';
import { RejectForm } from './reject.js';
import { Strip } from './strip.js';
import { isWatched } from './turn.js';

/** The draft is saved at most this often during playback. */
const SAVE_INTERVAL = 2000;
/** Without playback the next report is prefetched after this delay. */
const PREFETCH_DELAY = 3000;

/** Refusals after which the page has to be reloaded, because the report has changed. */
const CHANGED = ['changed', 'pending', 'undone', 'void'];

export class Review {
  #abort = new AbortController();
  #isConfirming = false;
  /** The id of the decision made on this page, unless it was undone or refused. */
  #decisionId = null;
  #savedAt = 0;
  /** Changes since the draft was saved. */
  #unsaved = {};

  /** `app` outlives the report; `data` is the page data; `at` is the timestamp of the page. */
  constructor(app, data, { at = timestamp(), isPrefetch = false } = {}) {
    Object.assign(this, { app, data });
    const { signal } = this.#abort;
    this.root = part('report');
    this.texts = new Texts(data.texts, data.language);
    this.now = serverClock(data.now, at);
    this.drafts = new Drafts(app.storage, data.person);
    this.draft = this.drafts.read(data.refKey, data.version);
    this.prefetch = new Prefetch(data.next);
    this.#startPlayer(signal, isPrefetch);
    this.#startChecklist(signal);
    this.#startRejectForm(signal);
    this.#startClaim(signal);
    this.#startForms(signal);
    const prefetchTimer = setTimeout(() => this.prefetch.start(), PREFETCH_DELAY);
    signal.addEventListener('abort', () => clearTimeout(prefetchTimer));
    addEventListener('pagehide', () => this.save(), { signal });
    app.guard.shown(performance.now());
  }

  get mode() {
    return this.form.isOpen ? 'reject' : 'watch';
  }

  #startPlayer(signal, isPrefetch) {
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
      onTime: (time) => this.#onTime(time),
      onPlaying: () => this.#onPlaying(),
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
    // The link of a prefetched page was not recorded as a view; this request records it.
    if (isPrefetch) app.api.post(data.video.linkUrl);
    this.player.start(draft.time);
  }

  #onPlaying() {
    this.prefetch.start();
    if (!globalThis.navigator?.connection?.saveData) this.strip?.draw();
  }

  #onTime(time) {
    this.strip?.show(time);
    this.#change({ time, watched: Math.min(this.player.watched, 1e6) });
    if (performance.now() - this.#savedAt > SAVE_INTERVAL) this.save();
  }

  #startChecklist(signal) {
    this.checklist = new Checklist(this.root, {
      texts: this.texts,
      draft: this.draft,
      signal,
      time: () => this.player?.time ?? 0,
      seek: (time) => this.player?.seek(time),
      onChange: (draft, count) => {
        const { ticks, left } = draft;
        // `items` were chosen for the previous ticks.
        this.#saveDraft({ ticks, left, items: null });
        this.app.announcer.polite(count);
      },
    });
    this.#showMarks();
  }

  #showMarks() {
    this.player?.mark(Object.values(this.draft.ticks));
  }

  #startRejectForm(signal) {
    const { texts, data } = this;
    const onChange = (values) => this.#saveDraft({ ...values, isOpen: true });
    this.form = new RejectForm(this.root, { texts, reason: data.reason, signal, onChange });
    if (!this.form.form) return;
    if (this.form.isOpen) {
      // The server has rendered a refused form with its values.
      this.form.show();
    } else {
      this.form.fill(this.draft);
      if (this.draft.isOpen && !this.draft.isSent) this.form.open();
    }
  }

  #startClaim(signal) {
    const { app, data, texts } = this;
    if (!data.isDecidable) return;
    const { api, announcer } = app;
    const isPlaying = () => this.player?.video.paused === false;
    const until = data.claimedUntil ?? null;
    const { refKey } = data;
    this.claim = new Claim(this.root, { refKey, until, api, texts, now: this.now, announcer, signal, isPlaying });
    if (!data.isClaimedByOther) this.claim.acquire();
  }

  #startForms(signal) {
    const submit = (form, action) => form?.addEventListener('submit', (event) => {
      event.preventDefault();
      action();
    }, { signal });
    const approve = part('approve', this.root);
    submit(approve, () => this.app.guard.isReady(performance.now()) && this.approve());
    // The second click of a double click must not confirm the question raised by the first.
    approve?.addEventListener('click', (event) => event.detail > 1 && event.preventDefault(), { signal });
    submit(this.form.form, () => this.reject());
  }

  #change(change) {
    this.draft = { ...this.draft, ...change };
    this.#unsaved = { ...this.#unsaved, ...change };
  }

  #saveDraft(change) {
    this.#change({ ...change, isSent: false });
    this.#showMarks();
    this.form.showSaved(this.save());
  }

  /** Saves the draft. Returns the time, or null if nothing was stored. */
  save() {
    this.#savedAt = performance.now();
    if (Object.keys(this.#unsaved).length === 0) return null;
    const changes = this.#unsaved;
    this.#unsaved = {};
    return this.drafts.merge(this.data.refKey, this.data.version, changes);
  }

  get #canDecide() {
    return this.data.isDecidable && this.#decisionId === null;
  }

  approve() {
    if (!this.#canDecide || this.mode === 'reject') return;
    const watched = this.player === undefined || isWatched(this.player.watched, this.player.duration);
    const question = confirmationFor({ isWatched: watched, fails: this.data.fails, isConfirming: this.#isConfirming });
    if (question) {
      this.#isConfirming = true;
      setText('confirm', this.texts.get(question), this.root);
      this.app.announcer.polite(this.texts.get(question));
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
    this.#saveDraft({ isOpen: false, ...this.form.values });
    this.form.showProblem('');
    this.form.close();
  }

  reject() {
    if (this.#canDecide && this.form.isOpen && this.form.check()) this.#decide('reject', this.form.form);
  }

  async #decide(decision, form) {
    this.save();
    const { app, data } = this;
    const id = form.elements.id.value;
    this.#decisionId = id;
    const { refKey, version } = data;
    const entry = { id, pairs: pairsOf(form, decision), plate: isolated(data.plate), decision, refKey, version, url: location.href };
    const { outcome, data: response } = await app.decisions.send(entry);
    if (this.#abort.signal.aborted) return app.decisions.finishInBackground(entry, outcome, response);
    if (outcome === 'done') return this.#onAccepted(response);
    if (outcome === 'retry') return this.#onUnreachable();
    if (outcome === 'withdrawn') return undefined;
    this.reopen();
    if (outcome === 'refused') return this.#onRefused(response);
    return outcome === 'signed-out' ? app.signedOut() : app.stale();
  }

  #onAccepted({ next }) {
    const { app } = this;
    this.claim?.end();
    app.go(next, { prefetched: this.prefetch.take(next), announcement: app.decisions.sentence });
  }

  /** An invalid rejection keeps the form open; a report that has changed is fetched again. */
  async #onRefused(response) {
    const { app } = this;
    if (response.error === 'rejection') {
      this.form.showProblem(response.text);
      return;
    }
    if (response.error === 'held') this.claim?.acquire();
    if (CHANGED.includes(response.error)) await app.go(location.href, { isReplacing: true });
    app.review.notice(response.title ?? '', response.text ?? refusalText(response, this.texts));
    app.announcer.assertive(refusalText(response, this.texts));
  }

  /** Without a network the decision stays in the outbox, and the prefetched report is shown. */
  #onUnreachable() {
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

  /** Allows another decision, after an undo or a refusal. */
  reopen() {
    this.#decisionId = null;
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

  /** Shows a notice above the report. */
  notice(title, text) {
    setText('notice-title', title, this.root);
    setText('notice-text', text, this.root);
    setVisible('notice', text !== '' || title !== '', this.root);
    if (text || title) focus(part('notice', this.root));
  }

  /** Runs a command. Returns false if the name is unknown. */
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

  /** Called before another report is shown. */
  dispose() {
    this.save();
    this.claim?.release();
    this.prefetch.drop();
    this.#abort.abort();
  }
}
