import assert from 'node:assert/strict';
import test from 'node:test';

import { capabilities, inAppBrowser, isChromium, isIos, waysToFilm } from '../../drive/browser.js';
import { corrected, isWrong, offsetAtRecording, offsetOf } from '../../drive/clock.js';
import { better, degrees, fixOf, locate } from '../../drive/position.js';
import { Progress } from '../../drive/progress.js';
import { belongsTo, expired, filenameOf, latestUnsent, missingSpace, newRecording, recovered, statusOf, uploadMetadata } from '../../drive/recordings.js';
import { messageOf, terminalEventOf } from '../../drive/refusals.js';
import { backoff, hasStalled, nextStep, retryAfterOf } from '../../drive/retry.js';
import { DriveTexts, stopwatch } from '../../drive/text.js';

const LIMITS = { maxBytes: 64 * 2 ** 20 };

test('each inspection code has a text, and an unknown one is "damaged"', () => {
  const refused = (code) => messageOf({ error: 'video_refused', details: { code } }, LIMITS).key;
  assert.equal(refused('RECORDING_NOT_FINALISED'), 'refuse.not_finished');
  assert.equal(refused('BOX_BEYOND_END'), 'refuse.truncated');
  assert.equal(refused('NO_VIDEO_TRACK'), 'refuse.no_picture');
  assert.equal(refused('CODEC_UNSUPPORTED'), 'refuse.codec');
  assert.equal(refused('STSC_INVALID'), 'refuse.damaged');
  assert.equal(messageOf({ error: 'not_mp4', details: { code: 'NOT_MP4' } }, LIMITS).key, 'refuse.not_mp4');
  assert.equal(messageOf({ error: 'video_reused' }, LIMITS).key, 'refuse.reused');
  assert.deepEqual(messageOf({ error: 'file_too_large', details: {} }, LIMITS).values, { mb: 64 });
});

test('a remembered refusal has its own text', () => {
  const problem = { error: 'video_refused', details: { code: 'QUICKTIME', remembered: true } };
  const { key, code } = messageOf(problem, LIMITS);
  assert.deepEqual([key, code], ['refuse.remembered', 'QUICKTIME']);
});

test('a refused duration is part of the text', () => {
  const problem = (limit) => ({ error: 'video_refused', details: { code: 'DURATION_OUT_OF_RANGE', limit } });
  const short = messageOf(problem({ too_short: { duration_ms: 400 } }), LIMITS);
  assert.deepEqual([short.key, short.values.seconds], ['refuse.too_short', 0.4]);
  assert.equal(messageOf(problem({ too_long: { max_ms: 1_800_000 } }), LIMITS).key, 'refuse.too_long');
  const reason = { error: 'video_refused', code: 'DURATION_OUT_OF_RANGE', message: 'Видео слишком короткое: 0,4 с.', details: {} };
  assert.deepEqual([messageOf(reason, LIMITS).key, messageOf(reason, LIMITS).text], [null, reason.message]);
});

test('other problems have the message of the service', () => {
  const problem = { error: 'rate_limited', message: 'Слишком много загрузок', details: {} };
  assert.deepEqual([messageOf(problem, LIMITS).text, terminalEventOf(problem)], [problem.message, null]);
  assert.equal(terminalEventOf({ error: 'report_closed' }), 'closed');
});

test('the backoff grows to a minute, has jitter, and respects Retry-After', () => {
  const at = (failures) => backoff(failures, null, () => 0.5);
  assert.deepEqual([0, 1, 2, 5, 7, 700].map(at), [0, 1000, 2000, 15_000, 60_000, 60_000]);
  assert.equal(backoff(0, 5, () => 0), 5000);
  assert.deepEqual([backoff(7, null, () => 0), backoff(7, null, () => 1)], [45_000, 75_000]);
  assert.deepEqual(['5', '', null, '-1', '99999', 'Wed'].map(retryAfterOf), [5, null, null, null, 600, null]);
});

