// SPDX-License-Identifier: LGPL-2.1-or-later
// Low-Latency HLS in hls.js, with the defaults of the element and of the player page.

import assert from 'node:assert/strict';
import test from 'node:test';

import {playerState, plays, settles, until, withPage} from '../lib/browser.mjs';
import {clockVideo, quantile, shown, watchGlass} from '../lib/glass.mjs';
import {withPipeline} from '../lib/pipeline.mjs';
import {segmentsAre} from '../lib/playlist.mjs';
import {liveAudio, liveVideo} from '../lib/sources.mjs';

const kPartSeconds = 0.5;
const kHoldBack = 3 * kPartSeconds;
const kSegmentsBefore = 4;
const kLongSeconds = 60;
const kBackSeconds = 6;
const kAgreeSeconds = 0.15;

/** Opens the page when there is something behind the live edge, and waits until it keeps its distance. */
async function join(page, pipeline) {
  await segmentsAre(pipeline, kSegmentsBefore);
  await page.goto(pipeline.url('/live/'));
  await settles(page, kHoldBack);
}

async function assertUnbroken(page) {
  const state = await playerState(page);
  assert.equal(state.error, null);
  assert.equal(state.notice, '');
  assert.equal(state.state, 'Live');
  assert.equal(state.figures.stalls, '0 stalls');
  assert.equal(state.buffered.length, 1, JSON.stringify(state.buffered));
}

/** Seconds between what the page shows as latency and what the clock in the picture says. */
async function disagreement(page) {
  const pictures = await shown(page);
  const {figures} = await playerState(page);
  const byClock = quantile(pictures.slice(-10).map(({age}) => age), 0.5);
  return Math.abs(byClock - Number.parseFloat(figures.latency));
}

test('joins a stream and plays a minute near its edge without a stall or a hole', async (context) => {
  await withPipeline(
      {branches: [clockVideo(), liveAudio()], steered: true},
      (pipeline) => withPage(async (page) => {
        await watchGlass(page);
        await join(page, pipeline);
        await shown(page);
        const pictures = [];
        const differences = [];
        const {time} = await playerState(page);
        for (let second = 1; second <= kLongSeconds; ++second) {
          await until(
              page, `plays ${second} s`, (end) => document.querySelector('video').currentTime > end,
              time + second);
          pictures.push(...await page.evaluate(() => globalThis.glass.slice()));
          differences.push(await disagreement(page));
        }
        await assertUnbroken(page);
        const ages = pictures.map(({age}) => age);
        context.diagnostic(`glass to glass: median ${quantile(ages, 0.5)} s, most ${quantile(ages, 1)} s`);
        // A part that was left out would be a leap of its length in what the pictures say.
        const leaps = pictures.slice(1).map(({made}, i) => (made - pictures[i].made) / 1000);
        assert.ok(Math.max(...leaps) < kPartSeconds, `${Math.max(...leaps)} s are missing`);
        assert.ok(
            quantile(differences, 0.5) < kAgreeSeconds,
            `PROGRAM-DATE-TIME is off by ${quantile(differences, 0.5)} s`);
      }));
});

test('seeks back, stays there, and returns to the live edge', async () => {
  await withPipeline(
      {branches: [liveVideo({width: 320, height: 180}), liveAudio()]},
      (pipeline) => withPage(async (page) => {
        await join(page, pipeline);
        await page.evaluate(
            (seconds) => (document.querySelector('video').currentTime -= seconds), kBackSeconds);
        await plays(page, 3);
        const behind = await playerState(page);
        assert.ok(Number.parseFloat(behind.figures.latency) > kBackSeconds, JSON.stringify(behind.figures));
        await page.locator('#edge').click();
        await settles(page, kHoldBack);
        await page.locator('#edge').waitFor({state: 'hidden'});
        const state = await playerState(page);
        assert.equal(state.error, null);
        assert.equal(state.notice, '');
      }));
});

test('plays sound without a picture', async () => {
  await withPipeline({branches: [liveAudio()]}, (pipeline) => withPage(async (page) => {
                                                  await join(page, pipeline);
                                                  await plays(page, 4);
                                                  await assertUnbroken(page);
                                                }));
});

test('goes from rung to rung near the live edge', async () => {
  const branches =
      [[320, 180], [240, 136], [160, 90]].map(([width, height]) => liveVideo({width, height, rate: 25}));
  await withPipeline(
      {branches: [...branches, liveAudio()]},
      (pipeline) => withPage(async (page) => {
        await join(page, pipeline);
        for (const height of [90, 180, 136]) {
          const labels = await page.locator('#rendition option').allInnerTexts();
          await page.selectOption(
              '#rendition', {label: labels.find((text) => text.startsWith(`${height}p`))});
          await until(
              page, `shows ${height} lines`, (lines) => document.querySelector('video').videoHeight === lines,
              height);
        }
        await settles(page, kHoldBack);
        await assertUnbroken(page);
      }));
});
