// SPDX-License-Identifier: LGPL-2.1-or-later
// The server's clock as seen from here. Latency is its time minus the picture's, and viewers' clocks are
// often off by more than the latency itself.

const kTries = 5;
const kRefreshMs = 60_000;

export class ServerClock {
  #url;
  #offset = 0;
  #known = false;

  constructor(url) {
    this.#url = url;
    this.#refresh();
    setInterval(() => this.#refresh(), kRefreshMs);
  }

  /** Milliseconds since 1970 on the server. */
  now() { return performance.timeOrigin + performance.now() + this.#offset; }

  /** False until the server answered once: now() is then this device's own clock. */
  get known() { return this.#known; }

  // The quickest of a few round trips bounds the error by half of it.
  async #refresh() {
    let best = Infinity;
    for (let i = 0; i < kTries; ++i) {
      try {
        const sent = performance.now();
        const response = await fetch(this.#url, {cache: 'no-store'});
        const time = Date.parse((await response.text()).trim());
        const trip = performance.now() - sent;
        if (!response.ok || !Number.isFinite(time) || trip >= best) continue;
        best = trip;
        this.#offset = time + trip / 2 - (performance.timeOrigin + performance.now());
        this.#known = true;
      } catch {
        return;
      }
    }
  }
}
