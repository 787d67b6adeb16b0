// What the pictures share: taking one, and the vehicle that stands before the camera.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { large } from './trouble.mjs';

const FOLDER = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const VEHICLE = readFileSync(new URL('vehicle.svg', import.meta.url), 'utf8');
const LARGEST = 150_000;
/** 128 colours are enough for pages, and make the files small. */
const PALETTE = 'split[a][b];[a]palettegen=max_colors=128[p];[b][p]paletteuse=dither=none';
/** The camera goes from the front to the side, and stands a while before each. */
const WALK = 'crop=1280:720:x=\'1700*(0.5-0.5*cos(PI*min(1,max(0,(t-LENGTH/3)/(LENGTH/3)))))\':y=0';

const ffmpeg = (...options) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...options]);

/** Keeps the window as a picture of this name. */
export async function take(page, name) {
  // Nothing blinks, and no pointer rests on a row.
  await page.mouse.move(0, 0);
  const path = `${FOLDER}${name}.png`;
  const whole = `${path}.whole.png`;
  await page.screenshot({ path: whole, caret: 'hide' });
  ffmpeg('-i', whole, '-vf', PALETTE, '-compression_level', '9', '-pred', 'none', path);
  rmSync(whole);
  const { size } = statSync(path);
  if (size > LARGEST) throw new Error(`${name}.png has ${size} bytes`);
  console.log(name, size);
}

/** A walk around a vehicle with this plate: for the fake camera, and as the file of a phone. */
export async function vehicleOf(browser, plate) {
  const folder = mkdtempSync(join(tmpdir(), 'forte-'));
  const [still, camera] = ['still.png', 'camera.mjpeg'].map((name) => join(folder, name));
  const page = await browser.newPage({ viewport: { width: 3200, height: 720 } });
  await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${VEHICLE.replace('PLATE', plate)}`);
  await page.screenshot({ path: still });
  await page.close();
  const stillFor = (seconds) => ['-loop', '1', '-framerate', '15', '-t', String(seconds), '-i', still];
  const walk = (seconds) => WALK.replaceAll('LENGTH', seconds);
  ffmpeg(...stillFor(15), '-vf', walk(15), '-r', '30', '-c:v', 'mjpeg', '-q:v', '5', '-pix_fmt', 'yuvj420p', camera);
  return {
    camera,
    /** A file of so many seconds that was recorded at this place and time. */
    file(seconds, { place, at, isPortrait = false }) {
      const path = join(folder, isPortrait ? 'portrait.mp4' : 'landscape.mp4');
      const sound = ['-f', 'lavfi', '-t', String(seconds), '-i', 'anoisesrc=amplitude=0.01:sample_rate=44100'];
      const picture = ['-vf', walk(seconds) + (isPortrait ? ',crop=404:720:438:0' : '')];
      const codecs = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '30', '-c:a', 'aac', '-shortest'];
      const facts = ['-metadata', `creation_time=${at.toISOString()}`, '-metadata', `location=${place}/`];
      ffmpeg(...stillFor(seconds), ...sound, ...picture, ...codecs, ...facts, path);
      return path;
    },
    /** The same file with so many mebibytes more, as a phone with a better camera writes it. */
    larger(file, size) {
      const path = join(folder, `VID_20261127_09${size}.mp4`);
      writeFileSync(path, large({ sample: file }, size * 2 ** 20).buffer);
      return path;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
