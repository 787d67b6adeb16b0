// The states of a recording as a pure function, so that every stop can be tested without a camera.
//
//   closed → opening → ready → recording → stopping → saved
//                 ↘ denied                     ↘ empty (nothing usable was recorded)
//
// `step(state, event)` returns the next state and the commands for the page. Time comes with the events.

import { remainingBudget } from './budget.js';

/** Without a new frame for so long the picture has frozen, though the track may still be "live". */
export const FROZEN_AFTER = 3000;

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
    /** Why it stopped: asked, limit, ended, muted, hidden, frozen, turned, quota, failed. */
    reason: null,
    item: 0,
  };
}

/** Seconds until the recording stops itself. */
export function remaining(state, now) {
  return budget(state, now).seconds;
}

/** Seconds of the recording so far. */
export function elapsed(state, now) {
  return state.startedAt === null ? 0 : Math.max(0, (now - state.startedAt) / 1000);
}

export function step(state, event) {
  const rule = RULES[state.phase]?.[event.type] ?? ANY[event.type];
  return rule ? rule(state, event) : [state, []];
}

function budget(state, now) {
  const { limit, bytes, largestChunk, nominal } = state;
  const sinceChunk = state.lastChunkAt === null ? 0 : Math.max(0, (now - state.lastChunkAt) / 1000);
  return remainingBudget({ limit, bytes, seconds: elapsed(state, now), sinceChunk, largestChunk, nominal });
}

const transition = (state, changes, ...commands) => [{ ...state, ...changes }, commands];

/** The recorder still hands over its last piece after a stop. */
const stop = (state, reason) =>
  transition(state, { phase: 'stopping', reason }, { type: 'stopRecorder' });

function chunk(state, { size, now }) {
  // Recorders hand over empty pieces, the last one above all.
  if (size === 0) return [state, []];
  // A piece ends where the picture turns, so what follows has pictures that no player could show.
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
  if (now - state.lastFrameAt >= FROZEN_AFTER) return stop(state, 'frozen');
  if (budget(state, now).isOver) return stop(state, 'limit');
  return [state, []];
}

function recorded(state) {
  const phase = state.savedBytes > 0 ? 'saved' : 'empty';
  return transition(state, { phase }, { type: 'closeCamera' }, { type: 'finish', reason: state.reason });
}

/** `saved` is what has reached the disk; pieces are written in order, so all before it has too. */
const flushed = (state, { bytes }) => [
  { ...state, savedBytes: Math.max(state.savedBytes, bytes) },
  [],
];

const close = (reason) => (state) =>
  transition(state, { phase: 'closed', reason }, { type: 'closeCamera' });

const RULES = {
  closed: {
    open: (state) => transition(state, { phase: 'opening', reason: null }, { type: 'openCamera' }),
    // The page was hidden while the browser still asked for the camera.
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
    // A track that was interrupted stays dead on iPhones, though it says that it lives: open it anew.
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
    // The browser has stopped it by itself.
    stopped: (state) => transition(state, { phase: 'finishing', reason: 'ended' }, { type: 'flush' }),
  },
  stopping: {
    chunk,
    stopped: (state) => transition(state, { phase: 'finishing' }, { type: 'flush' }),
  },
  finishing: {
    chunk,
    // What did not reach the disk is lost; what did is whole pieces.
    quota: recorded,
    failed: recorded,
    done: recorded,
  },
  saved: {},
  empty: {
    open: (state) => transition(state, { phase: 'opening', reason: null }, { type: 'openCamera' }),
  },
};

/** Rules of every phase that has none of its own. */
const ANY = { flushed };
