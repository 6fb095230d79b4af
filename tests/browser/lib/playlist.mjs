// SPDX-License-Identifier: LGPL-2.1-or-later
// As much of an HLS reader as the tests need; it shares nothing with hls.js or with the renderer.

function attributes(line) {
  const found = {};
  for (const [, name, quoted, plain] of line.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))/g))
    found[name] = quoted ?? plain;
  return found;
}

// A request that the server gives up holding is made again, as players do; so is one for what is about to be
// opened.
const kAgain = [404, 503];
const kAttempts = 20;

async function lines(url, attempts = kAttempts) {
  const response = await fetch(url);
  const text = await response.text();
  if (response.ok) return text.split('\n').map((line) => line.trim());
  if (!kAgain.includes(response.status) || attempts === 1)
    throw new Error(`${url}: ${response.status} ${text}`);
  await new Promise((wake) => setTimeout(wake, 1000 * Number(response.headers.get('Retry-After') ?? 1)));
  return lines(url, attempts - 1);
}

/** {variants: [{url, CODECS, …}], renditions: [{url, TYPE, …}]} */
export async function readMultivariant(url) {
  const variants = [];
  const renditions = [];
  let pending = null;
  for (const line of await lines(url)) {
    if (line.startsWith('#EXT-X-STREAM-INF:'))
      pending = attributes(line);
    else if (line.startsWith('#EXT-X-MEDIA:'))
      renditions.push(attributes(line));
    else if (line && !line.startsWith('#'))
      variants.push({...pending, url: new URL(line, url).href});
  }
  for (const rendition of renditions) rendition.url = new URL(rendition.URI, url).href;
  return {variants, renditions};
}

async function readMediaOnce(url) {
  const media = {init: null, segments: [], ended: false};
  let duration = 0;
  let discontinuities = 0;
  for (const line of await lines(url)) {
    if (line.startsWith('#EXT-X-MAP:'))
      media.init = new URL(attributes(line).URI, url).href;
    else if (line.startsWith('#EXTINF:'))
      duration = Number.parseFloat(line.slice('#EXTINF:'.length));
    else if (line === '#EXT-X-DISCONTINUITY')
      ++discontinuities;
    else if (line === '#EXT-X-ENDLIST')
      media.ended = true;
    else if (line && !line.startsWith('#')) {
      media.segments.push({url: new URL(line, url).href, duration, discontinuities});
      discontinuities = 0;
    }
  }
  return media;
}

/** {init, segments: [{url, duration, discontinuities}], ended}; read again until it is as `wanted`. */
export async function readMedia(url, wanted) {
  for (let i = 0; i < 300; ++i) {
    const media = await readMediaOnce(url);
    if (wanted(media)) return media;
    await new Promise((wake) => setTimeout(wake, 200));
  }
  throw new Error(`${url} did not become as wanted: ${wanted}`);
}

/** Waits until the first variant of a pipeline's presentation has so many segments. */
export async function segmentsAre(pipeline, count) {
  const {variants: [variant]} = await readMultivariant(pipeline.url('/live/index.m3u8'));
  await readMedia(variant.url, ({segments}) => segments.length >= count);
}
