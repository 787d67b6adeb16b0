// A film link: its secret stands behind `#`, so neither proxies nor previews have seen it. It is exchanged for
// a cookie, then the address without it replaces this one.

import { ApiError, read, write } from './api.js';
import { makeContext } from './context.js';
import { startPage } from './page.js';
import { on, say, screenOf, showScreen } from './ui.js';

const WHO = 'drive.link_who';

const context = makeContext();
const secret = location.hash.slice(1);
const form = document.getElementById('link-who');

/** Exchanges the secret. The name and the phone are declared, not checked. */
async function exchange({ name = '', mobile = '' }) {
  const { texts, api } = context;
  showScreen('opening');
  try {
    const data = await api.send('POST', '/drive/film-link', { body: { secret, name, mobile } });
    location.replace(`/drive/report/${data.ref_key}`);
  } catch (error) {
    const isOffline = !(error instanceof ApiError);
    const known = { report_closed: 'drive.closed', report_already_submitted: 'drive.link_done', not_found: 'drive.film_link_old' };
    const key = isOffline ? 'common.offline' : known[error.message];
    say(screenOf('link-failed'), 'why', key ? texts.get(key) : error.data.message);
    screenOf('link-failed').querySelector('[data-do="retry-link"]').hidden = error.message in known;
    showScreen('link-failed');
  }
}

function start() {
  startPage(context);
  const known = JSON.parse(read(localStorage, WHO) ?? 'null');
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
  const who = { name: form.elements.name.value.trim(), mobile: form.elements.mobile.value.trim() };
  write(localStorage, WHO, JSON.stringify(who));
  exchange(who);
});
// Another link in the same tab changes only the fragment, for which browsers load nothing.
addEventListener('hashchange', () => location.reload());
on(document, 'retry-link', () => exchange(JSON.parse(read(localStorage, WHO) ?? '{}')));
start();
