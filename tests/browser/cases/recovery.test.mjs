// SPDX-License-Identifier: LGPL-2.1-or-later
// The player page while there is nothing to play, and after a publisher came back.

import assert from 'node:assert/strict';
import test from 'node:test';

import {playerState, plays, screenshot, until, withPage} from '../lib/browser.mjs';
import {Pipeline, withPipeline} from '../lib/pipeline.mjs';
import {liveAudio, liveVideo} from '../lib/sources.mjs';

test('plays on after the publisher was killed and started again', async () => {
  const branches = [liveVideo(), liveAudio()];
  let pipeline = await Pipeline.start({branches});
  try {
    await withPage(async (page) => {
      await page.goto(pipeline.url('/live/'));
      await plays(page, 2);
      await pipeline.stop('SIGKILL');
      await page.locator('#state[data-state="waiting"]').waitFor();
      await screenshot(page, 'player-waiting');
      pipeline = await Pipeline.start({sink: {port: pipeline.port}, branches});
      await page.locator('#state[data-state="playing"]').waitFor();
      await plays(page, 4);
      const state = await playerState(page);
      assert.equal(state.notice, '');
      assert.equal(state.error, null);
      assert.match(state.figures.stalls, /^[1-9]/);
    });
  } finally {
    await pipeline.stop();
  }
});

test('waits for a stream that has not begun', async () => {
  const silent = liveVideo().replace('timeoverlay', 'valve drop=true');
  await withPipeline({branches: [silent]}, (pipeline) => withPage(async (page) => {
                                             await page.goto(pipeline.url('/live/'));
                                             await until(
                                                 page, 'says that it waits',
                                                 () => document.querySelector('#notice-text').textContent ===
                                                     'Waiting for the stream…');
                                             await screenshot(page, 'player-not-begun');
                                           }));
});
