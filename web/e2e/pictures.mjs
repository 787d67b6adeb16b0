// Takes the screenshots in `docs/pictures` from a running demo with videos in the queue. Film links need its public
// address:
//
//   FORTE_MEDIA__HTTP__PUBLIC_URL=http://127.0.0.1:8080 forte-media demo --reports 20 --waiting 30 &
//   FORTE_TEST_NODE_MODULES=… node web/e2e/pictures.mjs demo-data/demo.json
//
// Requires ffmpeg. Use a new data folder: the script decides reports and sends videos.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { start } from './harness.mjs';
import { vehicleOf } from './picture.mjs';
import { consolePictures, decide } from './pictures-console.mjs';
import { driverPictures } from './pictures-drive.mjs';

const demo = JSON.parse(readFileSync(process.argv[2] ?? 'demo-data/demo.json', 'utf8'));
const world = {
  base: demo.base_url,
  reviewer: demo.reviewer,
  director: demo.users[0].access_token,
  // The driver of the demo, whose codes are written to the folder of mails.
  biin: '200940026146',
  name: 'Иван',
  mobile: '87781578800',
  mail: demo.mail_dir,
  type: 'Легковой автомобиль',
  bad: fileURLToPath(new URL('../../samples/bad-truncated.mp4', import.meta.url)),
};

const browser = await start();
world.plate = await decide(browser, world, ['approve', 'approve', 'reject', 'approve']);
const vehicle = await vehicleOf(browser, world.plate.replace(/^(\d+)(\D+)(\d+)$/, '$1 $2 $3'));
const reports = await driverPictures(world, vehicle);
await consolePictures(browser, world, reports);
vehicle.remove();
await browser.close();
