// Signing in: who, then the code from the letter.

import { ApiError, deviceId, read, write } from './api.js';
import { makeContext } from './context.js';
import { reloadForCookie, SIGNED_IN, startPage } from './page.js';
import { isFromLink, isUnsent } from './recordings.js';
import { clearPageCache, linkPage, reportPage } from './shell.js';
import { SignInForm } from './sign-in-form.js';
import { onClick, setText, screenOf, showScreen } from './ui.js';
import { saveIdentity } from './who.js';

/** The second step survives a reload: phones drop the page while the driver reads the letter. */
const ASKED = 'drive.asked';
/** The service takes a new code at most every so often; before that it only says no. */
const AGAIN_AFTER = 60_000;

class SignInPage {
  #timer = null;

  constructor(context) {
    this.context = context;
    this.who = new SignInForm(document.getElementById('who'), context.texts);
    this.code = document.getElementById('code');
    this.who.restore(JSON.parse(read(localStorage, 'drive.who') ?? 'null'));
    this.who.form.addEventListener('submit', (event) => this.#ask(event));
    this.code.addEventListener('submit', (event) => this.#enter(event));
    onClick(document, 'again', () => showScreen('who'));
    const asked = JSON.parse(read(sessionStorage, ASKED) ?? 'null');
    if (asked && Date.now() - asked.at < 600_000) this.#showCode(asked);
  }

  async #ask(event) {
    event.preventDefault();
    const fields = this.who.check();
    if (!fields) return;
    write(localStorage, 'drive.who', JSON.stringify(fields));
    const { biin, role, name, mobile } = fields;
    const body = { role_id: role, uuid: deviceId(), FCM: '' };
    if (role === 2) Object.assign(body, { mobile, first_name: name });
    try {
      const { email } = await this.context.api.send('POST', `/biin/${biin}`, { body });
      const who = role === 2 ? { name, mobile } : null;
      const asked = { biin, email, role, who, at: Date.now(), wrong: 0 };
      write(sessionStorage, ASKED, JSON.stringify(asked));
      this.#showCode(asked);
    } catch (error) {
      this.who.fail(this.#messageOf(error));
    }
  }

  #showCode(asked) {
    const { texts } = this.context;
    this.asked = asked;
    const screen = showScreen('code');
    setText(screen, 'sent-to', texts.get('drive.code_sent', { email: asked.email }));
    setText(screen, 'boss', asked.role === 2 ? texts.get('drive.code_boss') : '');
    this.#countDown(screen);
    this.code.elements.code.focus();
  }

  #countDown(screen) {
    clearInterval(this.#timer);
    const show = () => {
      const left = Math.ceil((this.asked.at + AGAIN_AFTER - Date.now()) / 1000);
      const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
      setText(screen, 'wait', left > 0 ? this.context.texts.get('drive.code_again', { t: clock }) : '');
      screen.querySelector('[data-do="again"]').hidden = left > 0;
      if (left <= 0) clearInterval(this.#timer);
    };
    this.#timer = setInterval(show, 1000);
    show();
  }

  async #enter(event) {
    event.preventDefault();
    const { texts, api, next } = this.context;
    const input = this.code.elements.code;
    const code = input.value.replace(/\D/g, '');
    if (code === '') return this.#wrong(texts.get('drive.code'));
    const { biin, who } = this.asked;
    try {
      await api.send('POST', '/drive/session', { body: { biin, uuid: deviceId(), code } });
      write(sessionStorage, ASKED, null);
      write(localStorage, SIGNED_IN, 'yes');
      saveIdentity('drive', who);
      await clearPageCache();
      location.replace(next);
      return undefined;
    } catch (error) {
      return this.#wrong(this.#codeProblem(error));
    }
  }

  #codeProblem(error) {
    const { texts, attempts } = this.context;
    if (error.message === 'otp_expired') return texts.get('drive.code_old');
    if (error.message !== 'otp_invalid') return this.#messageOf(error);
    this.asked.wrong++;
    write(sessionStorage, ASKED, JSON.stringify(this.asked));
    const left = attempts - this.asked.wrong;
    return left > 0 ? texts.get('drive.code_bad', { n: left }) : texts.get('drive.code_old');
  }

  #wrong(text) {
    const screen = screenOf('code');
    setText(screen, 'code-problem', text);
    document.getElementById('code-summary').hidden = false;
    const input = this.code.elements.code;
    input.setAttribute('aria-invalid', 'true');
    document.getElementById('code-summary').focus();
    document.title = `${this.context.texts.get('common.error_prefix')} ${this.context.texts.get('signin.title')}`;
  }

  /** The service says in the driver's language what is wrong; without an answer there is no network. */
  #messageOf(error) {
    const { texts } = this.context;
    return error instanceof ApiError ? error.data.message ?? texts.get('common.failed', { id: error.status }) : texts.get('common.offline');
  }
}

/** The page of a film link that has ended leads here: what was filmed is still on the phone. */
async function sayKept({ store, texts, next }) {
  const all = await store.all().catch(() => []);
  const isMeant = ({ refKey }) => ['/drive', reportPage(refKey), linkPage(refKey)].includes(next);
  const isKept = all.some((one) => isFromLink(one) && isUnsent(one) && isMeant(one));
  setText(document, 'kept', isKept ? texts.get('drive.film_link_old') : '');
}

const context = makeContext();
if (!reloadForCookie(context.next)) {
  startPage(context);
  new SignInPage(context);
  sayKept(context);
}
