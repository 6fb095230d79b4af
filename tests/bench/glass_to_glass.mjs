#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// From a camera in front of a clock to the clock's picture on the screen of a headless Chromium: originsink
// with parts of several lengths, in the player page and in hls.js with all its defaults, and hlssink2 with
// nginx. A table goes to stderr, JSON to stdout.
//
//   glass_to_glass.mjs [--parts=0.2,0.33,0.5,1] [--seconds=20] [--before=10] [--smoke]
//
// GST_PLUGIN_PATH   where the plugin was built
// CHROMIUM          the browser (default: /usr/bin/chromium)

import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {cpus, loadavg, release, tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';

import {quantile, shown, watchGlass} from '../browser/lib/glass.mjs';
import {requireBrowser, skip} from '../browser/lib/packages.mjs';
import {servePlainPlayer} from '../browser/lib/plain_player.mjs';

import {HlsSink2, OriginSink} from './glass_subjects.mjs';

const folder = mkdtempSync(join(tmpdir(), 'glass-'));
process.env.GST_REGISTRY ??= join(folder, 'registry.bin');

const {values: options} = parseArgs({
  options: {
    parts: {type: 'string', default: '0.2,0.33,0.5,1'},
    seconds: {type: 'string', default: '20'},
    before: {type: 'string', default: '10'},
    smoke: {type: 'boolean', default: false},
  },
});

requireBrowser();
// Their packages are there only now.
const {plays, until, withPage} = await import('../browser/lib/browser.mjs');
if (!HlsSink2.available) skip('there is no nginx');

const sleep = (seconds) => new Promise((wake) => setTimeout(wake, 1000 * seconds));
const rounded = (seconds) => Math.round(1000 * seconds) / 1000;

async function startPlainPlayer() {
  const origin = new OriginSink(1, 'page');
  await origin.start();
  const plain = await servePlainPlayer(origin.page);
  await origin.stop();
  return plain;
}

async function watch(page, address, before, seconds) {
  await watchGlass(page);
  await page.addInitScript(() => {
    globalThis.stalls = 0;
    addEventListener('waiting', () => ++globalThis.stalls, true);
  });
  await page.goto(address);
  await plays(page, 1);
  await sleep(before);
  await shown(page);
  await page.evaluate(() => (globalThis.stalls = 0));
  await sleep(seconds);
  await until(page, 'a picture is shown', () => globalThis.glass.length > 0);
  const ages = (await shown(page)).map(({age}) => age);
  const [p50, p90, p99, max] = [0.5, 0.9, 0.99, 1].map((fraction) => rounded(quantile(ages, fraction)));
  return {pictures: ages.length, p50, p90, p99, max, stalls: await page.evaluate(() => globalThis.stalls)};
}

async function measure(subject, plain, before, seconds) {
  await subject.start();
  // A viewer comes to a stream that has been there for a while.
  await sleep(before);
  try {
    const address = subject.player === 'page' ? subject.page : plain.address(subject.playlist);
    const figures = await withPage((page) => watch(page, address, before, seconds));
    return {name: subject.name, player: subject.player, ...figures};
  } finally {
    await subject.stop();
  }
}

function printRow(...cells) {
  const [name, player, ...figures] = cells;
  console.error(
      `${name.padEnd(34)}${player.padEnd(16)}${figures.map((cell) => `${cell}`.padStart(9)).join('')}`);
}

const seconds = options.smoke ? 2 : Number(options.seconds);
const before = options.smoke ? 0 : Number(options.before);
const parts = options.smoke ? [0.5] : options.parts.split(',').map(Number);
const report = {
  date: new Date().toISOString(),
  machine: `${cpus().length} cores of ${cpus()[0].model}, Linux ${release()}`,
  browser: execFileSync(process.env.CHROMIUM, ['--version'], {
             encoding: 'utf8',
             stdio: ['ignore', 'pipe', 'ignore']
           }).trim(),
  load_before: loadavg(),
  seconds,
  results: [],
};
const subjects = [
  ...parts.map((part) => new OriginSink(part, 'page')),
  ...parts.map((part) => new OriginSink(part, 'plain')),
  new HlsSink2(),
];
const kPlayers = {
  page: 'player page',
  plain: 'plain hls.js'
};
const plain = await startPlainPlayer();
try {
  printRow('glass to glass, seconds', '', 'p50', 'p90', 'p99', 'max', 'stalls', 'pictures');
  for (const subject of subjects) {
    const row = await measure(subject, plain, before, seconds);
    report.results.push(row);
    printRow(row.name, kPlayers[row.player], row.p50, row.p90, row.p99, row.max, row.stalls, row.pictures);
  }
  report.load_after = loadavg();
  console.log(JSON.stringify(report, null, 1));
} finally {
  plain.close();
  rmSync(folder, {recursive: true});
}
