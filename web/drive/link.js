// The page of a film link. The secret is in the URL fragment, which is not sent to proxies and link previews. It is
// exchanged for a cookie, and the page of the report replaces this address.

import { ApiError } from './api.js';
import { makeContext } from './context.js';
import { startPage } from './page.js';
import { clearPageCache, linkPage } from './shell.js';
import { onClick, screenOf, setText, showScreen } from './ui.js';
import { loadIdentity, saveIdentity } from './who.js';

const context = makeContext();
const secret = location.hash.slice(1);
const form = document.getElementById('link-who');

/** Exchanges the secret for a session. Name and phone are stated by the driver and not verified. */
async function exchange(identity) {
  const { texts, api } = context;
  showScreen('opening');
  try {
    const data = await api.send('POST', '/drive/film-link', { body: { secret, ...identity } });
    saveIdentity('film', identity);
    const page = linkPage(data.ref_key);
    await clearPageCache(page);
    location.replace(page);
  } catch (error) {
    const isOffline = !(error instanceof ApiError);
    const known = { report_closed: 'drive.closed', report_already_submitted: 'drive.link_done', not_found: 'drive.film_link_old' };
    const key = isOffline ? 'common.offline' : known[error.message];
    setText(screenOf('link-failed'), 'why', key ? texts.get(key) : error.data.message);
    screenOf('link-failed').querySelector('[data-do="retry-link"]').hidden = error.message in known;
    showScreen('link-failed');
  }
}

const values = () => ({ name: form.elements.name.value.trim(), mobile: form.elements.mobile.value.trim() });

function start() {
  startPage(context);
  const known = loadIdentity('film');
  if (secret === '') {
    setText(screenOf('link-failed'), 'why', context.texts.get('drive.film_link_old'));
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
  exchange(values());
});
// Opening another link in the same tab changes only the fragment, so browsers do not load the page.
addEventListener('hashchange', () => location.reload());
onClick(document, 'retry-link', () => exchange(values()));
start();
