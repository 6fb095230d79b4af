// SPDX-License-Identifier: LGPL-2.1-or-later
// The two that play live streams in the tests, asked in the same words: the player page, and hls.js as it
// comes.

import assert from 'node:assert/strict';

import {playerState, plays, settles, until, withPages} from './browser.mjs';
import {withPipeline} from './pipeline.mjs';
import {servePlainPlayer} from './plain_player.mjs';
import {segmentsAre} from './playlist.mjs';

/** The distance that parts of 500 ms ask for. */
export const kHoldBack = 1.5;
const kSegmentsBefore = 4;

class PlayerPage {
  name = 'player page';
  #page;

  constructor(page) { this.#page = page; }

  open(pipeline) { return this.#page.goto(pipeline.url('/live/')); }

  /** Plays at its distance from the live edge, and stays there. */
  settles() { return settles(this.#page, kHoldBack); }

  async latency() { return Number.parseFloat((await playerState(this.#page)).figures.latency); }

  /** What tells one run of the publisher from the next. */
  async run() {}

  /** The page starts over. */
  playsAnotherRun() {
    return until(this.#page, 'plays the new run', () => document.querySelector('video').currentTime < 1);
  }

  async returnToLive() {
    await this.#page.locator('#edge').click();
    await this.settles();
    await this.#page.locator('#edge').waitFor({state: 'hidden'});
  }

  async choose(height) {
    const labels = await this.#page.locator('#rendition option').allInnerTexts();
    await this.#page.selectOption(
        '#rendition', {label: labels.find((text) => text.startsWith(`${height}p`))});
  }

  /** Says what it plays and that nothing is wrong. */
  async assertWell() {
    const state = await playerState(this.#page);
    assert.equal(state.error, null);
    assert.equal(state.notice, '');
    assert.equal(state.state, 'Live');
    return state;
  }

  async assertUnbroken() {
    const {figures, buffered} = await this.assertWell();
    assert.equal(figures.stalls, '0 stalls');
    assert.equal(buffered.length, 1, JSON.stringify(buffered));
  }
}

/**
 * It never makes up for what starting took: on a busy machine it is told to. From then on it has no excuse.
 */
class PlainHls {
  name = 'hls.js';
  #page;
  #server;
  #started = {stalls: 0, errors: 0};

  constructor(page) { this.#page = page; }

  async open(pipeline) {
    this.#server = await servePlainPlayer(pipeline.url('/'));
    this.#page.on('close', () => this.#server.close());
    await this.#page.goto(this.#server.address(pipeline.url('/live/index.m3u8')));
  }

  async settles() {
    await plays(this.#page, 1);
    const {target, errors} = await this.#state();
    const most = kHoldBack + errors.filter(({details}) => details === 'bufferStalledError').length;
    assert.ok(target >= kHoldBack && target <= most, `${target} s from the edge, ${JSON.stringify(errors)}`);
    while (await this.latency() > target + kHoldBack) {
      await this.#page.evaluate(() => (video.currentTime = player.hls.liveSyncPosition));
      await plays(this.#page, 2);
    }
    const state = await this.#state();
    this.#started = {stalls: state.stalls, errors: state.errors.length};
  }

  async latency() { return (await this.#state()).latency; }

  /** The folder of its media. */
  run() {
    return this.#page.evaluate(() => player.hls.latestLevelDetails.fragments.at(-1).url.split('/').at(-2));
  }

  /** It goes on in the same time line. */
  playsAnotherRun(run) {
    return until(this.#page, 'plays the new run', (old) => {
      const {fragments} = player.hls.latestLevelDetails ?? {fragments: []};
      const there = fragments.find(({url}) => url.split('/').at(-2) !== old);
      return there && video.currentTime > there.start;
    }, run);
  }

  async returnToLive() {
    await this.#page.evaluate(() => (video.currentTime = player.hls.liveSyncPosition));
    await this.settles();
  }

  choose(height) {
    return this.#page.evaluate((lines) => {
      player.hls.currentLevel = player.hls.levels.findIndex((level) => level.height === lines);
    }, height);
  }

  async assertWell() {
    const state = await this.#state();
    assert.equal(state.error, null);
    assert.deepEqual(state.errors.slice(this.#started.errors).filter(({fatal}) => fatal), []);
    return state;
  }

  async assertUnbroken() {
    const {stalls, errors, buffered, largestHole} = await this.assertWell();
    assert.equal(stalls, this.#started.stalls);
    assert.deepEqual(errors.slice(this.#started.errors), []);
    // Where it is made to switch it leaves a frame out, which it takes for no hole.
    const holes = buffered.slice(1).map(([start], i) => start - buffered[i][1]);
    assert.ok(holes.every((seconds) => seconds < largestHole), JSON.stringify(buffered));
  }

  #state() {
    return this.#page.evaluate(
        () => ({
          error: video.error?.message ?? null,
          latency: player.hls.latency,
          target: player.hls.targetLatency,
          stalls: player.stalls,
          errors: player.errors,
          largestHole: player.hls.config.maxBufferHole,
          buffered: Array.from(video.buffered, (_, i) => [video.buffered.start(i), video.buffered.end(i)]),
        }));
  }
}

const kPlayers = [PlayerPage, PlainHls];
export const kPlayerCount = kPlayers.length;

/**
 * Runs `use(player, page)` for each of the players at once, in windows of one browser. A failure says whose
 * it was.
 */
export function withPlayers(use) {
  return withPages(kPlayers.map((Player) => async (page) => {
    const player = new Player(page);
    try {
      await use(player, page);
    } catch (error) {
      error.message = `${player.name}: ${error.message}`;
      throw error;
    }
  }));
}

/** The same with a stream that has been there for a while. */
export function withPlayersOf(options, use) {
  return withPipeline(options, async (pipeline) => {
    await segmentsAre(pipeline, kSegmentsBefore);
    await withPlayers((player, page) => use(player, page, pipeline));
  });
}

/** What calls `once` when it has been called so many times, and has all callers wait for that. */
export function together(count, once) {
  let missing = count;
  let begin;
  const done = new Promise((resolve) => (begin = resolve)).then(once);
  return () => {
    if (--missing === 0) begin();
    return done;
  };
}
