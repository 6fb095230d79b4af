// SPDX-License-Identifier: LGPL-2.1-or-later
// Low-Latency HLS with the defaults of the element, in the player page and in hls.js as it comes.

import assert from 'node:assert/strict';

import {plays, until} from '../lib/browser.mjs';
import test from '../lib/case.mjs';
import {clockVideo, quantile, shown, watchGlass} from '../lib/glass.mjs';
import {withPlayersOf} from '../lib/players.mjs';
import {liveAudio, liveVideo} from '../lib/sources.mjs';

const kPartSeconds = 0.5;
const kLongSeconds = 60;
const kBackSeconds = 6;
const kAgreeSeconds = 0.15;
const kSizes = [[320, 180], [240, 136], [160, 90]];

/** Seconds between what the player has as its latency and what the clock in the picture says. */
async function disagreement(player, page) {
  const pictures = await shown(page);
  const latency = await player.latency();
  const byClock = quantile(pictures.slice(-10).map(({age}) => age), 0.5);
  return Math.abs(byClock - latency);
}

/** All pictures of so many seconds, and how far the player's own latency was off in each of them. */
async function watchClock(player, page, seconds) {
  const pictures = [];
  const differences = [];
  const start = await page.evaluate(() => document.querySelector('video').currentTime);
  for (let second = 1; second <= seconds; ++second) {
    await until(
        page, `plays ${second} s`, (end) => document.querySelector('video').currentTime > end,
        start + second);
    pictures.push(...await page.evaluate(() => globalThis.glass.slice()));
    differences.push(await disagreement(player, page));
  }
  return {pictures, differences};
}

test('joins a stream and plays a minute near its edge without a stall or a hole', async (context) => {
  await withPlayersOf(
      {branches: [clockVideo(), liveAudio()], steered: true}, async (player, page, pipeline) => {
        await watchGlass(page);
        await player.open(pipeline);
        await player.settles();
        await shown(page);
        const {pictures, differences} = await watchClock(player, page, kLongSeconds);
        await player.assertUnbroken();
        const ages = pictures.map(({age}) => age);
        context.diagnostic(
            `${player.name}, glass to glass: median ${quantile(ages, 0.5)} s, most ${quantile(ages, 1)} s`);
        // A part that was left out would be a leap of its length in what the pictures say.
        const leaps = pictures.slice(1).map(({made}, i) => (made - pictures[i].made) / 1000);
        assert.ok(Math.max(...leaps) < kPartSeconds, `${Math.max(...leaps)} s are missing`);
        assert.ok(
            quantile(differences, 0.5) < kAgreeSeconds,
            `PROGRAM-DATE-TIME is off by ${quantile(differences, 0.5)} s`);
      });
});

test('seeks back, stays there, and returns to the live edge', async () => {
  const branches = [liveVideo({width: 320, height: 180}), liveAudio()];
  await withPlayersOf({branches}, async (player, page, pipeline) => {
    await player.open(pipeline);
    await player.settles();
    await page.evaluate((seconds) => (document.querySelector('video').currentTime -= seconds), kBackSeconds);
    await plays(page, 3);
    const latency = await player.latency();
    assert.ok(latency > kBackSeconds, `${latency} s`);
    await player.returnToLive();
    await player.assertWell();
  });
});

test('plays sound without a picture', async () => {
  await withPlayersOf({branches: [liveAudio()]}, async (player, page, pipeline) => {
    await player.open(pipeline);
    await player.settles();
    await plays(page, 4);
    await player.assertUnbroken();
  });
});

test('goes from rung to rung near the live edge', async () => {
  const branches = kSizes.map(([width, height]) => liveVideo({width, height, rate: 25}));
  await withPlayersOf({branches: [...branches, liveAudio()]}, async (player, page, pipeline) => {
    await player.open(pipeline);
    await player.settles();
    for (const height of [90, 180, 136]) {
      await player.choose(height);
      await until(
          page, `shows ${height} lines`, (lines) => document.querySelector('video').videoHeight === lines,
          height);
    }
    await player.settles();
    await player.assertUnbroken();
  });
});
