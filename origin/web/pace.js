// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps a live picture as far behind the edge as the playlist asks for, by playing a little faster or slower.
// hls.js itself only plays faster, and only with more than a second in the buffer, which short parts never
// give.

// Voices sound the same, and a second is made up for in ten.
const kFaster = 1.1;
const kSlower = 0.95;
const kTolerance = 0.1;
const kReached = 0.02;
// Below this, playing faster would risk a stall for a little less latency.
const kReserveSeconds = 0.3;
// Further behind is a viewer's own doing.
const kFarSeconds = 4;

export class Pace {
  #video;

  constructor(video) { this.#video = video; }

  /** `latency` and `target` in seconds, null where there is no live edge; `buffered` seconds are ahead. */
  update(latency, target, buffered) {
    const rate = this.#video.playbackRate;
    // Another speed is what the viewer chose in the browser's menu.
    if (![kSlower, 1, kFaster].includes(rate)) return;
    const known = latency !== null && target !== null;
    const wanted = known ? this.#rate(rate, latency - target, buffered) : 1;
    if (wanted !== rate) this.#video.playbackRate = wanted;
  }

  #rate(rate, distance, buffered) {
    if (distance > kFarSeconds) return 1;
    const [above, below] =
        [rate === kFaster ? kReached : kTolerance, rate === kSlower ? kReached : kTolerance];
    if (distance > above && buffered > kReserveSeconds) return kFaster;
    return distance < -below ? kSlower : 1;
  }
}
