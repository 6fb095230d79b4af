// SPDX-License-Identifier: LGPL-2.1-or-later
// Three renditions and two audio languages, chosen by hand.

import assert from 'node:assert/strict';

import {playerState, plays, screenshot, until, withPage} from '../lib/browser.mjs';
import test from '../lib/case.mjs';
import {withPipeline} from '../lib/pipeline.mjs';
import {readMultivariant} from '../lib/playlist.mjs';
import {liveAudio, liveVideo} from '../lib/sources.mjs';

const kSizes = [[640, 360], [426, 240], [256, 144]];

function optionLabels(page, id) { return page.locator(`#${id} option`).allInnerTexts(); }

test('switches rendition and language by hand', async () => {
  const branches = [
    ...kSizes.map(([width, height]) => liveVideo({width, height, rate: 25})),
    liveAudio({language: 'en', frequency: 440}),
    liveAudio({language: 'de', frequency: 660}),
  ];
  await withPipeline(
      {branches},
      (pipeline) => withPage(async (page) => {
        const requested = [];
        page.on('request', (request) => requested.push(new URL(request.url()).pathname));
        await page.goto(pipeline.url('/live/'));
        await plays(page, 1);

        const renditions = await optionLabels(page, 'rendition');
        assert.match(renditions[0], /^Auto/);
        assert.deepEqual(
            renditions.slice(1).map((label) => Number.parseInt(label)), kSizes.map(([, height]) => height));
        for (const height of [144, 360, 240]) {
          const label = renditions.find((text) => text.startsWith(`${height}p`));
          await page.selectOption('#rendition', {label});
          await until(
              page, `shows ${height} lines`, (lines) => document.querySelector('video').videoHeight === lines,
              height);
          await plays(page, 1);
        }

        const {renditions: audio} = await readMultivariant(pipeline.url('/live/index.m3u8'));
        const languages = {de: 'German', en: 'English'};
        assert.deepEqual((await optionLabels(page, 'audio')).sort(), Object.values(languages).sort());
        for (const {LANGUAGE, url} of audio) {
          requested.length = 0;
          await page.selectOption('#audio', {label: languages[LANGUAGE]});
          await plays(page, 3);
          const folder = new URL('.', url).pathname;
          const fetched = requested.filter((path) => path.startsWith(folder) && path.endsWith('.m4s'));
          assert.ok(fetched.length > 0, `${LANGUAGE}: ${requested.join(' ')}`);
        }
        const state = await playerState(page);
        assert.equal(state.error, null);
        assert.equal(state.notice, '');
        await screenshot(page, 'player-ladder');
      }));
});
