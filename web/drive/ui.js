// Screens and elements of a page. One screen is shown at a time, and its heading gets the focus.

/** Shows the `[data-screen=name]` and hides the others. */
export function showScreen(name, { focus = true } = {}) {
  let shown = null;
  for (const screen of document.querySelectorAll('[data-screen]')) {
    screen.hidden = screen.dataset.screen !== name;
    if (!screen.hidden) shown = screen;
  }
  document.body.dataset.shown = name;
  if (focus) shown?.querySelector('[tabindex="-1"]')?.focus({ preventScroll: true });
  scrollTo(0, 0);
  return shown;
}

export const screenOf = (name) => document.querySelector(`[data-screen="${name}"]`);

/** Sets the text of `[data-show=name]`; an empty text hides it. */
export function setText(root, name, text) {
  for (const element of root.querySelectorAll(`[data-show="${name}"]`)) {
    if (element.textContent !== text) element.textContent = text;
    element.hidden = text === '';
  }
}

/** Handles clicks on `[data-do=name]`, unless it is disabled. */
export function onClick(root, name, action) {
  for (const element of root.querySelectorAll(`[data-do="${name}"]`)) {
    element.addEventListener('click', (event) => {
      if (element.getAttribute('aria-disabled') === 'true') event.preventDefault();
      else action(event);
    });
  }
}

export function setDisabled(root, name, isDisabled) {
  for (const element of root.querySelectorAll(`[data-do="${name}"]`)) {
    if (isDisabled) element.setAttribute('aria-disabled', 'true');
    else element.removeAttribute('aria-disabled');
  }
}

/** Sets a line of the check list; null hides it. The state has an icon and a text, not only a colour. */
export function setCheckLine(root, name, state, text) {
  const line = root.querySelector(`[data-line="${name}"]`);
  if (!line) return;
  line.hidden = state === null;
  line.dataset.state = state ?? '';
  for (const icon of line.querySelectorAll('.icon')) icon.toggleAttribute('hidden', !icon.classList.contains(state ?? ''));
  line.querySelector('span').textContent = text;
}

/** Announces a text to screen readers, politely. */
export function announce(text) {
  const region = document.getElementById('announce');
  if (region) region.textContent = text;
}

/** Saves a video to the phone's gallery: by the share sheet, otherwise as a download. */
export async function saveToGallery(file) {
  const shared = { files: [new File([file], file.name, { type: 'video/mp4' })] };
  try {
    if (navigator.canShare?.(shared)) return await navigator.share(shared);
  } catch (error) {
    if (error.name === 'AbortError') return undefined;
  }
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return undefined;
}

/** The duration of a video in milliseconds, or null if the browser cannot determine it. */
export function durationOf(file, wait = 5000) {
  return new Promise((resolve) => {
    const video = document.createElement('video');
    const url = URL.createObjectURL(file);
    const end = (value) => {
      clearTimeout(timeout);
      video.removeAttribute('src');
      URL.revokeObjectURL(url);
      resolve(value);
    };
    const timeout = setTimeout(() => end(null), wait);
    video.preload = 'metadata';
    video.muted = true;
    video.onloadedmetadata = () => end(Number.isFinite(video.duration) ? Math.round(video.duration * 1000) : null);
    video.onerror = () => end(null);
    video.src = url;
  });
}
