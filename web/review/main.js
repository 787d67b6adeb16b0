// The scripts of the review console. Every page works without them. They add keyboard shortcuts, the player, the film
// strip, drafts, and navigation to the next report without loading a page.
//
// Elements and attributes that the scripts use, all of them optional:
//
// Every page   `<script type="module" src="…/review/main.js">` in the head, also on the sign-in page
//              `input[name=csrf]` · `form[data-sign-out]` · `[data-part=offline]` a tag, hidden
//              `[data-count=KEY]` for each key of `/review/counts`, and `queue`, `day`
//              `[data-do=help]` · `dialog[data-part=help]` with `[data-do=close-help]` and the checkbox
//              `input[data-do=single-keys]`, checked according to the account
//              `[data-do=queue]` the link to the queue (key Q)
//              `[data-part=messages]` a live region with a `form[data-message=ID]` for each message, `data-server`
//              if it is stored on the server · `template[data-part=message]`: `a`, `span`, `input[name=id]`
// Lists        `[data-part=rows]`, in it `[data-row=ID]` with a link `a[data-open]` · `input[data-part=search]`
//              `a[data-do=start]` · `[data-part=new]`, hidden, with `[data-show=new]` · `[data-show=stale]`, hidden
// Report       `[data-part=report]` contains all of it; gets `data-mode=watch|reject`
//              `h1[data-part=heading]` tabindex -1
//              `[data-part=notice]` tabindex -1, hidden if empty: `[data-show=notice-title]`, `[data-show=notice-text]`
//              `[data-part=claim]`, hidden if empty: `[data-show=claim]`, `[data-do=keep]` a button, hidden,
//              `form[data-part=take-over]`
// Player       `[data-part=player]`, in it `video[data-part=video]` with native `controls` (removed by the player)
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
//              `[data-part=side]` hidden while the form is open · `[data-part=dock-watch]`, `[data-part=dock-reject]`
//              with `[data-do=cancel]` and `button[data-do=send][form=…]`
// Compare      `a[data-do=compare]` links of earlier reports · `a[data-do=close-compare]`
//              `video[data-part=other][data-link=ADDRESS][data-expires=MS]` · `[data-do=align]` · `[data-show=shift]`

import { pageData, Texts } from '../shared/data.js';
import { Announcer } from './announce.js';
import { Api } from './api.js';
import { Decisions } from './decisions.js';
import { Drafts } from './draft.js';
import { Help } from './help.js';
import { commandOf, DecisionGuard, focusOf } from './keys.js';
import { Counts, List } from './list.js';
import { Messages } from './messages.js';
import { Navigation } from './navigation.js';
import { control, focus, openStorage, part, parts } from './page.js';
import { Review } from './review.js';
import { makeNumeric, startSignIn } from './sign-in.js';

class App {
  constructor(data) {
    this.data = data;
    this.texts = new Texts(data.texts, data.language);
    this.storage = openStorage();
    this.announcer = new Announcer();
    this.guard = new DecisionGuard();
    this.api = new Api({ csrf: document.querySelector('input[name="csrf"]')?.value ?? '' });
    this.help = new Help(this);
    // The origins that the Content-Security-Policy of this page allows for media.
    this.origins = new Set([location.origin, originOf(data.video?.url)]);
    const { api, texts } = this;
    const onVoid = (messages) => this.messages?.sync(messages);
    this.counts = new Counts({ url: data.counts ?? '/review/counts', api, texts, onVoid });
    if (data.person !== undefined) this.#startPerson(data);
    if (part('report') && data.refKey) this.#startReports(data);
    else if (part('rows') || part('search')) this.list = new List();
    this.#listen();
  }

