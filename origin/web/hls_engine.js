// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays through hls.js and Media Source Extensions. One instance is one attempt at one run of a publisher:
// after `failed` it plays what it has buffered, and may be asked to `resume` loading unless the run is over.

import {bitrate, language} from './format.js';

// The server holds requests for what is about to exist: a first playlist for a whole GOP, a reload for a
// part.
const kHeldLoad = {
  maxTimeToFirstByteMs: 30_000,
  maxLoadTimeMs: 60_000,
  timeoutRetry: {maxNumRetry: 1, retryDelayMs: 0, maxRetryDelayMs: 0},
  errorRetry: {maxNumRetry: 2, retryDelayMs: 500, maxRetryDelayMs: 2000},
};

const kConfig = {
  lowLatencyMode: true,
  // Fragmented MP4 needs no transmuxing: a worker saves nothing and would need `worker-src blob:` in the
  // page's policy.
  enableWorker: false,
  // What is behind stays until the browser needs the room: where hls.js (1.7.4) removes it while a part is being
  // appended, it forgets having loaded the segment's other parts, and stalls until they have left the playlist.
  backBufferLength: Infinity,
  manifestLoadPolicy: {default: {...kHeldLoad, errorRetry: null}},
  playlistLoadPolicy: {default: kHeldLoad},
};

const kMediaRecoveries = 3;
// A presentation that is no longer than this many target durations has only just begun.
const kYoungTargets = 3;
const kPlaylistErrors =
    ['LEVEL_LOAD_ERROR', 'LEVEL_LOAD_TIMEOUT', 'AUDIO_TRACK_LOAD_ERROR', 'AUDIO_TRACK_LOAD_TIMEOUT'];

function renditionLabel(level) {
  const name = level.height ? `${Math.min(level.width || level.height, level.height)}p` : 'Audio only';
  return `${name}, ${bitrate(level.bitrate)}`;
}

// A stream that starts again has its bitrates measured anew.
function nearestLevel(levels, {height, bitrate: bits}) {
  const distance = (level) => Math.abs(level.height - height) * 1e9 + Math.abs(level.bitrate - bits);
  return levels.reduce((best, level, i) => (distance(level) < distance(levels[best]) ? i : best), 0);
}

export class HlsEngine {
  #hls;
  #video;
  #listener;
  #choice;
  #recoveries = 0;
  #newest = null;

  static get supported() { return Boolean(globalThis.Hls?.isSupported()); }

