// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps one presentation playing: chooses the engine, lets it play what it has when the server is away,
// starts over when nothing is left, and counts what viewers suffer.

import {HlsEngine} from './hls_engine.js';
import {NativeEngine} from './native_engine.js';
import {Pace} from './pace.js';

const kFirstRetryMs = 500;
const kLastRetryMs = 5000;
// Longer than a stream's usual hiccup, shorter than a viewer's patience.
const kFrozenMs = 15_000;
// Playback may begin a little before the first buffered frame.
const kSlackSeconds = 0.1;
// A viewer at the live edge whom a stall left further behind than this goes back there. Below, playing a
// little faster makes up for it.
const kLostSeconds = 2;

const kWaiting = 'Waiting for the stream…';
const kReconnecting = 'The connection was lost. Reconnecting…';
const kNoMediaSource =
    'This browser cannot play HLS: it has neither Media Source Extensions nor a player of its own.';
const kNoHlsJs = 'This server was built without hls.js, and this browser does not play HLS by itself. ' +
    'Build gst-origin with npm installed, or open the stream’s address in another player.';

function reason({status, text}) {
  if (status === 503) return kWaiting;
  if (status === 404) return 'Nothing is published under this name. Waiting for it…';
  if (status === 0) return 'The server cannot be reached. Trying again…';
  return `The stream could not be loaded (${status || text}). Trying again…`;
}

/**
 * States: `waiting` (for the server or the publisher), `playing`, `reconnecting` (playing what is buffered),
 * `ended`, `failed` (for good). Fires `change` when the state or the choices changed.
 */
export class Playback extends EventTarget {
  state = 'waiting';
  message = kWaiting;
  stalls = 0;
  #video;
  #uri;
  #engine = null;
  #choice = {};
  #retry = 0;
  #retryMs = kFirstRetryMs;
  #failure = null;
  #wasAtEdge = false;
  #stalledMs = 0;
  #stalledAt = null;
  #played = false;
  #progress = {time: -1, at: 0};
  #pace;

