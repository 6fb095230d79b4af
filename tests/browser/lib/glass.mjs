// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the clock that tests/glass.py burns into its pictures off the screen.

/** A branch whose pictures show when they were made. */
export function clockVideo(bitrate = 600) {
  return `appsrc name=glass ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=60 bitrate=${
      bitrate} ! queue`;
}

/**
 * Notes of each picture that is shown its time in the media, when it was made, and its age in seconds when it
 * reaches the screen. To be called before a page is opened.
 */
export async function watchGlass(page) {
  await page.addInitScript(() => {
    const kBits = 40;
    const glass = globalThis.glass = [];
    addEventListener('DOMContentLoaded', () => {
      const video = document.querySelector('video');
      const canvas = new OffscreenCanvas(kBits, 1);
      const context = canvas.getContext('2d', {willReadFrequently: true});
      context.imageSmoothingEnabled = false;
      const look = (now, {expectedDisplayTime, mediaTime}) => {
        const square = video.videoWidth / kBits;
        // The row of pixels in the middle of the squares, one pixel of each.
        context.drawImage(video, 0, square / 2, video.videoWidth, 1, 0, 0, kBits, 1);
        const {data} = context.getImageData(0, 0, kBits, 1);
        let made = 0;
        for (let bit = 0; bit < kBits; ++bit) made = 2 * made + (data[4 * bit] > 127 ? 1 : 0);
        const shown = Date.now() + expectedDisplayTime - performance.now();
        glass.push({mediaTime, made, age: (shown % 2 ** kBits - made) / 1000});
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
    });
  });
}

/** The pictures shown since it was asked last. */
export const shown = (page) => page.evaluate(() => globalThis.glass.splice(0));

export function quantile(values, fraction) {
  const ordered = values.toSorted((a, b) => a - b);
  return ordered[Math.min(ordered.length - 1, Math.floor(fraction * ordered.length))];
}
