// SPDX-License-Identifier: LGPL-2.1-or-later
// Each codec on demand, to the end: what went in is what the browser's demuxer, its decoder and mp4box get
// out.

import {createFile} from 'mp4box';
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';

import {playerState, screenshot, until, withPage} from '../lib/browser.mjs';
import test from '../lib/case.mjs';
import {withPipeline} from '../lib/pipeline.mjs';
import {readMedia, readMultivariant} from '../lib/playlist.mjs';
import {audioFile, encoderOf, hasElement, oneAfterTheOther, videoFile} from '../lib/sources.mjs';

const kRate = 30;
const kFrames = 120;
const kSeconds = kFrames / kRate;
const kSink = {
  'playlist-type': 'vod',
  'segment-duration': 1e9,
  linger: -1
};
const kStreams = [
  ['h264', 'aac'], ['h264b', 'aac'], ['openh264', 'aac'], ['h264', 'flac'], ['av1', 'opus'], ['vp9', 'opus'],
  ['h265', 'ac3'], ['h265', 'eac3']
];
// What Debian's Chromium has no decoder for.
const kNotInBrowser = /^(hvc1|ac-3|ec-3)/;
// What audio codecs add at either end: one frame of priming and the rest of the last frame.
const kAudioFrame = {
  aac: 1024 / 48000,
  opus: 0.02,
  flac: 4608 / 48000,
  ac3: 1536 / 48000,
  eac3: 1536 / 48000
};

/** The tracks of a presentation, complete: [{kind, codecs, init, segments}]. */
async function readTracks(url) {
  const {variants, renditions} = await readMultivariant(url);
  const [{url: video, CODECS: codecs}] = variants;
  const [first, second] = codecs.split(',');
  const isEnded = ({ended}) => ended;
  const isVideo = (codec) => /^(avc|hvc|av01|vp09)/.test(codec);
  const [videoCodec, audioCodec] = isVideo(first) ? [first, second] : [second, first];
  return [
    {kind: 'video', codecs: videoCodec, ...await readMedia(video, isEnded)},
    {kind: 'audio', codecs: audioCodec, ...await readMedia(renditions[0].url, isEnded)},
  ];
}

const typeOf = ({kind, codecs}) => `${kind}/mp4; codecs="${codecs}"`;

/**
 * Appends the init segment and every segment through Media Source Extensions; returns the buffered ranges.
 */
function appendAll(page, {kind, codecs, init, segments}) {
  return page.evaluate(async ({type, urls}) => {
    const happens = (target, event) => new Promise((resolve, reject) => {
      target.addEventListener(event, resolve, {once: true});
      target.addEventListener('error', () => reject(new Error(`append failed: ${type}`)), {once: true});
    });
    const source = new MediaSource();
    const video = document.createElement('video');
    video.src = URL.createObjectURL(source);
    await happens(source, 'sourceopen');
    const buffer = source.addSourceBuffer(type);
    for (const url of urls) {
      const media = await (await fetch(url)).arrayBuffer();
      buffer.appendBuffer(media);
      await happens(buffer, 'updateend');
    }
    const ranges = [];
    for (let i = 0; i < buffer.buffered.length; ++i)
      ranges.push([buffer.buffered.start(i), buffer.buffered.end(i)]);
    return ranges;
  }, {type: typeOf({kind, codecs}), urls: [init, ...segments.map(({url}) => url)]});
}

/** Parses a track with mp4box: {codec, samples}. */
async function parse({init, segments}) {
  const file = createFile();
  let offset = 0;
  let info = null;
  file.onReady = (ready) => (info = ready);
  file.onError = (_, message) => assert.fail(message);
  for (const url of [init, ...segments.map((segment) => segment.url)]) {
    const bytes = await (await fetch(url)).arrayBuffer();
    bytes.fileStart = offset;
    offset += bytes.byteLength;
    file.appendBuffer(bytes);
  }
  file.flush();
  const [track] = info.tracks;
  return {
    codec: track.codec,
    fragmented: info.isFragmented,
    timescale: track.timescale,
    samples: file.getTrackSamplesInfo(track.id)
  };
}

function assertSamplesMeet({samples, timescale}, frames) {
  assert.equal(samples.length, frames);
  for (let i = 1; i < samples.length; ++i) {
    assert.equal(samples[i].dts, samples[i - 1].dts + samples[i - 1].duration, `sample ${i} does not follow`);
  }
  const presented = samples.map((sample) => sample.cts).sort((a, b) => a - b);
  presented.forEach((time, i) => {
    const wanted = (i * timescale) / kRate + presented[0];
    assert.ok(Math.abs(time - wanted) <= 1, `frame ${i} at ${time}, not ${wanted}`);
  });
}

