// Sign-in: the form, then the one-time code from the mail.

import { ApiError, deviceId, read, write } from './api.js';
import { makeContext } from './context.js';
import { reloadForCookie, SIGNED_IN, startPage } from './page.js';
import { isFromLink, isUnsent } from './recordings.js';
import { clearPageCache, linkPage, reportPage } from './shell.js';
import { SignInForm } from './sign-in-form.js';
import { onClick, screenOf, setText, showScreen } from './ui.js';
import { saveIdentity } from './who.js';

/** Stores the second step for a reload: phones discard the page while the driver reads the mail. */
const REQUEST_KEY = 'drive.asked';
/** Milliseconds after which the service accepts another request for a code. */
const RESEND_DELAY = 60_000;

class SignInPage {
  #timer = null;

  constructor(context) {
    this.context = context;
    this.form = new SignInForm(document.getElementById('who'), context.texts);
    this.code = document.getElementById('code');
    this.form.restore(JSON.parse(read(localStorage, 'drive.who') ?? 'null'));
    this.form.form.addEventListener('submit', (event) => this.#requestCode(event));
    this.code.addEventListener('submit', (event) => this.#redeemCode(event));
    onClick(document, 'again', () => showScreen('who'));
    const request = JSON.parse(read(sessionStorage, REQUEST_KEY) ?? 'null');
    if (request && Date.now() - request.at < 600_000) this.#showCode(request);
  }

  async #requestCode(event) {
    event.preventDefault();
    const fields = this.form.check();
    if (!fields) return;
    write(localStorage, 'drive.who', JSON.stringify(fields));
    const { biin, role, name, mobile } = fields;
    const body = { role_id: role, uuid: deviceId(), FCM: '' };
    if (role === 2) Object.assign(body, { mobile, first_name: name });
    try {
      const { email } = await this.context.api.send('POST', `/biin/${biin}`, { body });
      const who = role === 2 ? { name, mobile } : null;
      const request = { biin, email, role, who, at: Date.now(), wrong: 0 };
      write(sessionStorage, REQUEST_KEY, JSON.stringify(request));
      this.#showCode(request);
    } catch (error) {
      this.form.showError(this.#messageOf(error));
    }
  }

  #showCode(request) {
    const { texts } = this.context;
    this.request = request;
    const screen = showScreen('code');
    setText(screen, 'sent-to', texts.get('drive.code_sent', { email: request.email }));
    setText(screen, 'boss', request.role === 2 ? texts.get('drive.code_boss') : '');
    this.#countDown(screen);
    this.code.elements.code.focus();
  }

  #countDown(screen) {
    clearInterval(this.#timer);
    const show = () => {
      const left = Math.ceil((this.request.at + RESEND_DELAY - Date.now()) / 1000);
      const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
      setText(screen, 'wait', left > 0 ? this.context.texts.get('drive.code_again', { t: clock }) : '');
      screen.querySelector('[data-do="again"]').hidden = left > 0;
      if (left <= 0) clearInterval(this.#timer);
    };
    this.#timer = setInterval(show, 1000);
    show();
  }

  async #redeemCode(event) {
    event.preventDefault();
    const { texts, api, next } = this.context;
    const input = this.code.elements.code;
    const code = input.value.replace(/\D/g, '');
    if (code === '') return this.#showCodeProblem(texts.get('drive.code'));
    const { biin, who } = this.request;
    try {
      await api.send('POST', '/drive/session', { body: { biin, uuid: deviceId(), code } });
      write(sessionStorage, REQUEST_KEY, null);
      write(localStorage, SIGNED_IN, 'yes');
      saveIdentity('drive', who);
      await clearPageCache();
      location.replace(next);
      return undefined;
    } catch (error) {
      return this.#showCodeProblem(this.#codeMessageOf(error));
    }
  }

  #codeMessageOf(error) {
    const { texts, attempts } = this.context;
    if (error.message === 'otp_expired') return texts.get('drive.code_old');
    if (error.message !== 'otp_invalid') return this.#messageOf(error);
    this.request.wrong++;
    write(sessionStorage, REQUEST_KEY, JSON.stringify(this.request));
    const left = attempts - this.request.wrong;
    return left > 0 ? texts.get('drive.code_bad', { n: left }) : texts.get('drive.code_old');
  }

  #showCodeProblem(text) {
    const screen = screenOf('code');
    setText(screen, 'code-problem', text);
    document.getElementById('code-summary').hidden = false;
    const input = this.code.elements.code;
    input.setAttribute('aria-invalid', 'true');
    document.getElementById('code-summary').focus();
    document.title = `${this.context.texts.get('common.error_prefix')} ${this.context.texts.get('signin.title')}`;
  }

  /** The service's message in the driver's language; without a response, that there is no network. */
  #messageOf(error) {
    const { texts } = this.context;
    return error instanceof ApiError ? error.data.message ?? texts.get('common.failed', { id: error.status }) : texts.get('common.offline');
  }
}

/** An expired film link leads to this page: says that its unsent video is still on the phone. */
async function showUnsentNotice({ store, texts, next }) {
  const all = await store.all().catch(() => []);
  const isOfNextPage = ({ refKey }) => ['/drive', reportPage(refKey), linkPage(refKey)].includes(next);
  const hasUnsent = all.some((one) => isFromLink(one) && isUnsent(one) && isOfNextPage(one));
  setText(document, 'kept', hasUnsent ? texts.get('drive.film_link_old') : '');
}

const context = makeContext();
if (!reloadForCookie(context.next)) {
  startPage(context);
  new SignInPage(context);
  showUnsentNotice(context);
}
