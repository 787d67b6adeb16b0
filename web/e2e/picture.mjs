// Helpers for the pictures of the documentation: screenshots, and a drawn vehicle as the camera picture.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { paddedVideo } from './faults.mjs';

const FOLDER = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const VEHICLE = readFileSync(new URL('vehicle.svg', import.meta.url), 'utf8');
const MAX_SIZE = 150_000;
/** A palette of 128 colours keeps the files small. */
const PALETTE = 'split[a][b];[a]palettegen=max_colors=128[p];[b][p]paletteuse=dither=none';
/** Pans from the front to the side, with a pause at each. */
const WALK = 'crop=1280:720:x=\'1700*(0.5-0.5*cos(PI*min(1,max(0,(t-LENGTH/3)/(LENGTH/3)))))\':y=0';

const ffmpeg = (...options) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...options]);

/** Saves a screenshot. */
export async function take(page, name) {
  // The pointer must not highlight a row.
  await page.mouse.move(0, 0);
  const path = `${FOLDER}${name}.png`;
  const original = `${path}.original.png`;
  await page.screenshot({ path: original, caret: 'hide' });
  ffmpeg('-i', original, '-vf', PALETTE, '-compression_level', '9', '-pred', 'none', path);
  rmSync(original);
  const { size } = statSync(path);
  if (size > MAX_SIZE) throw new Error(`${name}.png has ${size} bytes`);
  console.log(name, size);
}

/** A video of a vehicle with a plate, for the fake camera and as the file of a phone. */
export async function vehicleOf(browser, plate) {
  const folder = mkdtempSync(join(tmpdir(), 'forte-'));
  const [still, camera] = ['still.png', 'camera.mjpeg'].map((name) => join(folder, name));
  const page = await browser.newPage({ viewport: { width: 3200, height: 720 } });
  await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${VEHICLE.replace('PLATE', plate)}`);
  await page.screenshot({ path: still });
  await page.close();
  const stillInput = (seconds) => ['-loop', '1', '-framerate', '15', '-t', String(seconds), '-i', still];
  const walk = (seconds) => WALK.replaceAll('LENGTH', seconds);
  ffmpeg(...stillInput(15), '-vf', walk(15), '-r', '30', '-c:v', 'mjpeg', '-q:v', '5', '-pix_fmt', 'yuvj420p', camera);
  return {
    camera,
    /** Creates a video file with a position and a time of recording. */
    file(seconds, { place, at, isPortrait = false }) {
      const path = join(folder, isPortrait ? 'portrait.mp4' : 'landscape.mp4');
      const sound = ['-f', 'lavfi', '-t', String(seconds), '-i', 'anoisesrc=amplitude=0.01:sample_rate=44100'];
      const picture = ['-vf', walk(seconds) + (isPortrait ? ',crop=404:720:438:0' : '')];
      const codecs = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '30', '-c:a', 'aac', '-shortest'];
      const metadata = ['-metadata', `creation_time=${at.toISOString()}`, '-metadata', `location=${place}/`];
      ffmpeg(...stillInput(seconds), ...sound, ...picture, ...codecs, ...metadata, path);
      return path;
    },
    /** Copies a video file and pads it by `size` MiB. */
    larger(file, size) {
      const path = join(folder, `VID_20261127_09${size}.mp4`);
      writeFileSync(path, paddedVideo({ sample: file }, size * 2 ** 20).buffer);
      return path;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