  constructor(video, uri) {
    super();
    this.#video = video;
    this.#uri = uri;
    this.#pace = new Pace(video);
    video.addEventListener('loadeddata', () => this.#startAtEdge());
    video.addEventListener(
        'timeupdate',
        () => this.#pace.update(
            this.#engine?.latency ?? null, this.#engine?.targetLatency ?? null, this.bufferSeconds));
    video.addEventListener('playing', () => this.#onPlaying());
    video.addEventListener('waiting', () => this.#onStalled());
    video.addEventListener('ended', () => {
      this.#choice.position = undefined;
      this.#enter('ended', '');
    });
    video.addEventListener('seeking', () => {
      if (this.state === 'ended') this.#enter('playing', '');
    });
  }

  /** Starts, or starts over. */
  start() {
    this.#stopEngine();
    const listener = {
      changed: () => this.#changed(),
      interrupted: () => this.#onInterrupted(),
      reached: () => this.#onReached(),
      failed: (failure) => this.#onFailed(failure),
    };
    this.#progress = {time: -1, at: performance.now()};
    if (HlsEngine.supported) {
      this.#engine = new HlsEngine(this.#video, this.#uri, listener, this.#choice);
    } else if (NativeEngine.supports(this.#video)) {
      this.#engine = new NativeEngine(this.#video, this.#uri, listener);
    } else {
      this.#enter('failed', globalThis.Hls ? kNoMediaSource : kNoHlsJs);
      return;
    }
    this.#video.play().catch((error) => {
      if (error.name === 'NotAllowedError') this.dispatchEvent(new Event('blocked'));
    });
  }

  /** The engine, null while there is none. */
  get engine() { return this.#engine; }

  /** Seconds of stall so far, the present one included. */
  get stalledSeconds() {
    const now = this.#stalledAt === null ? 0 : performance.now() - this.#stalledAt;
    return (this.#stalledMs + now) / 1000;
  }

  /** Seconds that are buffered ahead of the picture. */
  get bufferSeconds() {
    const {buffered, currentTime} = this.#video;
    for (let i = 0; i < buffered.length; ++i) {
      const inside = buffered.start(i) <= currentTime + kSlackSeconds && currentTime <= buffered.end(i);
      if (inside) return buffered.end(i) - currentTime;
    }
    return 0;
  }

  /** To be called about once a second: starts over when a stream that should play stands still for long. */
  watch() {
    const video = this.#video;
    const moving = video.currentTime !== this.#progress.time;
    if (moving || video.paused || !this.#isUnderWay) {
      this.#progress = {time: video.currentTime, at: performance.now()};
    } else if (performance.now() - this.#progress.at > kFrozenMs) {
      this.#startOver(kWaiting, 0);
    }
  }

  seekToLive() {
    const position = this.#engine?.livePosition;
    if (position !== null && position !== undefined) this.#video.currentTime = position;
    this.#video.play().catch(() => {});
  }

  get #isUnderWay() { return this.state === 'playing' || this.state === 'reconnecting'; }

  get #secondsBehind() {
    return this.#engine?.live ? this.#engine.livePosition - this.#video.currentTime : 0;
  }

  // Loading the first frames took a while, and the edge has moved on.
  #startAtEdge() {
    const ahead = this.#secondsBehind;
    if (ahead > kSlackSeconds && ahead < this.bufferSeconds) this.#video.currentTime += ahead;
  }

  #onPlaying() {
    if (this.#stalledAt !== null) {
      this.#stalledMs += performance.now() - this.#stalledAt;
      this.#stalledAt = null;
      if (this.#wasAtEdge && this.#secondsBehind > kLostSeconds) this.seekToLive();
    }
    this.#played = true;
    this.#enter(this.state === 'reconnecting' ? 'reconnecting' : 'playing', '');
  }

  #onStalled() {
    if (!this.#played || this.#stalledAt !== null || this.#video.seeking || this.#video.ended) return;
    ++this.stalls;
    this.#stalledAt = performance.now();
    this.#wasAtEdge = this.#secondsBehind < kLostSeconds;
    if (this.#failure)
      this.#startOver(this.#failure, 0);
    else if (this.state === 'reconnecting')
      this.#enter('reconnecting', kReconnecting);
  }

  #onInterrupted() {
    if (this.state === 'playing') this.#enter('reconnecting', this.#stalledAt === null ? '' : kReconnecting);
  }

  #onReached() {
    this.#retryMs = kFirstRetryMs;
    this.#failure = null;
    if (this.state === 'reconnecting') this.#enter('playing', '');
  }

  #onFailed(failure) {
    clearTimeout(this.#retry);
    if (failure.final) {
      this.#stopEngine();
      this.#enter('failed', 'This browser cannot decode any rendition of this stream.');
      return;
    }
    if (!this.#isUnderWay || this.#stalledAt !== null) {
      this.#startOver(reason(failure), failure.replaced ? 0 : this.#nextRetryMs());
      return;
    }
    this.#failure = reason(failure);
    this.#enter('reconnecting', '');
    if (!failure.replaced) this.#retry = setTimeout(() => this.#engine.resume(), this.#nextRetryMs());
  }

  // Viewers who were cut off together do not come back together.
  #nextRetryMs() {
    const delay = this.#retryMs;
    this.#retryMs = Math.min(2 * delay, kLastRetryMs);
    return delay * (0.75 + 0.5 * Math.random());
  }

  #startOver(message, delayMs) {
    if (this.state === 'playing') this.#onStalled();
    // On demand the viewer goes on where the failure was; live there is only the edge.
    if (this.#engine?.live === false) this.#choice.position = this.#video.currentTime;
    this.#stopEngine();
    this.#enter('waiting', message);
    this.#retry = setTimeout(() => this.start(), delayMs);
  }

  #stopEngine() {
    clearTimeout(this.#retry);
    this.#failure = null;
    this.#engine?.destroy();
    this.#engine = null;
  }

  #enter(state, message) {
    if (this.state === state && this.message === message) return;
    this.state = state;
    this.message = message;
    this.#changed();
  }

  #changed() { this.dispatchEvent(new Event('change')); }
}
