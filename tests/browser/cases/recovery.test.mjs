// SPDX-License-Identifier: LGPL-2.1-or-later
// The player page while there is nothing to play, and while the server or the network is away.

import assert from 'node:assert/strict';

import {playerState, plays, screenshot, settles, until, withPage} from '../lib/browser.mjs';
import test from '../lib/case.mjs';
import {Link} from '../lib/link.mjs';
import {Pipeline, withPipeline} from '../lib/pipeline.mjs';
import {kHoldBack, kPlayerCount, together, withPlayers} from '../lib/players.mjs';
import {segmentsAre} from '../lib/playlist.mjs';
import {liveAudio, liveVideo} from '../lib/sources.mjs';

const kBranches = [liveVideo({width: 320, height: 180}), liveAudio()];
// What a decoder keeps to itself when the data ends.
const kRestSeconds = 0.3;
const kSegmentsBefore = 4;
const kFrozenMs = 4_000;

/** Keeps in `globalThis.seen` what states the page showed, and how far each source was played. */
async function watchStates(page) {
  await page.addInitScript(() => {
    const seen = globalThis.seen = {states: [], played: []};
    addEventListener('DOMContentLoaded', () => {
      const state = document.querySelector('#state');
      const note = () => seen.states.push(state.dataset.state);
      new MutationObserver(note).observe(state, {attributeFilter: ['data-state']});
      const video = document.querySelector('video');
      let time = 0;
      video.addEventListener('timeupdate', () => (time = video.currentTime || time));
      video.addEventListener('emptied', () => {
        seen.played.push(time);
        time = 0;
      });
    });
  });
}

const seen = (page) => page.evaluate(() => globalThis.seen);
const forget = (page) =>
    page.evaluate(() => void (globalThis.seen.states.length = globalThis.seen.played.length = 0));
const showsState = (page, state) => page.locator(`#state[data-state="${state}"]`).waitFor();
const bufferEnd = async (page) => (await playerState(page)).buffered.at(-1)[1];

async function assertPlaysOn(page) {
  await plays(page, 2);
  const state = await playerState(page);
  assert.equal(state.error, null);
  assert.equal(state.notice, '');
  assert.equal(state.state, 'Live');
}

test('plays what it has while the server is away, and goes on when it was started again', async () => {
  let pipeline = await Pipeline.start({branches: kBranches});
  try {
    await withPage(async (page) => {
      await watchStates(page);
      await page.goto(pipeline.url('/live/'));
      await settles(page, kHoldBack);
      await forget(page);
      await pipeline.stop('SIGKILL');
      const end = await bufferEnd(page);
      await showsState(page, 'reconnecting');
      await screenshot(page, 'player-reconnecting');
      await showsState(page, 'waiting');
      await screenshot(page, 'player-waiting');
      const {states, played} = await seen(page);
      assert.deepEqual(states, ['reconnecting', 'waiting']);
      assert.ok(played[0] > end - kRestSeconds, `${end} s were buffered, ${played[0]} were played`);

      pipeline = await Pipeline.start({branches: kBranches, sink: {port: pipeline.port}});
      await showsState(page, 'playing');
      await settles(page, kHoldBack);
      await assertPlaysOn(page);
    });
  } finally {
    await pipeline.stop();
  }
});

test('plays on after the server was started again at once', async () => {
  let pipeline = await Pipeline.start({branches: kBranches});
  const restart = together(kPlayerCount, async () => {
    await pipeline.stop('SIGKILL');
    pipeline = await Pipeline.start({branches: kBranches, sink: {port: pipeline.port}});
  });
  try {
    await withPlayers(async (player, page) => {
      await player.open(pipeline);
      await plays(page, 2);
      const before = await player.run();
      await restart();
      await player.playsAnotherRun(before);
      await player.settles();
      await plays(page, 2);
      await player.assertWell();
    });
  } finally {
    await pipeline.stop();
  }
});

async function throughLink(use, sink = {}) {
  await withPipeline({branches: kBranches, sink}, async (pipeline) => {
    const link = await Link.to(pipeline.port);
    try {
      await withPage(async (page) => {
        await watchStates(page);
        await segmentsAre(pipeline, kSegmentsBefore);
        await page.goto(link.url('/live/'));
        await use(page, link);
      });
    } finally {
      link.close();
    }
  });
}

test('does not stop for a network that is away for less than what is buffered', async () => {
  // Without parts there are three segments in the buffer.
  const sink = {'part-duration': 0, 'segment-duration': 1e9};
  await throughLink(async (page, link) => {
    await plays(page, 1);
    await showsState(page, 'playing');  // a moment after the picture moves
    await forget(page);
    link.pull();
    await showsState(page, 'reconnecting');
    link.plugIn();
    await showsState(page, 'playing');
    await plays(page, 4);
    const {states, played} = await seen(page);
    assert.deepEqual(states, ['reconnecting', 'playing']);
    assert.deepEqual(played, [], 'started over');
    assert.equal((await playerState(page)).figures.stalls, '0 stalls');
  }, sink);
});

test('is back at the live edge after the network was pulled for longer', async () => {
  await throughLink(async (page, link) => {
    await settles(page, kHoldBack);
    link.pull();
    await showsState(page, 'waiting');
    link.plugIn();
    await showsState(page, 'playing');
    await settles(page, kHoldBack);
    await assertPlaysOn(page);
  });
});

test('is back at the live edge after a network that was silent for a while', async () => {
  await throughLink(async (page, link) => {
    await settles(page, kHoldBack);
    const {time} = await playerState(page);
    link.freeze();
    await page.waitForTimeout(kFrozenMs);
    link.thaw();
    await until(
        page, 'plays what came after', (end) => document.querySelector('video').currentTime > end,
        time + kFrozenMs / 1000);
    await settles(page, kHoldBack);
    await assertPlaysOn(page);
  });
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

test('plays without hls.js where the browser can, and tells when the server is away', async (context) => {
  let pipeline = await Pipeline.start({branches: kBranches});
  try {
    await withPage(async (page) => {
      await page.route('**/hls.min.js', (route) => route.abort());
      await page.goto(pipeline.url('/live/'));
      const type = 'application/vnd.apple.mpegurl';
      if (!await page.evaluate((type) => document.createElement('video').canPlayType(type), type)) {
        await page.getByText('This server was built without hls.js').waitFor();
        context.skip('this Chromium has no HLS of its own');
        return;
      }
      await plays(page, 2);
      await until(
          page, 'shows the bitrate',
          () => /bit\/s/.test(document.querySelector('[data-tile="rendition"] .tile-detail').textContent));
      await screenshot(page, 'player-native');
      await pipeline.stop('SIGKILL');
      await showsState(page, 'reconnecting');
      pipeline = await Pipeline.start({branches: kBranches, sink: {port: pipeline.port}});
      await showsState(page, 'playing');
      await plays(page, 2);
    });
  } finally {
    await pipeline.stop();
  }
});
