// SPDX-License-Identifier: LGPL-2.1-or-later
// The dashboard against what it cannot choose: hostile names, and a server that goes away.

import assert from 'node:assert/strict';

import {screenshot, withPage} from '../lib/browser.mjs';
import test from '../lib/case.mjs';
import {Pipeline, withPipeline} from '../lib/pipeline.mjs';
import {liveVideo} from '../lib/sources.mjs';

const kHostile = '<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>';
const kTrack = {
  name: kHostile,
  kind: kHostile,
  codec: kHostile,
  codecs: kHostile,
  width: 1,
  height: 1,
  frame_rate: 1,
  sample_rate: 1,
  channels: 1,
  language: kHostile,
  label: kHostile,
  default: true,
  state: kHostile,
  bandwidth: 1,
  average_bandwidth: 1,
  segments: 1,
  first_sequence: 1,
  last_sequence: 1,
  discontinuities: 1,
  gaps: 1,
  dropped: 1,
  bytes: 1,
  live_edge: kHostile,
};

test('shows hostile names as text', async () => {
  const presentation = {
    name: kHostile,
    state: kHostile,
    type: kHostile,
    uri: 'javascript:globalThis.hacked=1',
    hls: '//elsewhere.invalid/x.m3u8',
    started: kHostile,
    segment_duration: 2,
    part_duration: 0,
    target_duration: 2,
    window: 60,
    bytes: 1,
    warnings: [kHostile],
    tracks: [kTrack],
  };
  await withPipeline(
      {branches: [liveVideo()]},
      (pipeline) => withPage(async (page) => {
        await page.route(
            '**/api/presentations', (route) => route.fulfill({json: {presentations: [presentation]}}));
        await page.goto(pipeline.url('/'));
        await page.locator('.card tbody tr').waitFor();
        const found = await page.evaluate(
            () => ({
              title: document.querySelector('.card h3').textContent,
              row: document.querySelector('.card tbody th .cell-main').textContent,
              elements: document.querySelectorAll('.card img, .card script, .card iframe').length,
              links: document.querySelectorAll('.card a[href]').length,
              addresses:
                  [...document.querySelectorAll('.card .address')].filter((node) => !node.hidden).length,
              hacked: globalThis.hacked,
            }));
        assert.deepEqual(
            found, {title: kHostile, row: kHostile, elements: 0, links: 0, addresses: 0, hacked: undefined});
        await screenshot(page, 'dashboard-hostile');
      }));
});

test('survives the server going away and coming back', async () => {
  let pipeline = await Pipeline.start({branches: [liveVideo()]});
  try {
    await withPage(async (page) => {
      await page.goto(pipeline.url('/'));
      await page.locator('.card').waitFor();
      await pipeline.stop('SIGKILL');
      await page.locator('#link[data-state="lost"]').waitFor();
      await screenshot(page, 'dashboard-lost');
      pipeline = await Pipeline.start({sink: {port: pipeline.port}, branches: [liveVideo()]});
      await page.locator('#link[data-state="live"]').waitFor();
      await page.locator('.card .state[data-state="live"]').first().waitFor();
    });
  } finally {
    await pipeline.stop();
  }
});
