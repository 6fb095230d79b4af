// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a stream changes or breaks off: the player page plays on in the new format, and after what is
// missing.

import assert from 'node:assert/strict';

import {playerState, plays, until, withPage} from '../lib/browser.mjs';
import test from '../lib/case.mjs';
import {withPipeline} from '../lib/pipeline.mjs';
import {audioFile, liveAudio, liveVideo, oneAfterTheOther, videoFile} from '../lib/sources.mjs';

const kRate = 30;
const kClipFrames = 60;
const kClipSeconds = kClipFrames / kRate;
// The origin has said by then that media is missing.
const kOutageMs = 5_000;
const kPauseMs = 1_000;

async function assertIsLive(page) {
  const state = await playerState(page);
  assert.equal(state.error, null);
  assert.equal(state.notice, '');
  assert.equal(state.state, 'Live');
  return state;
}

const kSmall = {
  codec: 'h264',
  width: 320,
  height: 180
};
const kSeams = {
  'resolution': [kSmall, {...kSmall, width: 640, height: 360}, {...kSmall, width: 480, height: 270}],
  'the order of decoding': [kSmall, {...kSmall, codec: 'h264b', height: 200}, kSmall],
};

for (const [what, formats] of Object.entries(kSeams)) {
  test(`plays across changes of ${what}`, async () => {
    const clips = formats.map((format, i) => {
      const offset = i * kClipSeconds;
      return videoFile({...format, frames: kClipFrames, rate: kRate, offset});
    });
    const seconds = clips.length * kClipSeconds;
    const branches = [oneAfterTheOther(clips), audioFile({codec: 'aac', blocks: seconds * 50})];
    await withPipeline(
        {sink: {'playlist-type': 'vod', linger: -1}, branches},
        (pipeline) => withPage(async (page) => {
          await page.addInitScript(() => {
            globalThis.heights = [];
            addEventListener('resize', ({target}) => globalThis.heights.push(target.videoHeight), true);
          });
          await page.goto(pipeline.url('/live/'));
          await until(page, 'plays to the end', () => document.querySelector('video').ended);
          const state = await playerState(page);
          assert.equal(state.error, null);
          assert.equal(state.frames, clips.length * kClipFrames);
          assert.equal(state.figures.stalls, '0 stalls');
          assert.equal(state.buffered.length, 1, JSON.stringify(state.buffered));
          assert.ok(Math.abs(state.duration - seconds) < 0.1, `${state.duration} s`);
          const heights = await page.evaluate(() => globalThis.heights.filter(Boolean));
          assert.deepEqual(heights, formats.map(({height}) => height));
        }));
  });
}

test('plays on after the pipeline was paused', async () => {
  const branches = [liveVideo({width: 320, height: 180}), liveAudio()];
  await withPipeline(
      {sink: {'segment-duration': 1e9}, branches, steered: true},
      (pipeline) => withPage(async (page) => {
        await page.goto(pipeline.url('/live/'));
        await plays(page, 3);
        pipeline.tell('state PAUSED');
        await new Promise((wake) => setTimeout(wake, kPauseMs));
        pipeline.tell('state PLAYING');
        await plays(page, 5);
        await assertIsLive(page);
      }));
});

test('picks up a track that was away', async () => {
  const video = liveVideo({width: 320, height: 180}).replace('timeoverlay', 'valve name=valve');
  await withPipeline(
      {sink: {'segment-duration': 1e9}, branches: [video, liveAudio()], steered: true},
      (pipeline) => withPage(async (page) => {
        await page.goto(pipeline.url('/live/'));
        await plays(page, 3);
        pipeline.tell('set valve drop true');
        await new Promise((wake) => setTimeout(wake, kOutageMs));
        const {time, frames} = await playerState(page);
        pipeline.tell('set valve drop false');
        await until(
            page, 'plays what came after', (end) => document.querySelector('video').currentTime > end,
            time + kOutageMs / 1000 + 2);
        await plays(page, 3);
        const state = await assertIsLive(page);
        assert.ok(state.frames > frames + 2 * kRate, `${frames} frames, then ${state.frames}`);
      }));
});