function assertFound(track, parsed) {
  // mp4box leaves out the optional fields at the end.
  const [declared, found] = [track.codecs, parsed.codec].map((text) => text.toLowerCase());
  assert.ok(declared.startsWith(found), `${declared} is declared, ${found} is there`);
  if (track.kind === 'video') assertSamplesMeet(parsed, kFrames);
}

async function assertAppends(page, track, audioFrame) {
  const ranges = await appendAll(page, track);
  const slack = track.kind === 'video' ? 1 / kRate : 2 * audioFrame;
  assert.equal(ranges.length, 1, `${track.codecs}: ${JSON.stringify(ranges)}`);
  const [[start, end]] = ranges;
  assert.ok(
      start <= slack && Math.abs(end - start - kSeconds) <= slack, `${track.codecs}: ${start} to ${end}`);
}

async function assertPlaysToTheEnd(page, pipeline, audioFrame) {
  await page.goto(pipeline.url('/live/'));
  await until(page, 'plays to the end', () => document.querySelector('video').ended);
  const state = await playerState(page);
  assert.equal(state.error, null);
  assert.equal(state.state, 'Ended');
  assert.equal(state.frames, kFrames);
  assert.equal(state.buffered.length, 1, JSON.stringify(state.buffered));
  assert.ok(Math.abs(state.duration - kSeconds) <= 2 * audioFrame + 1 / kRate, `${state.duration} s`);
  assert.equal(state.figures.stalls, '0 stalls');
}

/** What mp4box and, where they have the codecs, Media Source Extensions and the player page make of it. */
async function assertGood(pipeline, audio) {
  const tracks = await readTracks(pipeline.url('/live/index.m3u8'));
  for (const track of tracks) assertFound(track, await parse(track));
  await withPage(async (page) => {
    await page.goto(pipeline.url('/'));
    for (const track of tracks) {
      const supported = await page.evaluate((type) => MediaSource.isTypeSupported(type), typeOf(track));
      assert.equal(supported, !kNotInBrowser.test(track.codecs), track.codecs);
      if (supported) await assertAppends(page, track, kAudioFrame[audio]);
    }
    if (tracks.some(({codecs}) => kNotInBrowser.test(codecs))) return;
    await assertPlaysToTheEnd(page, pipeline, kAudioFrame[audio]);
    await screenshot(page, 'player-vod');
  });
}

const branchesOf = (video, audio) =>
    [videoFile({codec: video, frames: kFrames, rate: kRate}),
     audioFile({codec: audio, blocks: kSeconds * 50})];

for (const [video, audio] of kStreams) {
  const missing = [video, audio].map(encoderOf).filter((encoder) => !hasElement(encoder));
  test(`${video} and ${audio} on demand`, {skip: missing.length > 0 && `no ${missing}`}, async () => {
    const branches = branchesOf(video, audio);
    await withPipeline({sink: kSink, branches}, (pipeline) => assertGood(pipeline, audio));
  });
}

test('an MP4 file on demand', async () => {
  const film = join(process.env.BROWSER_OUTPUT, 'film.mp4');
  const muxed = branchesOf('h264b', 'aac').map((branch) => `${branch} ! m.`).join(' ');
  execFileSync('gst-launch-1.0', `-q mp4mux name=m ! filesink location=${film} ${muxed}`.split(' '));
  const branches = [`filesrc location=${film} ! qtdemux name=d d.video_0 ! queue`, 'd.audio_0 ! queue'];
  await withPipeline({sink: kSink, branches}, (pipeline) => assertGood(pipeline, 'aac'));
});

test('open groups of pictures on demand', async () => {
  const sink = {...kSink, 'send-keyframe-requests': false};
  await withPipeline({sink, branches: branchesOf('h264open', 'aac')}, async (pipeline) => {
    const [video] = await readTracks(pipeline.url('/live/index.m3u8'));
    assert.ok(video.segments.length > 2, `${video.segments.length} segments`);
    await assertGood(pipeline, 'aac');
  });
});

// Slow, so that all of the video is there before the second format comes.
test('a new format of the sound alone, on demand', async () => {
  const half = {codec: 'aac', blocks: kSeconds * 25};
  const clips = [audioFile(half), audioFile({...half, rate: 44100, offset: kSeconds / 2})];
  const branches = [
    videoFile({codec: 'h264', frames: kFrames, rate: kRate}),
    `${oneAfterTheOther(clips)} ! identity sleep-time=10000`,
  ];
  await withPipeline({sink: kSink, branches}, async (pipeline) => {
    const tracks = await readTracks(pipeline.url('/live/index.m3u8'));
    for (const {kind, segments} of tracks)
      assert.deepEqual(segments.map(({discontinuities}) => discontinuities).filter(Boolean), [1], kind);
    await withPage((page) => assertPlaysToTheEnd(page, pipeline, kAudioFrame.aac));
  });
});
