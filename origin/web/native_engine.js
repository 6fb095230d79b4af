// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays through the browser's own HLS, where there are no Media Source Extensions (or no hls.js). The same
// interface as hls_engine.js; renditions are the browser's business.

import {language} from './format.js';

const kWatchMs = 1000;
// Longer than an answer takes that is held until there is one.
const kPatienceMs = 5000;

// Bits per second of each resolution that a multivariant playlist offers: "1280x720" -> 2500000.
function readBitrates(playlist) {
  const bitrates = new Map();
  for (const [, attributes] of playlist.matchAll(/^#EXT-X-STREAM-INF:(.*)$/gm)) {
    const resolution = attributes.match(/RESOLUTION=(\d+x\d+)/)?.[1];
    const bitrate = attributes.match(/AVERAGE-BANDWIDTH=(\d+)/) ?? attributes.match(/BANDWIDTH=(\d+)/);
    if (resolution && bitrate) bitrates.set(resolution, Number(bitrate[1]));
  }
  return bitrates;
}

export class NativeEngine {
  #video;
  #uri;
  #listener;
  #stop = new AbortController();
  #watch;
  #position = 0;
  #asking = null;
  #bitrates = new Map();

  static supports(video) { return video.canPlayType('application/vnd.apple.mpegurl') !== ''; }

  constructor(video, uri, listener) {
    this.#video = video;
    this.#uri = uri;
    this.#listener = listener;
    const on = (target, type, handler) =>
        target?.addEventListener(type, handler, {signal: this.#stop.signal});
    on(video, 'error', () => this.#onError(video.error?.message ?? ''));
    on(video, 'loadedmetadata', () => {
      listener.reached();
      this.#ask();
    });
    for (const type of ['loadedmetadata', 'resize']) on(video, type, () => listener.changed());
    for (const type of ['addtrack', 'change']) on(video.audioTracks, type, () => listener.changed());
    this.#watch = setInterval(() => this.#lookWhetherItMoves(), kWatchMs);
    video.src = uri;
  }

  destroy() {
    clearInterval(this.#watch);
    this.#stop.abort();
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  // The status of the multivariant playlist, 0 if nobody answers. One request at a time.
  #ask() {
    this.#asking ??= this.#fetchPlaylist().finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #fetchPlaylist() {
    const impatience = new AbortController();
    const timer = setTimeout(() => impatience.abort(), kPatienceMs);
    this.#stop.signal.addEventListener('abort', () => impatience.abort(), {once: true});
    try {
      const response = await fetch(this.#uri, {cache: 'no-store', signal: impatience.signal});
      if (response.ok) this.#bitrates = readBitrates(await response.text());
      return response.status;
    } catch {
      return 0;
    } finally {
      clearTimeout(timer);
    }
  }

  // The browser keeps to itself why it failed.
  async #onError(text) {
    const status = await this.#ask();
    if (this.#stop.signal.aborted) return;
    this.#listener.failed({status: status === 200 ? null : status, text, final: false, replaced: false});
  }

  // Nor does it tell that its requests fail while it goes on trying.
  async #lookWhetherItMoves() {
    const {currentTime, paused, ended, seeking, error, readyState} = this.#video;
    const moved = currentTime > this.#position;
    this.#position = currentTime;
    if (moved) {
      this.#listener.reached();
      return;
    }
    // What has not begun is waited for anyway.
    const stands = readyState > 0 && !paused && !ended && !seeking && !error;
    if (!stands || this.#asking) return;
    const status = await this.#ask();
    if (this.#stop.signal.aborted || this.#video.currentTime > currentTime) return;
    if (status === 200)
      this.#listener.reached();
    else
      this.#listener.interrupted();
  }

  resume() {
    this.#video.load();
    this.#video.play().catch(() => {});
  }

  get live() { return this.#video.readyState === 0 ? null : this.#video.duration === Infinity; }

  get playingTime() {
    const start = this.#video.getStartDate?.().getTime();
    return Number.isFinite(start) ? start + 1000 * this.#video.currentTime : null;
  }

  get livePosition() {
    const {seekable} = this.#video;
    return this.live && seekable.length ? seekable.end(seekable.length - 1) : null;
  }

  get latency() { return null; }

  get targetLatency() { return null; }

  get networkEstimate() { return 0; }

  get current() {
    const {videoWidth, videoHeight} = this.#video;
    const bitrate = this.#bitrates.get(`${videoWidth}x${videoHeight}`) ?? 0;
    return videoHeight ? {width: videoWidth, height: videoHeight, bitrate} : null;
  }

  get renditions() { return []; }

  get rendition() { return -1; }

  get audioTracks() {
    return [...(this.#video.audioTracks ?? [])].map(
        (track, id) => ({id, label: track.label || language(track.language) || `Audio ${id + 1}`}));
  }

  get audioTrack() { return [...(this.#video.audioTracks ?? [])].findIndex((track) => track.enabled); }

  set audioTrack(id) {
    [...this.#video.audioTracks].forEach((track, index) => (track.enabled = index === id));
  }
}
