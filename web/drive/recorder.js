// The state machine of a recording as a pure function, so that it can be tested without a camera.
//
//   closed → opening → ready → recording → stopping → saved
//                 ↘ denied                     ↘ empty (nothing usable was recorded)
//
// `step(state, event)` returns the next state and the commands for the page. Events carry the time.

import { remainingBudget } from './budget.js';

/** Milliseconds without a new frame after which the picture counts as frozen; the track may still be "live". */
export const FREEZE_TIMEOUT = 3000;

export function initial({ limit, nominal }) {
  return {
    phase: 'closed',
    limit,
    nominal,
    hasSound: true,
    startedAt: null,
    lastChunkAt: null,
    lastFrameAt: null,
    bytes: 0,
    savedBytes: 0,
    largestChunk: 0,
    /** Why it stopped: user, limit, ended, muted, hidden, frozen, turned, quota, failed. */
    reason: null,
    item: 0,
  };
}

/** Seconds until the recording stops at the limit. */
export function remaining(state, now) {
  return budget(state, now).seconds;
}

/** Seconds of the recording so far. */
export function elapsed(state, now) {
  return state.startedAt === null ? 0 : Math.max(0, (now - state.startedAt) / 1000);
}

export function step(state, event) {
  const apply = TRANSITIONS[state.phase]?.[event.type] ?? COMMON_TRANSITIONS[event.type];
  return apply ? apply(state, event) : [state, []];
}

function budget(state, now) {
  const { limit, bytes, largestChunk, nominal } = state;
  const sinceChunk = state.lastChunkAt === null ? 0 : Math.max(0, (now - state.lastChunkAt) / 1000);
  return remainingBudget({ limit, bytes, seconds: elapsed(state, now), sinceChunk, largestChunk, nominal });
}

const transition = (state, changes, ...commands) => [{ ...state, ...changes }, commands];

/** The recorder delivers its last chunk after a stop. */
const stop = (state, reason) =>
  transition(state, { phase: 'stopping', reason }, { type: 'stopRecorder' });

function chunk(state, { size, now }) {
  // Recorders may deliver empty chunks, especially the last one.
  if (size === 0) return [state, []];
  // A chunk ends when the picture is rotated; later chunks cannot be played.
  if (state.reason === 'turned') return [state, []];
  const bytes = state.bytes + size;
  const next = {
    ...state,
    bytes,
    lastChunkAt: now,
    largestChunk: Math.max(state.largestChunk, size),
  };
  const commands = [{ type: 'write', at: state.bytes, size }];
  if (state.phase === 'recording' && budget(next, now).isOver) {
    const [stopped, more] = stop(next, 'limit');
    return [stopped, [...commands, ...more]];
  }
  return [next, commands];
}

function tick(state, { now }) {
  if (now - state.lastFrameAt >= FREEZE_TIMEOUT) return stop(state, 'frozen');
  if (budget(state, now).isOver) return stop(state, 'limit');
  return [state, []];
}

function finishRecording(state) {
  const phase = state.savedBytes > 0 ? 'saved' : 'empty';
  return transition(state, { phase }, { type: 'closeCamera' }, { type: 'finish', reason: state.reason });
}

/** `bytes` have reached the disk. Chunks are written in order. */
const flushed = (state, { bytes }) => [
  { ...state, savedBytes: Math.max(state.savedBytes, bytes) },
  [],
];

const close = (reason) => (state) =>
  transition(state, { phase: 'closed', reason }, { type: 'closeCamera' });

const TRANSITIONS = {
  closed: {
    open: (state) => transition(state, { phase: 'opening', reason: null }, { type: 'openCamera' }),
    // The page was hidden while the camera was being opened.
    opened: (state) => transition(state, {}, { type: 'closeCamera' }),
    visible: (state) =>
      state.reason === 'hidden' ? transition(state, { phase: 'opening' }, { type: 'openCamera' }) : [state, []],
  },
  opening: {
    opened: (state, { hasSound }) => transition(state, { phase: 'ready', hasSound }),
    denied: (state, { reason }) => transition(state, { phase: 'denied', reason }),
    hidden: close('hidden'),
    cancel: close(null),
  },
  denied: {
    open: (state) => transition(state, { phase: 'opening', reason: null }, { type: 'openCamera' }),
  },
  ready: {
    start: (state, { now }) =>
      transition(
        state,
        {
          phase: 'recording',
          startedAt: now,
          lastChunkAt: now,
          lastFrameAt: now,
          bytes: 0,
          savedBytes: 0,
          largestChunk: 0,
          item: 0,
        },
        { type: 'startRecorder' },
      ),
    // On iPhones an interrupted track stays without a picture, though it claims to be live: the camera is reopened.
    hidden: close('hidden'),
    ended: (state) => transition(state, { phase: 'opening' }, { type: 'openCamera' }),
    cancel: close(null),
  },
  recording: {
    chunk,
    tick,
    frame: (state, { now }) => [{ ...state, lastFrameAt: now }, []],
    nextItem: (state) => [{ ...state, item: state.item + 1 }, []],
    stop: (state) => stop(state, 'user'),
    ended: (state) => stop(state, 'ended'),
    muted: (state) => stop(state, 'muted'),
    hidden: (state) => stop(state, 'hidden'),
    quota: (state) => stop(state, 'quota'),
    failed: (state) => stop(state, 'failed'),
    turned: (state) => stop(state, 'turned'),
    // The browser has stopped the recorder.
    stopped: (state) => transition(state, { phase: 'finishing', reason: 'ended' }, { type: 'flush' }),
  },
  stopping: {
    chunk,
    stopped: (state) => transition(state, { phase: 'finishing' }, { type: 'flush' }),
  },
  finishing: {
    chunk,
    // Chunks that were not written are lost; the written ones are complete.
    quota: finishRecording,
    failed: finishRecording,
    done: finishRecording,
  },
  saved: {},
  empty: {
    open: (state) => transition(state, { phase: 'opening', reason: null }, { type: 'openCamera' }),
  },
};

/** Transitions for phases without their own. */
const COMMON_TRANSITIONS = { flushed };