  #startPerson({ person, now }) {
    this.messages = new Messages({ storage: this.storage, person, api: this.api });
    this.decisions = new Decisions(this, { person, now });
  }

  #startReports(data) {
    new Drafts(this.storage, data.person).prune();
    this.navigation = new Navigation({
      show: (result) => this.#show(result),
      canShow: (result) => this.#canShow(result),
      onOffline: () => this.offline(),
    });
    this.review = new Review(this, data);
  }

  get mode() {
    if (this.help.isOpen) return 'dialog';
    return this.review?.mode ?? (this.list ? 'list' : 'other');
  }

  #listen() {
    addEventListener('keydown', (event) => this.#onKey(event));
    addEventListener('keyup', (event) => this.guard.up(event.code));
    addEventListener('blur', () => this.guard.reset());
    document.addEventListener('click', (event) => this.#onClick(event));
    document.addEventListener('submit', (event) => this.#onSubmit(event));
    for (const name of ['online', 'offline']) addEventListener(name, () => this.#onConnectionChange());
    for (const field of document.querySelectorAll('input[inputmode="numeric"]')) makeNumeric(field);
    this.#onConnectionChange();
  }

  #onKey(event) {
    const focused = focusOf(document.activeElement);
    const command = commandOf(event, { mode: this.mode, focus: focused, singleKeys: this.help.singleKeys });
    const isAllowed = command && this.guard.allows(command.name, event.code, performance.now());
    this.guard.down(event.code);
    if (isAllowed && this.#run(command.name, command.value)) event.preventDefault();
  }

  /** Buttons and links run the same commands as keys. Without scripts the links open a page. */
  #onClick(event) {
    const element = event.target.closest?.('[data-do]');
    if (!element || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    const name = element.dataset.do;
    // Other controls submit a form, follow a link, or have their own event handler.
    const handled = ['help', 'close-help', 'reject', 'cancel', 'skip', 'all', 'play', 'back', 'forward', 'frame-back',
      'frame-next', 'speed', 'rotate', 'mute', 'full'];
    if (handled.includes(name) && this.#run(name)) event.preventDefault();
  }

  #onSubmit(event) {
    const form = event.target;
    if (form.matches('[data-sign-out]')) this.#clearStored();
    if (form.matches('[data-part="undo"]') && this.decisions) {
      event.preventDefault();
      this.decisions.undo(form);
    }
  }

  /** Deletes drafts and messages. Queued decisions are kept and sent at the next sign-in of the same person. */
  #clearStored() {
    new Drafts(this.storage, '').clear();
    this.messages?.clear();
  }

  /** Runs a command. Returns false if the page does not have it. */
  #run(name, value) {
    if (name === 'escape' && this.help.isOpen) return false;
    const commands = {
      help: () => this.help.open(),
      'close-help': () => this.help.close(),
      queue: () => control('queue')?.click(),
      ...(this.review && { undo: () => this.decisions.undo() }),
    };
    if (!commands[name]) return (this.review ?? this.list)?.run(name, value) ?? false;
    commands[name]();
    return true;
  }

  /** Shows another report in this page, or loads it. Resolves as `Navigation.go`. */
  async go(url, { announcement = '', ...options } = {}) {
    if (!this.navigation) {
      location.assign(url);
      return 'loaded';
    }
    const result = await this.navigation.go(url, options);
    if (result === 'shown') this.announcer.polite(announcement);
    if (result === 'offline') this.offline();
    return result;
  }

  /** A page of another session has another CSRF token, and that of another person another header: both are loaded. */
  #canShow({ data, csrf }) {
    const isSame = data.person === this.data.person && csrf === this.api.csrf;
    return isSame && this.origins.has(originOf(data.video?.url));
  }

  #show(result) {
    this.review.dispose();
    part('report').closest('main').replaceWith(document.adoptNode(part('report', result.page).closest('main')));
    document.title = result.page.title;
    const fields = result.page.querySelectorAll('header input[name="back"]');
    document.querySelectorAll('header input[name="back"]').forEach((field, index) => {
      field.value = fields[index]?.value ?? field.value;
    });
    scrollTo(0, 0);
    this.review = new Review(this, result.data, result);
    this.decisions.bar.show();
    if (this.review.mode === 'watch') focus(part('heading'));
    this.counts.load();
  }

  /** Says that the requested page cannot be fetched. The current page stays. */
  offline() {
    const text = this.texts.get('common.offline');
    this.review?.notice('', text);
    this.announcer.polite(text);
  }

  /** Called when the session has ended: a reload leads to the sign-in page and back. The draft is kept. */
  signedOut() {
    this.review?.save();
    location.reload();
  }

  /** Called when the CSRF token is no longer valid (session ended, or new sign-in in another tab): asks to reload. */
  stale() {
    const text = this.texts.get('common.stale');
    if (this.review) this.review.notice('', text);
    else this.messages?.show({ id: 'stale', text });
    this.announcer.assertive(text);
  }

  /** Only a hint, because `onLine` is unreliable: requests are sent in any case. */
  #onConnectionChange() {
    for (const tag of parts('offline')) tag.hidden = navigator.onLine;
    if (navigator.onLine) this.decisions?.resume();
  }
}

function originOf(url) {
  return url ? new URL(url, location.href).origin : location.origin;
}

const data = pageData();
startSignIn();
if (!part('sign-in')) new App(data);