test('each response has its next step', () => {
  const to = (method, status, problem) => nextStep({ method, status, problem });
  assert.equal(to('HEAD', 0), 'retry');
  assert.deepEqual([404, 410, 423, 502].map((status) => to('HEAD', status)), ['restart', 'query', 'retry', 'retry']);
  assert.equal(to('PATCH', 410, { details: { code: 'NOT_MP4' } }), 'stop');
  assert.deepEqual([401, 404, 422, 429, 500].map((status) => to('POST', status)), ['token', 'stop', 'stop', 'retry', 'retry']);
  assert.deepEqual([409, 422, 415].map((status) => to('PATCH', status)), ['retry', 'stop', 'stop']);
});

test('the stall timeout is longer after the body was sent', () => {
  const stalled = (silent, isBodySent) => hasStalled({ now: silent, lastProgressAt: 0, isBodySent });
  assert.deepEqual([stalled(19_999, false), stalled(20_000, false), stalled(20_000, true), stalled(60_000, true)], [false, true, false, true]);
});

test('rate and remaining time are based on acknowledged bytes', () => {
  const progress = new Progress(1000);
  assert.deepEqual([progress.rate, progress.secondsLeft], [null, null]);
  progress.acknowledge(100, 0);
  progress.acknowledge(300, 2000);
  assert.deepEqual([progress.rate, progress.secondsLeft, progress.percent], [100, 7, 30]);
  progress.acknowledge(200, 3000);
  assert.equal(progress.rate, null, 'a lost segment resets the rate');
});

test('each quarter is announced once', () => {
  const progress = new Progress(100);
  const received = [0, 1, 24, 25, 26, 50, 99, 100].map((offset) => {
    progress.acknowledge(offset, offset * 1000);
    return progress.announcement();
  });
  assert.deepEqual(received, [0, null, null, 25, null, 50, 75, 100]);
});

test('the clock offset is computed from the Date header', () => {
  const noon = Date.parse('2026-05-13T12:00:00Z');
  const header = 'Wed, 13 May 2026 12:00:00 GMT';
  assert.equal(offsetOf(header, noon, noon + 400), 0);
  const day = offsetOf(header, noon - 86_400_000, noon - 86_400_000 + 400);
  assert.ok(Math.abs(day - 86_400_000) < 1000 && isWrong(day));
  assert.equal(offsetOf(null, 0, 1), null);
  assert.equal(isWrong(null), false);
  assert.equal(corrected(noon - 3_600_000, 3_600_000), '2026-05-13T12:00:00.000Z');
});

test('the measured offset applies to a recording unless the clock was set since', () => {
  const day = 86_400_000;
  // The clock was corrected after an earlier page had stored its offset, before the recording.
  assert.equal(offsetAtRecording(-day, 0, 5000, 5400), 0);
  // The clock was corrected after the recording.
  assert.equal(offsetAtRecording(-day, 0, 5000, 5000 + day), -day);
  // Another page has made the recording, or this page has not measured an offset.
  assert.equal(offsetAtRecording(-day, 0, undefined, 5000), -day);
  assert.equal(offsetAtRecording(-day, null, 5000, 5000), -day);
});

test('the most accurate valid position wins', () => {
  const fix = (accuracy) => fixOf({ coords: { latitude: 43.2, longitude: 76.9, accuracy }, timestamp: 1 });
  assert.equal(better(fix(50), fix(10)).accuracy, 10);
  assert.equal(better(null, fix(10)).accuracy, 10);
  assert.equal(fixOf({ coords: { latitude: NaN, longitude: 1, accuracy: 1 }, timestamp: 1 }), null);
  assert.deepEqual([43.238949, -0.0000001, 76, 1e-9].map(degrees), ['43.238949', '-0.0000001', '76', '0']);
});

