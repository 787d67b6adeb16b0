// The list of reports, with the videos that this phone still keeps. Those that the driver has sent off go on
// by themselves as soon as the page is open and there is a network.

import { write } from './api.js';
import { makeContext } from './context.js';
import { Job } from './job.js';
import { keptOf, othersSentence, tidy } from './kept.js';
import { SIGNED_IN, startPage } from './page.js';
import { isUnsent, STATE } from './recordings.js';
import { announce, on, saveToGallery, say } from './ui.js';

class KeptList {
  constructor(context) {
    this.context = context;
    this.template = document.getElementById('kept-card');
    this.list = document.getElementById('kept');
  }

  async start() {
    const { context } = this;
    const stored = await context.store.all().catch(() => []);
    say(document, 'other', othersSentence(context, stored));
    await tidy(context, stored);
    const waiting = [];
    for (const recording of stored.filter((one) => isUnsent(one) && context.isOwn(one))) {
      const card = await this.#card(recording);
      if (card) waiting.push(card);
    }
    this.#count(waiting.length);
    // One after another: on a slow network the first should arrive.
    for (const { recording, file, card } of waiting) {
      if (recording.state === STATE.SENDING && file) await this.#send(recording, file, card);
    }
  }

  #count(number) {
    say(document, 'kept-count', number ? this.context.texts.count('drive.queue', number) : '');
  }

  async #card(recording) {
    const { context } = this;
    const { texts } = context;
    const { state, file } = await keptOf(context, recording);
    if (state === 'live') return null;
    if (state === 'empty' || state === 'lost') {
      const key = state === 'lost' ? 'drive.rec_gone' : 'drive.rec_empty';
      say(document, 'lost', `${recording.plate}: ${texts.get(key)}`);
      await context.forget(recording);
      return null;
    }
    const card = this.template.content.firstElementChild.cloneNode(true);
    const length = recording.durationMs ? texts.duration(recording.durationMs / 1000) : '';
    say(card, 'plate', recording.plate);
    say(card, 'facts', [recording.typeTitle, length, texts.size(recording.size)].filter(Boolean).join(' · '));
    const hint = navigator.onLine ? '' : texts.get('drive.kept_text');
    say(card, 'state', state === 'unreadable' ? texts.get('drive.rec_unreadable') : hint);
    card.querySelector('[data-part="open"]').href = `/drive/report/${recording.refKey}`;
    card.querySelector('[data-do="gallery"]').hidden = !file;
    on(card, 'gallery', () => saveToGallery(file));
    this.list.append(card);
    return { recording, file, card };
  }

  #send(recording, file, card) {
    const { texts } = this.context;
    return new Promise((resolve) => {
      const job = new Job(this.context, recording, file, ({ type, progress, problem }) => {
        if (progress) {
          const bar = card.querySelector('progress');
          bar.hidden = false;
          bar.value = progress.percent;
        }
        const sentences = {
          waiting: 'drive.kept_text',
          sending: 'drive.sending',
          storing: 'drive.saving',
          otherTab: 'drive.other_tab',
          signedOut: this.context.kind === 'film' ? 'drive.film_link_old' : 'drive.signed_out',
          otherSession: 'drive.other_session',
          already: 'drive.link_done',
          closed: 'drive.closed',
          done: 'drive.done',
        };
        if (sentences[type]) say(card, 'state', texts.get(sentences[type]));
        if (type === 'done') {
          announce(`${recording.plate}: ${texts.get('drive.done')}`);
          // The report belongs to the sent ones now.
          setTimeout(() => location.reload(), 1500);
        }
        if (problem?.message && !sentences[type]) say(card, 'state', problem.message);
        if (['done', 'refused', 'already', 'closed', 'failed', 'signedOut', 'otherSession', 'unreadable', 'otherTab'].includes(type)) resolve();
      });
      job.start();
    });
  }
}

const context = makeContext();
startPage(context);
write(globalThis.localStorage, SIGNED_IN, 'yes');
new KeptList(context).start();
