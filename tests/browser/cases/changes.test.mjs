// SPDX-License-Identifier: LGPL-2.1-or-later
// Live presentations whose renditions change size while they are watched.

import {plays, until} from '../lib/browser.mjs';
import test from '../lib/case.mjs';
import {kPlayerCount, together, withPlayersOf} from '../lib/players.mjs';
import {liveAudio, liveVideo} from '../lib/sources.mjs';

// A rendition that can be told another size.
const rung = (width, height, name) =>
    liveVideo({width, height, rate: 30}).replace(' ! x264enc', ` ! videoscale ! capsfilter name=${name} ! x264enc`);
const kPlaysSeconds = 5;

const shows = (page, height) =>
    until(page, `shows ${height} lines`, (lines) => document.querySelector('video').videoHeight === lines, height);

test('goes on when the rendition that is played, and when another one, gets another size', async () => {
  let changeOther, changePlayed;
  const branches = [rung(320, 180, 'played'), rung(160, 90, 'other'), liveAudio()];
  await withPlayersOf({branches, steered: true}, async (player, page, pipeline) => {
    changeOther ??= together(kPlayerCount, () => pipeline.tell('set other caps video/x-raw,width=192,height=108'));
    changePlayed ??= together(kPlayerCount, () => pipeline.tell('set played caps video/x-raw,width=256,height=144'));
    await player.open(pipeline);
    await player.settles();
    await player.choose(180);
    await shows(page, 180);
    await changeOther();
    await plays(page, kPlaysSeconds);
    await player.assertWell();
    await changePlayed();
    await shows(page, 144);
    await plays(page, kPlaysSeconds);
    await player.assertWell();
  });
});
