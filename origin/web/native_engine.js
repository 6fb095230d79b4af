// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays through the browser's own HLS, where there are no Media Source Extensions (or no hls.js). The same
// interface as hls_engine.js; renditions are the browser's business.

import {language} from './format.js';

export class NativeEngine {
  #video;
  #stop = new AbortController();

  static supports(video) { return video.canPlayType('application/vnd.apple.mpegurl') !== ''; }

  constructor(video, uri, listener) {
    this.#video = video;
    const on = (target, type, handler) =>
        target?.addEventListener(type, handler, {signal: this.#stop.signal});
    on(video, 'error',
       () => listener.failed({status: 0, text: video.error?.message ?? '', final: false, replaced: false}));
    on(video, 'loadedmetadata', () => listener.reached());
    for (const type of ['loadedmetadata', 'resize']) on(video, type, () => listener.changed());
    for (const type of ['addtrack', 'change']) on(video.audioTracks, type, () => listener.changed());
    video.src = uri;
  }

  destroy() {
    this.#stop.abort();
    this.#video.removeAttribute('src');
    this.#video.load();
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
    return videoHeight ? {width: videoWidth, height: videoHeight, bitrate: 0} : null;
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
