// The scripts of the review console. Every page works without them; they add keys, the player, the film strip,
// drafts, and decisions that lead to the next report without loading a page.
//
// What they look for in a page (all of it may be missing):
//
// Every page   `<script type="module" src="…/review/main.js">` in the head, also on the page of signing in
//              `input[name=csrf]` · `form[data-sign-out]` · `[data-part=offline]` a tag, hidden
//              `[data-count=KEY]` for each key of `/review/counts`, and `queue`, `day`
//              `[data-do=help]` · `dialog[data-part=help]` with `[data-do=close-help]` and the checkbox
//              `input[data-do=single-keys]`, checked as the account says
//              `[data-do=queue]` the link to the queue, which Q follows
// Lists        `[data-part=rows]`, in it `[data-row=ID]` with a link `a[data-open]` · `input[data-part=search]`
//              `a[data-do=start]` · `[data-part=new]`, hidden, with `[data-show=new]` · `[data-show=stale]`, hidden
// Report       `[data-part=report]` around all of it; gets `data-mode=watch|reject`
//              `h1[data-part=heading]` tabindex -1
//              `[data-part=notice]` tabindex -1, hidden if empty: `[data-show=notice-title]`, `[data-show=notice-text]`
//              `[data-part=claim]`, hidden if empty: `[data-show=claim]`, `[data-do=keep]` a button, hidden,
//              `form[data-part=take-over]`
// Player       `[data-part=player]`, in it `video[data-part=video]` with native `controls` (taken away here)
//              `[data-part=controls]`, hidden: buttons `[data-do=play|back|forward|frame-back|frame-next|speed|
//              rotate|mute|full]`, `[data-show=time]`, `[data-show=duration]`; `play` and `mute` get aria-pressed
//              `input[type=range][data-part=track]`, `[data-part=marks]` over it
//              `[data-part=stage-note]`, hidden: `[data-show=player]`, `a[data-part=download]` hidden
//              `[data-part=strip]`, empty: gets twelve `button.frame` with a canvas; the current has aria-current
// Checklist    `[data-part=items]`, in it `[data-item=INDEX]` with a checkbox and `button[data-do=seen]`, hidden;
//              the next item has `data-next` · `[data-show=count]` · `[data-do=all]`
// Decision     `form[data-part=approve]` to /review/decide with its hidden fields, `button[data-do=approve]`,
//              `[data-do=reject]`, `a[data-do=skip]`, `[data-show=confirm]` hidden
//              `form[data-part=undo]` to /review/undo, hidden without a decision: `input[name=id]`,
//              `[data-show=undo]`, `button[data-do=undo]`
// Reject       `form[data-part=reject]` to /review/decide, hidden unless open: checkboxes `item` and `code`,
//              `textarea[name=text]`, `[data-show=left]`, `[data-show=kept]`, `[data-part=preview]`,
//              `[data-part=problem]` tabindex -1 with `[data-show=problem]`
//              `[data-part=side]` what it replaces · `[data-part=dock-watch]`, `[data-part=dock-reject]` with
//              `[data-do=cancel]` and `button[data-do=send][form=…]`
// Compare      `a[data-do=compare]` links of earlier reports · `a[data-do=close-compare]`
//              `video[data-part=other][data-link=ADDRESS][data-expires=MS]` · `[data-do=align]` · `[data-show=shift]`

import { Texts, pageData } from '../shared/data.js';
import { fetchPage } from './ahead.js';
import { Announcer } from './announce.js';
import { Api, outcomeOf } from './api.js';
import { UndoBar } from './decide.js';
import { Drafts } from './draft.js';
import { Help } from './help.js';
import { commandOf, DecisionGuard, focusOf } from './keys.js';
import { Counts, List } from './list.js';
import { doing, focus, kept, part, parts } from './page.js';
import { Outbox } from './outbox.js';
import { Review } from './review.js';
import { makeNumeric, startSignIn } from './sign-in.js';

/** How often decisions that wait for a network are tried again. */
const RETRY = 5000;

class App {
  #retry = null;

  constructor(data) {
    this.data = data;
    this.texts = new Texts(data.texts, data.language);
    this.kept = kept();
    this.announcer = new Announcer();
    this.guard = new DecisionGuard();
    this.api = new Api({ csrf: document.querySelector('input[name="csrf"]')?.value ?? '' });
    this.help = new Help(this);
    // The media of other origins that this page may play: the policy came with its response.
    this.origins = new Set([location.origin, originOf(data.video?.url)]);
    this.counts = new Counts({ url: data.counts ?? '/review/counts', api: this.api, texts: this.texts });
    if (part('report') && data.refKey) this.#startReports(data);
    else if (part('rows') || part('search')) this.#startList(data);
    this.#listen();
  }

