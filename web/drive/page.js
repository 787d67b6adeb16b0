// Setup shared by all driver pages: header, service worker, warnings about missing features.

import { read, write } from './api.js';
import { inAppBrowser } from './browser.js';
import { isUnsent } from './recordings.js';
import { clearPageCache, registerWorker } from './shell.js';
import { onClick, setText } from './ui.js';

export const SIGNED_IN = 'drive.signed_in';

export function startPage(context) {
  showWarnings(context);
  watchConnection();
  registerWorker(context);
  offerInstall();
  for (const form of document.querySelectorAll('form[data-sign-out]')) {
    form.addEventListener('submit', (event) => signOut(event, form, context));
  }
}

/** Warns at the top of the page about an in-app browser or a connection without https. */
function showWarnings({ can, texts, position }) {
  const app = inAppBrowser(navigator.userAgent, { hasTelegramProxy: 'TelegramWebviewProxy' in globalThis });
  if (app) {
    setText(document, 'in-app', texts.get('drive.in_app'));
    document.querySelector('[data-part="in-app"]')?.removeAttribute('hidden');
    onClick(document, 'copy-address', async ({ currentTarget }) => {
      await navigator.clipboard?.writeText(location.href).catch(() => {});
      currentTarget.textContent = texts.get('drive.copied');
    });
  }
  if (!can.isSecure) {
    setText(document, 'insecure', texts.get(position === 'optional' ? 'drive.insecure_file' : 'drive.insecure'));
    document.querySelector('[data-part="insecure"]')?.removeAttribute('hidden');
  }
}

/** Shows the offline tag in the header. Only a hint, because `onLine` is unreliable. */
function watchConnection() {
  const show = () => {
    for (const tag of document.querySelectorAll('[data-part="offline"]')) tag.hidden = navigator.onLine;
  };
  for (const name of ['online', 'offline', 'pageshow']) addEventListener(name, show);
  show();
}

function offerInstall() {
  addEventListener('beforeinstallprompt', (offer) => {
    offer.preventDefault();
    const button = document.querySelector('[data-do="install"]');
    if (!button) return;
    button.hidden = false;
    button.onclick = async () => {
      await offer.prompt();
      button.hidden = true;
    };
  });
}

/**
 * Signs out and deletes the driver's recordings, after a confirmation if any is unsent. Recordings of other drivers
 * are kept.
 */
async function signOut(event, form, context) {
  event.preventDefault();
  const all = (await context.store.all().catch(() => [])).filter(context.isOwn);
  if (all.some(isUnsent) && !confirm(context.texts.get('drive.signout_unsent'))) return;
  for (const recording of all) await context.discard(recording);
  await context.store.clearNotes().catch(() => {});
  write(globalThis.localStorage, SIGNED_IN, null);
  await clearPageCache();
  form.submit();
}

/**
 * Reloads once: a link from a mail or messenger opens the page without its cookie (SameSite=Strict). Returns whether it
 * reloads.
 */
export function reloadForCookie(next) {
  if (read(globalThis.localStorage, SIGNED_IN) !== 'yes') return false;
  if (read(globalThis.sessionStorage, 'drive.reloaded') === 'yes') return false;
  write(globalThis.sessionStorage, 'drive.reloaded', 'yes');
  location.replace(next);
  return true;
}