  /**
   * `listener` has changed(), interrupted() when a playlist did not come and is tried again, reached() when
   * one came, and failed({status, text, final, replaced}) when nothing more is loaded; `replaced` if another
   * run of the publisher is there, which has nothing in common with this one. The viewer's choices are kept
   * in `choice`.
   */
  constructor(video, uri, listener, choice) {
    const {Events} = globalThis.Hls;
    const hls = new globalThis.Hls({...kConfig, startPosition: choice.position ?? -1});
    this.#hls = hls;
    this.#video = video;
    this.#listener = listener;
    this.#choice = choice;
    hls.on(Events.ERROR, (_, data) => this.#onError(data));
    hls.on(Events.LEVEL_UPDATED, (_, {details}) => this.#onPlaylist(details));
    hls.on(Events.MANIFEST_PARSED, () => {
      if (choice.audio) hls.setAudioOption(choice.audio);
      if (choice.rendition) hls.currentLevel = nearestLevel(hls.levels, choice.rendition);
      listener.changed();
    });
    const {LEVEL_SWITCHED, LEVELS_UPDATED, AUDIO_TRACKS_UPDATED, AUDIO_TRACK_SWITCHED} = Events;
    const changes = [LEVEL_SWITCHED, LEVELS_UPDATED, AUDIO_TRACKS_UPDATED, AUDIO_TRACK_SWITCHED];
    for (const event of changes) hls.on(event, () => listener.changed());
    hls.loadSource(uri);
    hls.attachMedia(video);
  }

  destroy() { this.#hls.destroy(); }

  /** Loads again after `failed`, from where the picture is. */
  resume() { this.#hls.startLoad(); }

  /** null while not known. */
  get live() { return this.#hls.latestLevelDetails?.live ?? null; }

  /**
   * When the picture on screen was taken by PROGRAM-DATE-TIME, in milliseconds since 1970; null if not
   * known.
   */
  get playingTime() { return this.#hls.playingDate?.getTime() ?? null; }

  /** Seconds on the media timeline where a viewer at the live edge should be; null if not known. */
  get livePosition() { return this.#hls.liveSyncPosition ?? null; }

  /** Seconds that the picture is behind the playlist's end; null if not known, or not live. */
  get latency() { return this.live ? this.#hls.latency : null; }

  /** Seconds that the player wants to stay behind the playlist's end; null if not known. */
  get targetLatency() { return this.#hls.targetLatency; }

  get networkEstimate() { return this.#hls.bandwidthEstimate; }

  /** What is on screen: {width, height, bitrate}, or null. */
  get current() {
    const level = this.#hls.levels?.[this.#hls.currentLevel];
    if (!level) return null;
    const {width, height, bitrate: bits} = level;
    return {width, height, bitrate: bits};
  }

  get renditions() {
    return (this.#hls.levels ?? []).map((level, id) => ({id, label: renditionLabel(level)})).reverse();
  }

  /** The id chosen by hand, -1 for automatic. */
  get rendition() { return this.#hls.autoLevelEnabled ? -1 : this.#hls.manualLevel; }

  set rendition(id) {
    this.#hls.nextLevel = id;
    const level = this.#hls.levels[id];
    this.#choice.rendition = level && {height: level.height, bitrate: level.bitrate};
    this.#listener.changed();
  }

  get audioTracks() {
    // A rendition must have a name, and one without any is named after its language.
    return this.#hls.audioTracks.map(
        ({name, lang}, id) => ({id, label: name === lang ? language(lang) : name}));
  }

  get audioTrack() { return this.#hls.audioTrack; }

  set audioTrack(id) {
    this.#hls.audioTrack = id;
    const {lang, name} = this.#hls.audioTracks[id];
    this.#choice.audio = {lang, name};
  }

  // A server that lost its memory goes on with other names. Between the two runs media is missing, and the
  // next one may have other tracks.
  #onPlaylist(details) {
    const {fragments, live} = details;
    const known = this.#newest && fragments.find(({sn}) => sn === this.#newest.sn);
    const replaced = known ? known.relurl !== this.#newest.relurl : details.startSN > this.#newest?.sn;
    if (live && replaced) {
      this.#hls.stopLoad();
      this.#listener.failed({status: 0, text: 'replaced', final: false, replaced});
      return;
    }
    this.#newest = fragments.at(-1);
    this.#listener.reached();
  }

  #onError(data) {
    const {ErrorTypes, ErrorDetails} = globalThis.Hls;
    if (!data.fatal) {
      if (data.details === ErrorDetails.BUFFER_STALLED_ERROR) this.#forgiveFirstStalls();
      if (kPlaylistErrors.some((name) => data.details === ErrorDetails[name])) this.#listener.interrupted();
      return;
    }
    const incompatible = data.details === ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR;
    if (data.type === ErrorTypes.MEDIA_ERROR && !incompatible && this.#recoveries++ < kMediaRecoveries) {
      this.#hls.recoverMediaError();
      this.#video.play().catch(() => {});
      return;
    }
    const status = data.response?.code ?? 0;
    this.#listener.failed({status, text: data.details, final: incompatible, replaced: false});
  }

  // hls.js stays further behind after each stall, for good. But who comes with a stream's first segment
  // stalls since there is less of it yet than its hold-back, and not because the network is slow.
  #forgiveFirstStalls() {
    const details = this.#hls.latestLevelDetails;
    if (!details?.live || details.totalduration > kYoungTargets * details.targetduration) return;
    this.#hls.targetLatency = details.partHoldBack || details.holdBack;
  }
}