test('positions are read until one is accurate enough', async () => {
  const received = [];
  let cleared = false;
  const geolocation = {
    watchPosition(statusOf) {
      queueMicrotask(() => {
        for (const accuracy of [90, 200, 20]) statusOf({ coords: { latitude: 43, longitude: 77, accuracy }, timestamp: 0 });
      });
      return 5;
    },
    clearWatch: (id) => (cleared = id === 5),
  };
  const best = await locate(geolocation, { onBetter: ({ accuracy }) => received.push(accuracy) });
  assert.deepEqual([best.accuracy, received, cleared], [20, [90, 20], true]);
  const denied = { watchPosition: (_, failed) => void queueMicrotask(() => failed({ code: 1 })), clearWatch() {} };
  await assert.rejects(locate(denied), /denied/);
  await assert.rejects(locate(undefined), /unavailable/);
});

test('the status of a stored recording depends on its lock and file', () => {
  const one = newRecording({ id: '1', state: 'recording', size: 1000, durationMs: 8000 });
  assert.equal(statusOf(one, { isHeld: true, fileSize: 1 }), 'live');
  assert.equal(statusOf(one, { isHeld: false, fileSize: 1 }), 'crashed');
  assert.equal(statusOf(one, { isHeld: false, fileSize: 0 }), 'empty');
  assert.equal(statusOf({ ...one, state: 'ready' }, { isHeld: false, fileSize: 0 }), 'lost');
  assert.equal(statusOf({ ...one, file: 'memory' }, { isHeld: false, fileSize: 0 }), 'lost');
  assert.equal(statusOf({ ...one, state: 'sending' }, { isHeld: false, fileSize: 9 }), 'sending');
  const saved = recovered(one, 750);
  assert.deepEqual([saved.state, saved.size, saved.durationMs], ['ready', 750, 6000]);
});

test('the latest unsent recording of a report is found, and belongs to its driver', () => {
  const of = (id, refKey, state, recordedAt, owner) => newRecording({ id, refKey, state, recordedAt, owner });
  const all = [of('1', 'a', 'ready', 1), of('2', 'a', 'ready', 2), of('3', 'a', 'sent', 3), of('4', 'b', 'ready', 9)];
  assert.equal(latestUnsent(all, 'a').id, '2');
  assert.equal(latestUnsent(all, 'c'), null);
  assert.equal(belongsTo(of('5', 'a', 'ready', 1, 'me'), { owner: 'you' }), false);
  // Another link for the same report has another owner.
  assert.equal(belongsTo(of('6', 'a', 'ready', 1, '-7'), { owner: '-8' }), true);
  assert.equal(belongsTo(of('6', 'a', 'ready', 1, '-7'), { owner: '5' }, false), false);
  const day = 86_400_000;
  const old = [{ ...all[2], finishedAt: 0 }, { ...all[0], state: 'refused', finishedAt: 0 }, all[1]];
  assert.deepEqual(expired(old, 2 * day).map(({ id }) => id), ['1']);
  assert.deepEqual(expired(old, 8 * day).map(({ id }) => id), ['3', '1']);
});

test('the metadata of an upload contains position and time of the recording', () => {
  const place = { lat: 43.238949, long: 76.889709, accuracy: 5 };
  const recording = newRecording({ refKey: 'r', filename: 'a.mp4', place, recordedAt: 1_000_000, clockOffset: 2000 });
  const details = uploadMetadata(recording, { now: 5_000_000, offset: 1000, corrected, degrees });
  assert.deepEqual(details, {
    ref_key: 'r',
    time_sent: new Date(5_001_000).toISOString(),
    filename: 'a.mp4',
    filetype: 'video/mp4',
    lat: '43.238949',
    long: '76.889709',
    recorded_at: new Date(1_002_000).toISOString(),
  });
  const picked = newRecording({ refKey: 'r', filename: 'a.mov', source: 'picked', recordedAt: 1 });
  const less = uploadMetadata(picked, { now: 0, offset: null, corrected, degrees });
  assert.ok(!('lat' in less) && !('recorded_at' in less));
});

