// SPDX-License-Identifier: LGPL-2.1-or-later
// The player page of one presentation: /<presentation>/.

import {el, setAttribute, setText} from './dom.js';
import * as format from './format.js';
import {Playback} from './playback.js';
import {ServerClock} from './server_clock.js';
import {Tile} from './tile.js';

const kPeriodMs = 1000;
const kRestartPollMs = 3000;
// Further behind than this is a viewer's own doing (pause, seek), and the button to come back appears.
const kBehindSeconds = 4;

const byId = (id) => document.getElementById(id);
const name = decodeURIComponent(location.pathname.split('/').at(-2) ?? '');
const video = byId('video');
const clock = new ServerClock('../time');
const playback = new Playback(video, 'index.m3u8');

/** A select that shows `options` ({id, label}), hidden while there is nothing to choose. */
function showChoices(field, select, options, chosen) {
  field.hidden = options.length < 2;
  const stale = options.length !== select.options.length ||
      options.some(
          ({id, label}, i) => select.options[i].value !== String(id) || select.options[i].text !== label);
  if (stale) select.replaceChildren(...options.map(({id, label}) => el('option', {value: id}, label)));
  if (select.value !== String(chosen)) select.value = chosen;
}

function stateText() {
  if (playback.state === 'waiting') return 'Waiting';
  if (playback.state === 'reconnecting') return 'Reconnecting';
  if (playback.state === 'ended') return 'Ended';
  if (playback.state === 'failed') return 'Not playable';
  if (video.paused) return 'Paused';
  return playback.engine?.live ? 'Live' : 'Playing';
}

function showState() {
  setAttribute(byId('state'), 'data-state', playback.state);
  setText(byId('state'), stateText());
  byId('notice').hidden = playback.message === '';
  video.controls = byId('notice').hidden;
  setAttribute(
      byId('notice'), 'data-busy', playback.state === 'waiting' || playback.state === 'reconnecting');
  setText(byId('notice-text'), playback.message);
  byId('notice-action').hidden = true;
  byId('unmute').hidden = !video.muted || playback.state !== 'playing';
}

function showSelections() {
  const {engine} = playback;
  byId('rendition').disabled = byId('audio').disabled = !engine;
  if (!engine) return;
  const {renditions} = engine;
  const automatic = {id: -1, label: engine.current?.height ? `Auto (${engine.current.height}p)` : 'Auto'};
  showChoices(
      byId('rendition-field'), byId('rendition'), renditions.length > 1 ? [automatic, ...renditions] : [],
      engine.rendition);
  showChoices(byId('audio-field'), byId('audio'), engine.audioTracks, engine.audioTrack);
}

class Figures {
  #latency;
  #buffer;
  #rendition;
  #stalls;
  #dropped;
  #last = {stalled: 0, dropped: 0, frames: 0, at: performance.now()};

  constructor(parent) {
    this.#latency = new Tile(parent, 'latency', 'Latency', {format: format.duration, floor: 2});
    this.#buffer = new Tile(parent, 'buffer', 'Buffer', {format: format.duration, floor: 2});
    this.#rendition = new Tile(parent, 'rendition', 'Rendition', {format: format.bandwidth, floor: 100_000});
    this.#stalls = new Tile(parent, 'stalls', 'Stalls', {format: format.duration, ceiling: 1});
    this.#dropped = new Tile(
        parent, 'dropped', 'Dropped frames', {format: (n) => `${format.count(n)} frames/s`, floor: 10});
  }

  update() {
    const {engine} = playback;
    const playing = playback.state === 'playing' || playback.state === 'reconnecting';
    this.#latency.hidden = engine?.live === false;
    this.#updateLatency(playing ? engine : null);
    this.#buffer.update(engine ? playback.bufferSeconds : null, 'ready to play');
    this.#updateRendition(playing ? engine : null);
    this.#updateLosses();
  }

  #updateLatency(engine) {
    const taken = engine?.playingTime ?? null;
    const details = [
      engine?.targetLatency && `target ${format.setting(engine.targetLatency)} from the edge`,
      video.playbackRate !== 1 && !video.paused && `at ${video.playbackRate.toFixed(2)}× speed`,
      !clock.known && 'by this device’s clock',
      engine && taken === null && 'this browser does not tell what time it shows',
    ];
    this.#latency.update(
        taken === null ? null : (clock.now() - taken) / 1000, details.filter(Boolean).join(', '));
  }

  #updateRendition(engine) {
    const current = engine?.current;
    if (!current) {
      this.#rendition.update(null);
      return;
    }
    const details = [
      current.bitrate > 0 && format.bitrate(current.bitrate),
      engine.networkEstimate > 0 && `network ${format.bitrate(engine.networkEstimate)}`,
    ];
    this.#rendition.update(
        current.bitrate || null, details.filter(Boolean).join(' · '),
        current.height ? `${current.width}×${current.height} px` : 'Audio only');
  }

  #updateLosses() {
    const {droppedVideoFrames: dropped, totalVideoFrames: frames} = video.getVideoPlaybackQuality();
    const now = {stalled: playback.stalledSeconds, dropped, frames, at: performance.now()};
    const last = this.#last;
    this.#last = now;
    const seconds = (now.at - last.at) / 1000;
    this.#stalls.update(
        now.stalled - last.stalled, `${format.duration(now.stalled)} in all`,
        format.plural(playback.stalls, 'stall'));
    // A new source starts counting at 0.
    const rate = (n) => Math.max(0, n) / seconds;
    this.#dropped.update(
        rate(dropped - last.dropped),
        `of ${format.count(frames)} · ${rate(frames - last.frames).toFixed(1)} fps decoded`,
        format.plural(dropped, 'frame'));
  }
}

function updateEdgeButton() {
  const position = playback.engine?.live ? playback.engine.livePosition : null;
  byId('edge').hidden = position === null || (position - video.currentTime < kBehindSeconds && !video.paused);
}

// An ended presentation can come back under its name: a publisher that starts again.
async function watchForRestart() {
  if (playback.state !== 'ended') return;
  try {
    const response = await fetch('../api/presentations', {cache: 'no-store'});
    const {presentations = []} = await response.json();
    const here = presentations.find((presentation) => presentation.name === name);
    if (playback.state === 'ended' && here && here.type !== 'vod' &&
        (here.state === 'live' || here.state === 'starting')) {
      playback.start();
    }
  } catch {
    // The server is away; the next turn asks again.
  }
}

setText(byId('name'), name);
document.title = `${name} · gst-origin`;
const figures = new Figures(byId('tiles'));

playback.addEventListener('change', () => {
  showState();
  showSelections();
});
playback.addEventListener('blocked', () => {
  byId('notice').hidden = false;
  setAttribute(byId('notice'), 'data-busy', false);
  setText(byId('notice-text'), 'The browser wants a click before it plays.');
  setText(byId('notice-action'), 'Play');
  byId('notice-action').hidden = false;
});
byId('notice-action').addEventListener('click', () => {
  showState();
  video.play().catch(() => {});
});
byId('unmute').addEventListener('click', () => (video.muted = false));
byId('edge').addEventListener('click', () => playback.seekToLive());
byId('rendition')
    .addEventListener('change', (event) => (playback.engine.rendition = Number(event.target.value)));
byId('audio').addEventListener(
    'change', (event) => (playback.engine.audioTrack = Number(event.target.value)));
for (const type of ['volumechange', 'pause', 'play']) video.addEventListener(type, showState);

setInterval(() => {
  playback.watch();
  figures.update();
  updateEdgeButton();
}, kPeriodMs);
setInterval(watchForRestart, kRestartPollMs);
playback.start();
