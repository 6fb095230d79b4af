// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps one presentation playing: chooses the engine, starts over when it fails, and counts what viewers
// suffer.

import {HlsEngine} from './hls_engine.js';
import {NativeEngine} from './native_engine.js';

const kRetryMs = 1500;
// Longer than a stream's usual hiccup, shorter than a viewer's patience.
const kFrozenMs = 15_000;
// Playback may begin a little before the first buffered frame.
const kSlackSeconds = 0.1;

const kWaiting = 'Waiting for the stream…';
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
 * States: `waiting` (for the server or the publisher), `playing`, `ended`, `failed` (for good). Fires
 * `change` when the state or the choices changed.
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
  #stalledMs = 0;
  #stalledAt = null;
  #played = false;
  #progress = {time: -1, at: 0};

  constructor(video, uri) {
    super();
    this.#video = video;
    this.#uri = uri;
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
    clearTimeout(this.#retry);
    this.#stopEngine();
    const listener = {changed: () => this.#changed(), failed: (failure) => this.#onFailed(failure)};
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
    if (moving || video.paused || this.state !== 'playing') {
      this.#progress = {time: video.currentTime, at: performance.now()};
    } else if (performance.now() - this.#progress.at > kFrozenMs) {
      this.#startOver(kWaiting);
    }
  }

  seekToLive() {
    const position = this.#engine?.livePosition;
    if (position !== null && position !== undefined) this.#video.currentTime = position;
    this.#video.play().catch(() => {});
  }

  #onPlaying() {
    if (this.#stalledAt !== null) this.#stalledMs += performance.now() - this.#stalledAt;
    this.#stalledAt = null;
    this.#played = true;
    this.#enter('playing', '');
  }

  #onStalled() {
    if (!this.#played || this.#stalledAt !== null || this.#video.seeking || this.#video.ended) return;
    ++this.stalls;
    this.#stalledAt = performance.now();
  }

  #onFailed(failure) {
    if (failure.final) {
      this.#stopEngine();
      this.#enter('failed', 'This browser cannot decode any rendition of this stream.');
      return;
    }
    this.#startOver(reason(failure));
  }

  #startOver(message) {
    if (this.state === 'playing') this.#onStalled();
    // On demand the viewer goes on where the failure was; live there is only the edge.
    if (this.#engine?.live === false) this.#choice.position = this.#video.currentTime;
    this.#stopEngine();
    this.#enter('waiting', message);
    this.#retry = setTimeout(() => this.start(), kRetryMs);
  }

  #stopEngine() {
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
