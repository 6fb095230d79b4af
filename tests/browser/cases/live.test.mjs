// SPDX-License-Identifier: LGPL-2.1-or-later
// A live stream on the player page and on the dashboard.

import assert from 'node:assert/strict';
import {createSocket} from 'node:dgram';

import {playerState, plays, screenshot, until, withPage} from '../lib/browser.mjs';
import test from '../lib/case.mjs';
import {Pipeline, withPipeline} from '../lib/pipeline.mjs';
import {segmentsAre} from '../lib/playlist.mjs';
import {encoderOf, hasElement, liveAudio, liveVideo} from '../lib/sources.mjs';

// A viewer who comes with the first segment has nothing in reserve; these come a little later.
const kSegmentsBefore = 4;

async function freeUdpPort() {
  const socket = createSocket('udp4');
  await new Promise((bound) => socket.bind(0, '127.0.0.1', bound));
  const {port} = socket.address();
  await new Promise((closed) => socket.close(closed));
  return port;
}

async function assertPlaysLive(page, pipeline, {width, height}) {
  await segmentsAre(pipeline, kSegmentsBefore);
  await page.goto(pipeline.url('/live/'));
  await plays(page, 2);
  const before = await playerState(page);
  await plays(page, 4);
  const after = await playerState(page);
  assert.equal(after.error, null);
  assert.equal(after.notice, '');
  assert.equal(after.state, 'Live');
  assert.equal(after.buffered.length, 1, JSON.stringify(after.buffered));
  assert.ok(after.frames > before.frames, `${before.frames} frames, then ${after.frames}`);
  assert.deepEqual([after.width, after.height], [width, height]);
  assert.equal(after.figures.stalls, '0 stalls');
  assert.match(after.figures.rendition, /^\d+×\d+ px$/);
  // Behind the source by no more than the playlist's window, and not ahead of it.
  assert.match(after.figures.latency, /^\d+\.\d+ s$/);
  const latency = Number.parseFloat(after.figures.latency);
  assert.ok(latency > 0 && latency < 60, after.figures.latency);
}

test('plays H.264 and AAC, and the dashboard lists it', async () => {
  await withPipeline(
      {branches: [liveVideo(), liveAudio()]},
      (pipeline) => withPage(async (page) => {
        await assertPlaysLive(page, pipeline, {width: 640, height: 360});
        await screenshot(page, 'player-live');
        await page.goto(pipeline.url('/'));
        const card = page.locator('.card').filter({hasText: 'live'});
        await card.locator('.card-head .state[data-state="live"]').waitFor();
        const rows = await card.locator('tbody tr').allInnerTexts();
        assert.equal(rows.length, 2);
        assert.match(rows[0], /video_0[^]*H\.264[^]*avc1\.[0-9A-Fa-f]{6}[^]*640×360, 30 fps[^]*[kM]bit\/s/);
        assert.match(rows[1], /audio_0[^]*AAC[^]*mp4a\.40\.2[^]*48 kHz, stereo[^]*kbit\/s/);
        assert.equal(await card.locator('.address code').innerText(), pipeline.url('/live/index.m3u8'));
        await until(page, 'throughput is measured', () => {
          const value = document.querySelector('[data-tile="throughput"] .tile-value').textContent;
          return /bit\/s$/.test(value);
        });
        // Somebody watches beside it, and somebody asks for what there is not.
        await withPage(async (viewer) => {
          await viewer.goto(pipeline.url('/live/'));
          await until(page, 'reads are measured', async (missing) => {
            await fetch(missing);
            const text = (tile, line) => document.querySelector(`[data-tile="${tile}"] .tile-${line}`).textContent;
            return /^\d.* %$/.test(text('hits', 'value')) && /missed/.test(text('hits', 'detail')) &&
                /s$/.test(text('slowest', 'value')) && Number(text('viewers', 'value')) > 0;
          }, pipeline.url('/live/none'));
        });
        assert.match(await page.locator('[data-tile="memory"] .tile-detail').innerText(), /% of .*iB/);
        await screenshot(page, 'dashboard-live');
        await card.getByRole('link', {name: 'Watch live'}).click();
        await plays(page, 1);
      }));
});

for (const [video, audio] of [['av1', 'opus'], ['vp9', 'opus'], ['h264', 'flac']]) {
  const missing = [video, audio].map(encoderOf).filter((encoder) => !hasElement(encoder));
  test(`plays ${video} and ${audio}`, {skip: missing.length > 0 && `no ${missing}`}, async () => {
    const size = {width: 320, height: 180};
    const branches = [liveVideo({codec: video, ...size, rate: 15}), liveAudio({codec: audio})];
    await withPipeline({branches}, (pipeline) => withPage((page) => assertPlaysLive(page, pipeline, size)));
  });
}

test('plays a transport stream that comes over UDP', async () => {
  const port = await freeUdpPort();
  const size = {width: 320, height: 180};
  const receiver = [
    `udpsrc address=127.0.0.1 port=${port} caps=video/mpegts,packetsize=188 ! tsparse set-timestamps=true ` +
        '! tsdemux name=d latency=200 d. ! video/x-h264 ! queue',
    'd. ! audio/mpeg ! queue'
  ];
  const sender = new Pipeline(`mpegtsmux name=m alignment=7 ! udpsink host=127.0.0.1 port=${port} ` + [
    liveVideo(size), liveAudio()
  ].map((branch) => `${branch} ! m.`).join(' '));
  try {
    await withPipeline(
        {branches: receiver}, (pipeline) => withPage((page) => assertPlaysLive(page, pipeline, size)));
  } finally {
    await sender.stop();
  }
});

test('works on a screen as wide as a phone', async () => {
  await withPipeline(
      {branches: [liveVideo(), liveAudio()]},
      (pipeline) => withPage(async (page) => {
        for (const [path, name] of [['/live/', 'player'], ['/', 'dashboard']]) {
          await page.goto(pipeline.url(path));
          if (name === 'player')
            await plays(page, 1);
          else
            await page.locator('.card tbody tr').first().waitFor();
          const [content, screen] =
              await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
          assert.equal(content, screen, `${name} scrolls sideways`);
          await screenshot(page, `${name}-phone`);
        }
      }, {width: 360, height: 740, colorScheme: 'dark'}));
});