test('missing storage is computed, and file names are derived from the plate', () => {
  assert.equal(missingSpace({}, 100), 0);
  assert.equal(missingSpace({ quota: 10 ** 9, usage: 0 }, 64 * 2 ** 20), 0);
  assert.ok(missingSpace({ quota: 10 ** 7, usage: 0 }, 64 * 2 ** 20) > 5 * 10 ** 7);
  assert.match(filenameOf('417 KZT 02', Date.UTC(2026, 4, 13, 5)), /^417KZT02_202605\d\d_\d{4}\.mp4$/);
  assert.match(filenameOf('<script>', 0), /^script_/);
});

test('in-app browsers are distinguished from real ones', () => {
  const chrome = 'Mozilla/5.0 (Linux; Android 14; SM-A546E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36';
  const safari = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';
  assert.deepEqual([chrome, safari].map((agent) => inAppBrowser(agent)), [null, null]);
  assert.equal(inAppBrowser(chrome, { hasTelegramProxy: true }), 'Telegram');
  assert.equal(inAppBrowser(chrome.replace('Android 14;', 'Android 14; wv)')), 'app');
  assert.equal(inAppBrowser(`${safari} Instagram 300.0`), 'Instagram');
  assert.equal(inAppBrowser(safari.replace(/ Safari.*/, '')), 'app');
  assert.deepEqual([isIos(safari), isIos(chrome), isIos('Macintosh', 5), isIos('Macintosh', 0)], [true, false, true, false]);
  assert.deepEqual([isChromium(chrome), isChromium(safari), isChromium(safari.replace('Version', 'CriOS'))], [true, false, false]);
});

test('no capabilities are available over plain http', () => {
  const scope = { isSecureContext: false, navigator: { geolocation: {} } };
  assert.deepEqual(capabilities(scope), { isSecure: false, film: false, place: false, storeFiles: false });
  const all = { film: true, hasFormat: true, locksOrientation: false, canLock: false, ios: false };
  assert.deepEqual(waysToFilm(all), ['recorder', 'file', 'camera']);
  assert.deepEqual(waysToFilm({ ...all, ios: true }), ['recorder', 'file']);
  assert.deepEqual(waysToFilm({ ...all, locksOrientation: true }), ['file', 'camera']);
});

test('numbers are formatted for the language', () => {
  const rows = { 'unit.mb': '{n} МБ', 'unit.mbs': '{n} МБ/с', 'unit.s': '{n} с', 'unit.min': '{n} мин', 'unit.h': '{n} ч', 'unit.m': '{n} м', 'unit.km': '{n} км', 'refuse.too_short': 'Короткое: {t}' };
  const texts = new DriveTexts(rows, 'ru');
  assert.equal(texts.size(40_265_318), '38,4 МБ');
  assert.equal(texts.size(64 * 2 ** 20), '64 МБ');
  assert.deepEqual([0, 1, 14_000].map((bytes) => texts.size(bytes)), ['0 МБ', '0,01 МБ', '0,01 МБ']);
  assert.equal(texts.rate(20_000), '0,02 МБ/с');
  assert.deepEqual([0, 0.4, 13, 60, 90, 3600, 7500].map((s) => texts.duration(s)), ['0 с', '0,4 с', '13 с', '1 мин', '1 мин 30 с', '1 ч', '2 ч 5 мин']);
  assert.deepEqual([740, 12_340].map((m) => texts.distance(m)), ['740 м', '12,3 км']);
  assert.equal(texts.refusal({ key: 'refuse.too_short', values: { seconds: 0.4 } }), 'Короткое: 0,4 с');
  assert.deepEqual([0, 42.9, 725].map(stopwatch), ['0:00', '0:42', '12:05']);
  assert.equal(texts.percent(62), '62\u00a0%');
});
