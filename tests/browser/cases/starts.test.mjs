// SPDX-License-Identifier: LGPL-2.1-or-later
// Tracks on demand that do not start together. hls.js begins where both are: neither dates nor a leading gap
// change that, and a gap stops GStreamer's hlsdemux2.

import assert from 'node:assert/strict';

import {playerState, until, withPage} from '../lib/browser.mjs';
import test from '../lib/case.mjs';
import {withPipeline} from '../lib/pipeline.mjs';
import {audioFile, videoFile} from '../lib/sources.mjs';

const kRate = 30;
const kSeconds = 6;
const kApart = 3;
// Pictures that a browser may leave out when it begins in the middle of a stream.
const kSkipped = 6;

for (const late of ['video', 'audio']) {
  test(`${late} that starts ${kApart} s later`, async () => {
    const offset = (kind) => (kind === late ? kApart : 0);
    const branches = [
      videoFile({codec: 'h264', frames: kSeconds * kRate, rate: kRate, offset: offset('video')}),
      audioFile({codec: 'aac', blocks: kSeconds * 50, offset: offset('audio')}),
    ];
    const sink = {'playlist-type': 'vod', linger: -1};
    await withPipeline(
        {sink, branches}, (pipeline) => withPage(async (page) => {
                            await page.goto(pipeline.url('/live/'));
                            await until(
                                page, 'plays to the end', () => document.querySelector('video').ended);
                            const state = await playerState(page);
                            assert.equal(state.error, null);
                            assert.equal(state.buffered.length, 1, JSON.stringify(state.buffered));
                            const [[start, end]] = state.buffered;
                            assert.ok(end - start >= kSeconds - kApart - 1, JSON.stringify(state.buffered));
                            assert.ok(state.frames >= (kSeconds - kApart) * kRate - kSkipped, `${state.frames} frames`);
                          }));
  });
}
