// Detects the browser and its capabilities.

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

/** The app whose in-app browser this is, or null. In in-app browsers camera and uploads fail silently. */
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

/** Whether the engine is Chromium. On iOS every browser uses WebKit. */
export function isChromium(userAgent) {
  return /Chrom(e|ium)\//.test(userAgent) && !/\b(iPhone|iPad|iPod)\b/.test(userAgent);
}

/**
 * Available features: recording, position, and files on the disk. Over plain http browsers disable them all; the page
 * then shows one notice instead of failing at each.
 */
export function capabilities(scope) {
  const { isSecureContext, navigator } = scope;
  const media = isSecureContext && typeof navigator?.mediaDevices?.getUserMedia === 'function';
  return {
    isSecure: isSecureContext === true,
    film: media && typeof scope.MediaRecorder === 'function',
    place: isSecureContext === true && 'geolocation' in navigator,
    storeFiles: isSecureContext === true && typeof navigator?.storage?.getDirectory === 'function' && typeof scope.Worker === 'function',
  };
}

/**
 * The available ways to provide a video, best first: `recorder`, `file`, `camera` (the camera app). The camera app is
 * not offered on iOS, where it records 480×360 for web pages.
 */
export function waysToFilm({ film, hasFormat, locksOrientation, canLock, ios }) {
  const ways = [];
  if (film && hasFormat && (!locksOrientation || canLock)) ways.push('recorder');
  ways.push('file');
  if (!ios) ways.push('camera');
  return ways;
}
