// A film link: its secret stands behind `#`, so neither proxies nor previews have seen it. It is exchanged for
// a cookie, then the address without it replaces this one.

import { ApiError } from './api.js';
import { makeContext } from './context.js';
import { startPage } from './page.js';
import { forgetPages, linkPage } from './shell.js';
import { on, say, screenOf, showScreen } from './ui.js';
import { setStated, statedBy } from './who.js';

const context = makeContext();
const secret = location.hash.slice(1);
const form = document.getElementById('link-who');

/** Exchanges the secret. The name and the phone are declared, not checked. */
async function exchange(who) {
  const { texts, api } = context;
  showScreen('opening');
  try {
    const data = await api.send('POST', '/drive/film-link', { body: { secret, ...who } });
    setStated('film', who);
    const page = linkPage(data.ref_key);
    await forgetPages(page);
    location.replace(page);
  } catch (error) {
    const isOffline = !(error instanceof ApiError);
    const known = { report_closed: 'drive.closed', report_already_submitted: 'drive.link_done', not_found: 'drive.film_link_old' };
    const key = isOffline ? 'common.offline' : known[error.message];
    say(screenOf('link-failed'), 'why', key ? texts.get(key) : error.data.message);
    screenOf('link-failed').querySelector('[data-do="retry-link"]').hidden = error.message in known;
    showScreen('link-failed');
  }
}

const answers = () => ({ name: form.elements.name.value.trim(), mobile: form.elements.mobile.value.trim() });

function start() {
  startPage(context);
  const known = statedBy('film');
  if (secret === '') {
    say(screenOf('link-failed'), 'why', context.texts.get('drive.film_link_old'));
    showScreen('link-failed');
    return;
  }
  if (known) {
    form.elements.name.value = known.name;
    form.elements.mobile.value = known.mobile;
  }
  showScreen('link-who');
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  exchange(answers());
});
// Another link in the same tab changes only the fragment, for which browsers load nothing.
addEventListener('hashchange', () => location.reload());
on(document, 'retry-link', () => exchange(answers()));
start();
