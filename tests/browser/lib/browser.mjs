// SPDX-License-Identifier: LGPL-2.1-or-later
// A headless Chromium with an empty profile, and what the tests ask of the pages in it.

import assert from 'node:assert/strict';
import {join} from 'node:path';
import {chromium} from 'playwright-core';

const kArguments = [
  '--no-sandbox', '--headless', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'
];
// Only ends a test that hangs.
const kPatienceMs = 90_000;
// Looking at every frame would take from what there is to show it.
const kPollMs = 100;
// Seconds by which a latency may be off: encoding, and what a page has not made up for yet.
const kNear = 0.3;

/** Runs `use(page)` in a browser of its own; fails if the page threw or if a script was refused. */
export async function withPage(use, options) {
  const [result] = await withPages([use], options);
  return result;
}

/** The same with several pages at once, each in a window of its own: one behind others would not be drawn. */
export async function withPages(uses, {width = 1280, height = 800, colorScheme = 'light'} = {}) {
  const browser = await chromium.launch({executablePath: process.env.CHROMIUM, args: kArguments});
  try {
    return await Promise.all(uses.map(async (use) => {
      const context = await browser.newContext({viewport: {width, height}, colorScheme});
      return watched(await context.newPage(), use);
    }));
  } finally {
    await browser.close();
  }
}

async function watched(page, use) {
  page.setDefaultTimeout(kPatienceMs);
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) errors.push(message.text());
  });
  const result = await use(page);
  assert.deepEqual(errors, []);
  return result;
}

export async function screenshot(page, name) {
  await page.screenshot({path: join(process.env.BROWSER_OUTPUT, `${name}.png`), fullPage: true});
}

/** What the player page shows and what its video element did. */
export function playerState(page) {
  return page.evaluate(() => {
    const video = document.querySelector('video');
    const ranges = [];
    for (let i = 0; i < video.buffered.length; ++i)
      ranges.push([video.buffered.start(i), video.buffered.end(i)]);
    const quality = video.getVideoPlaybackQuality();
    const figure = (id) => document.querySelector(`[data-tile="${id}"] .tile-value`).textContent;
    return {
      time: video.currentTime,
      duration: video.duration,
      ended: video.ended,
      error: video.error?.message ?? null,
      width: video.videoWidth,
      height: video.videoHeight,
      frames: quality.totalVideoFrames,
      buffered: ranges,
      state: document.querySelector('#state').textContent,
      notice: document.querySelector('#notice').hidden ? '' :
                                                         document.querySelector('#notice-text').textContent,
      figures: Object.fromEntries(
          ['latency', 'buffer', 'rendition', 'stalls', 'dropped'].map((id) => [id, figure(id)])),
    };
  });
}

/** Waits until `condition(argument)` holds in the page; says what the player showed if it never does. */
export async function until(page, what, condition, argument) {
  try {
    await page.waitForFunction(condition, argument, {polling: kPollMs});
  } catch (error) {
    const state = await playerState(page).catch(() => null);
    throw new Error(`never came true: ${what}; ${JSON.stringify(state)}`, {cause: error});
  }
}

/**
 * Waits until the latency that the page shows stays at its target. That is `seconds`, and one more for each
 * stall: hls.js keeps more distance from a network, or on a machine, that let it down.
 */
export async function settles(page, seconds) {
  await until(page, `settles at ${seconds} s`, ([least, near]) => {
    const tile = (id) => document.querySelector(`[data-tile="${id}"]`);
    const number = (id, part) =>
        Number.parseFloat(tile(id).querySelector(part).textContent.replace('target ', ''));
    const shown = number('latency', '.tile-value');
    const target = number('latency', '.tile-detail');
    const playing = document.querySelector('#state').dataset.state === 'playing';
    const right = target >= least && target <= least + number('stalls', '.tile-value');
    const there = playing && right && Math.abs(shown - target) < near;
    globalThis.thereSince = there ? globalThis.thereSince ?? performance.now() : undefined;
    return there && performance.now() - globalThis.thereSince > 2000;
  }, [seconds, kNear]);
}

/** Waits until the picture moved on by `seconds` of media time. */
export async function plays(page, seconds = 3) {
  const start = await page.evaluate(() => document.querySelector('video').currentTime);
  await until(
      page, `plays ${seconds} s from ${start}`, (end) => document.querySelector('video').currentTime > end,
      start + seconds);
}
