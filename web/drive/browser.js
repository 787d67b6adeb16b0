// What kind of browser this is, where it matters.

const IN_APP = [
  ['Telegram', /Telegram|TelegramBot/i],
  ['WhatsApp', /WhatsApp/i],
  ['Instagram', /Instagram/i],
  ['Facebook', /FBAN|FBAV|FB_IAB|FB4A/],
  ['VK', /VKAndroidApp|VKClient|vkShare/i],
  ['Line', /\bLine\//],
  ['TikTok', /TikTok|musical_ly|Bytedance/i],
  ['Viber', /Viber/i],
];

/** The app whose built-in browser this is, or null. Their cameras and uploads fail silently. */
export function inAppBrowser(userAgent, { hasTelegramProxy = false } = {}) {
  if (hasTelegramProxy) return 'Telegram';
  for (const [name, pattern] of IN_APP) {
    if (pattern.test(userAgent)) return name;
  }
  // Android's WebView says `; wv)`. On iOS a WebView lacks `Safari/`.
  if (/; wv\)/.test(userAgent)) return 'app';
  if (/\b(iPhone|iPad|iPod)\b/.test(userAgent) && !/Safari\//.test(userAgent)) return 'app';
  return null;
}

/** iPads call themselves Macs, but have a touch screen. */
export function isIos(userAgent, maxTouchPoints = 0) {
  return /\b(iPhone|iPad|iPod)\b/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1);
}

/** Chromium and what is built on it; on iOS every browser is WebKit. */
export function isChromium(userAgent) {
  return /Chrom(e|ium)\//.test(userAgent) && !/\b(iPhone|iPad|iPod)\b/.test(userAgent);
}

/**
 * What this page can do: film, place, keep. Over plain http browsers hide these, and the page says so instead
 * of failing one by one.
 */
export function abilities(scope) {
  const { isSecureContext, navigator } = scope;
  const media = isSecureContext && typeof navigator?.mediaDevices?.getUserMedia === 'function';
  return {
    isSecure: isSecureContext === true,
    film: media && typeof scope.MediaRecorder === 'function',
    place: isSecureContext === true && 'geolocation' in navigator,
    keep: isSecureContext === true && typeof navigator?.storage?.getDirectory === 'function' && typeof scope.Worker === 'function',
  };
}

/**
 * The ways to a video, the best first: recorder, file, camera. The camera app is not offered on iOS, where it
 * films 480×360 for a page.
 */
export function waysToFilm({ film, hasFormat, locksOrientation, canLock, ios }) {
  const ways = [];
  if (film && hasFormat && (!locksOrientation || canLock)) ways.push('recorder');
  ways.push('file');
  if (!ios) ways.push('camera');
  return ways;
}