  #startReports(data) {
    const started = performance.now();
    this.undo = new UndoBar({ texts: this.texts, now: () => data.now + performance.now() - started });
    this.undo.read();
    const onEnd = (entry, outcome, answer) => this.#sent(entry, outcome, answer);
    this.outbox = new Outbox({ kept: this.kept, person: data.person, api: this.api, onEnd });
    new Drafts(this.kept, data.person).prune();
    this.review = new Review(this, data);
    // Decisions of a page that was closed while it had no network.
    if (this.outbox.last) this.retryLater(0);
  }

  #startList(data) {
    this.list = new List();
    // After the last decision there is no report that could show it.
    if (!part('undo')?.dataset.effective) return;
    const started = performance.now();
    new UndoBar({ texts: this.texts, now: () => data.now + performance.now() - started }).read();
  }

  get mode() {
    if (this.help.isOpen) return 'dialog';
    return this.review?.mode ?? (this.list ? 'list' : 'other');
  }

  #listen() {
    addEventListener('keydown', (event) => this.#key(event));
    addEventListener('keyup', (event) => this.guard.up(event.code));
    addEventListener('blur', () => this.guard.forget());
    document.addEventListener('click', (event) => this.#click(event));
    document.addEventListener('submit', (event) => this.#submit(event));
    addEventListener('popstate', () => location.reload());
    for (const name of ['online', 'offline']) addEventListener(name, () => this.#connection());
    for (const field of document.querySelectorAll('input[inputmode="numeric"]')) makeNumeric(field);
    this.#connection();
  }

  #key(event) {
    const focused = focusOf(document.activeElement);
    const command = commandOf(event, { mode: this.mode, focus: focused, singleKeys: this.help.singleKeys });
    const isAllowed = command && this.guard.allows(command.name, event.code, performance.now());
    this.guard.down(event.code);
    if (isAllowed && this.#run(command.name, command.value)) event.preventDefault();
  }

  /** Buttons and links give the same commands as keys. Without a script the links lead to a page. */
  #click(event) {
    const element = event.target.closest?.('[data-do]');
    if (!element || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    const name = element.dataset.do;
    // Forms send, links to other pages lead there, and some parts listen to their own buttons.
    const ours = ['help', 'close-help', 'reject', 'cancel', 'skip', 'all', 'play', 'back', 'forward', 'frame-back',
      'frame-next', 'speed', 'rotate', 'mute', 'full'];
    if (ours.includes(name) && this.#run(name)) event.preventDefault();
  }

  #submit(event) {
    const form = event.target;
    // What was typed on this computer is not for the next person; decisions that wait are sent at the next sign-in.
    if (form.matches('[data-sign-out]')) new Drafts(this.kept, '').clear();
    if (form.matches('[data-part="undo"]') && this.review) {
      event.preventDefault();
      this.takeBack();
    }
  }

  /** Returns whether the command was one of this page. */
  #run(name, value) {
    if (name === 'escape' && this.help.isOpen) return false;
    const commands = {
      help: () => this.help.open(),
      'close-help': () => this.help.close(),
      queue: () => doing('queue')?.click(),
      ...(this.review && { undo: () => this.takeBack() }),
    };
    if (!commands[name]) return (this.review ?? this.list)?.run(name, value) ?? false;
    commands[name]();
    return true;
  }

  /** Undoes the latest decision, also one that was not sent yet, and goes back to its report. */
  async takeBack() {
    const { id } = this.undo;
    if (!id) return;
    const waiting = this.outbox.take(id);
    if (waiting) {
      this.undo.set(null);
      await this.go(waiting.url, { says: this.texts.get('decision.undone') });
      return;
    }
    const fields = new URLSearchParams(new FormData(part('undo')));
    fields.set('id', id);
    const { status, data } = await this.api.post('/review/undo', fields);
    const outcome = outcomeOf(status);
    if (outcome === 'done') {
      this.undo.set(null);
      await this.go(data.next, { says: data.text });
    } else if (outcome === 'signed-out') this.signedOut();
    else if (outcome === 'stale') this.stale();
    else this.announcer.polite(this.texts.get('common.offline'));
  }

  undoSentence() {
    return `${this.undo.sentence()} ${this.texts.get('decision.undo')}: U`;
  }

  /** Shows another report in this page; what cannot be shown here is loaded. */
  async go(url, { ready = null, says = '' } = {}) {
    const path = new URL(url, location.href);
    const found = ready ?? (path.pathname.startsWith('/review/report/') ? await fetchPage(path.href) : null);
    if (!found || !this.origins.has(originOf(found.data.video?.url))) {
      location.assign(path.href);
      return;
    }
    this.review.dispose();
    part('report').closest('main').replaceWith(document.adoptNode(part('report', found.page).closest('main')));
    document.title = found.page.title;
    const fields = found.page.querySelectorAll('header input[name="back"]');
    document.querySelectorAll('header input[name="back"]').forEach((field, index) => {
      field.value = fields[index]?.value ?? field.value;
    });
    history.pushState(null, '', path.href);
    scrollTo(0, 0);
    this.review = new Review(this, found.data, found);
    this.undo.show();
    if (this.review.mode === 'watch') focus(part('heading'));
    this.announcer.polite(says);
    this.counts.load();
  }

  /** The session has ended: the server asks to sign in, and leads back here. The draft is kept. */
  signedOut() {
    this.review?.save();
    location.reload();
  }

  /** Somebody has signed in anew in another tab: this page may not change anything. */
  stale() {
    const text = this.texts.get('common.stale');
    this.review?.notice('', text);
    this.announcer.assertive(text);
  }

  retryLater(wait = RETRY) {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(async () => {
      if (!(await this.outbox.send())) this.retryLater();
    }, wait);
  }

  #sent(entry, outcome, { undo, text, title, next }) {
    if (outcome === 'done') {
      this.undo.set(undo);
      this.announcer.polite(this.undoSentence());
      // The report that could not be left without a network.
      if (this.review.data.refKey === entry.refKey && next) this.go(next);
    } else {
      this.undo.set(null);
      this.review.notice(entry.plate, [title, text].filter(Boolean).join('. '));
      this.announcer.assertive([entry.plate, title, text].filter(Boolean).join('. '));
    }
  }

  /** A hint only, because `onLine` lies: requests are tried in any case. */
  #connection() {
    for (const tag of parts('offline')) tag.hidden = navigator.onLine;
    if (navigator.onLine && this.outbox?.last) this.retryLater(0);
  }
}

function originOf(url) {
  return url ? new URL(url, location.href).origin : location.origin;
}

const data = pageData();
startSignIn();
if (!part('sign-in')) new App(data);
