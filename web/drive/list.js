// The list of reports, with the unsent videos on this phone. Uploads that the driver has started are resumed as soon as
// the page is open and there is a network.

import { write } from './api.js';
import { makeContext } from './context.js';
import { Job } from './job.js';
import { cleanUp, inspectRecording, othersNotice } from './kept.js';
import { SIGNED_IN, startPage } from './page.js';
import { isUnsent, STATE } from './recordings.js';
import { announce, onClick, saveToGallery, setText } from './ui.js';

class UnsentList {
  constructor(context) {
    this.context = context;
    this.template = document.getElementById('kept-card');
    this.list = document.getElementById('kept');
  }

  async start() {
    const { context } = this;
    const stored = await context.store.all().catch(() => []);
    setText(document, 'other', othersNotice(context, stored));
    await cleanUp(context, stored);
    const waiting = [];
    for (const recording of stored.filter((one) => isUnsent(one) && context.isOwn(one))) {
      const card = await this.#card(recording);
      if (card) waiting.push(card);
    }
    this.#count(waiting.length);
    // Sequentially, so that on a slow network at least the first upload completes.
    for (const { recording, file, card } of waiting) {
      if (recording.state === STATE.SENDING && file) await this.#send(recording, file, card);
    }
  }

  #count(number) {
    setText(document, 'kept-count', number ? this.context.texts.count('drive.queue', number) : '');
  }

  async #card(recording) {
    const { context } = this;
    const { texts } = context;
    const { state, file } = await inspectRecording(context, recording);
    if (state === 'live') return null;
    if (state === 'empty' || state === 'lost') {
      const key = state === 'lost' ? 'drive.rec_gone' : 'drive.rec_empty';
      setText(document, 'lost', `${recording.plate}: ${texts.get(key)}`);
      await context.discard(recording);
      return null;
    }
    const card = this.template.content.firstElementChild.cloneNode(true);
    const length = recording.durationMs ? texts.duration(recording.durationMs / 1000) : '';
    setText(card, 'plate', recording.plate);
    setText(card, 'facts', [recording.typeTitle, length, texts.size(recording.size)].filter(Boolean).join(' · '));
    const hint = navigator.onLine ? '' : texts.get('drive.kept_text');
    setText(card, 'state', state === 'unreadable' ? texts.get('drive.rec_unreadable') : hint);
    card.querySelector('[data-part="open"]').href = `/drive/report/${recording.refKey}`;
    card.querySelector('[data-do="gallery"]').hidden = !file;
    onClick(card, 'gallery', () => saveToGallery(file));
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
        if (sentences[type]) setText(card, 'state', texts.get(sentences[type]));
        if (type === 'done') {
          announce(`${recording.plate}: ${texts.get('drive.done')}`);
          // The reload moves the report to the sent ones.
          setTimeout(() => location.reload(), 1500);
        }
        if (problem?.message && !sentences[type]) setText(card, 'state', problem.message);
        if (['done', 'refused', 'already', 'closed', 'failed', 'signedOut', 'otherSession', 'unreadable', 'otherTab'].includes(type)) resolve();
      });
      job.start();
    });
  }
}

const context = makeContext();
startPage(context);
write(globalThis.localStorage, SIGNED_IN, 'yes');
new UnsentList(context).start();
