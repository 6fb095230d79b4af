// SPDX-License-Identifier: LGPL-2.1-or-later
// The dashboard: asks the server once a second, and goes on asking when it is away.

import {setAttribute, setText, ViewList} from './dom.js';
import * as format from './format.js';
import {createPresentationCard} from './presentation_card.js';
import {Tile} from './tile.js';

const kPeriodMs = 1000;
const kTimeoutMs = 5000;

/** What came in, and what of it went wrong, if anything did. */
function connectionDetails({accepted, refused, timed_out: late, bad_requests: bad}) {
  const parts = [`${format.count(accepted)} accepted`];
  if (refused > 0) parts.push(`${format.count(refused)} refused`);
  if (late > 0) parts.push(`${format.count(late)} timed out`);
  if (bad > 0) parts.push(format.plural(bad, 'bad request'));
  return parts.join(' · ');
}

class ServerTiles {
  #throughput;
  #memory;
  #connections;
  #held;
  #last = null;

  constructor(parent) {
    this.#throughput = new Tile(parent, 'throughput', 'Sending', {format: format.bandwidth, floor: 100_000});
    this.#memory = new Tile(parent, 'memory', 'Memory', {format: format.bytes});
    this.#connections =
        new Tile(parent, 'connections', 'Connections', {format: (n) => `${format.count(n)} open`, floor: 10});
    this.#held =
        new Tile(parent, 'held', 'Held requests', {format: (n) => `${format.count(n)} held`, floor: 10});
  }

  update(server) {
    const {connections = {}, memory = {}} = server;
    const rates = this.#rates(server);
    this.#throughput.update(
        rates?.sent ?? null,
        rates &&
            `${format.count(rates.requests)} requests/s · receiving ${format.bandwidth(rates.received)}`);
    this.#memory.ceiling = memory.limit || 0;
    this.#memory.update(memory.used || 0, [
      `${format.percent(memory.used, memory.limit)} of ${format.bytes(memory.limit)}`,
      format.plural(memory.objects, 'object'),
    ].join(' · '));
    this.#connections.update(connections.open || 0, connectionDetails(connections));
    this.#held.update(server.held || 0, 'waiting for media that is about to exist');
  }

  lost() {
    this.#last = null;
    for (const tile of [this.#throughput, this.#memory, this.#connections, this.#held]) tile.update(null);
  }

  // Counters that went back belong to another process: no rate from those.
  #rates(server) {
    const last = this.#last;
    const {bytes_sent: sent, bytes_received: received, requests} = server;
    const now = {at: performance.now(), sent, received, requests};
    this.#last = now;
    if (!last || now.sent < last.sent) return null;
    const seconds = (now.at - last.at) / 1000;
    return {
      sent: (8 * (now.sent - last.sent)) / seconds,
      received: (8 * (now.received - last.received)) / seconds,
      requests: (now.requests - last.requests) / seconds,
    };
  }
}

async function getJson(path) {
  const response = await fetch(path, {cache: 'no-store', signal: AbortSignal.timeout(kTimeoutMs)});
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

const link = document.getElementById('link');
const uptime = document.getElementById('uptime');
const empty = document.getElementById('empty');
const tiles = new ServerTiles(document.getElementById('tiles'));
const cards = new ViewList(document.getElementById('presentations'), createPresentationCard);

function showLink(state, text) {
  setAttribute(link, 'data-state', state);
  setText(link, text);
  document.body.classList.toggle('stale', state === 'lost');
}

async function refresh() {
  try {
    const [server, {presentations = []}] =
        await Promise.all([getJson('api/server'), getJson('api/presentations')]);
    tiles.update(server);
    for (const presentation of presentations) presentation.viewers = server.viewers?.[presentation.name] ?? 0;
    cards.update(presentations, (presentation) => presentation.name);
    empty.hidden = presentations.length > 0;
    setText(uptime, `up ${format.wholeSeconds(server.uptime)}`);
    showLink('live', 'Connected');
  } catch {
    tiles.lost();
    setText(uptime, '');
    showLink('lost', 'Server not reachable, trying again…');
  }
}

// Not setInterval: an answer that takes long must not let requests pile up.
for (;;) {
  const next = performance.now() + kPeriodMs;
  await refresh();
  await new Promise((wake) => setTimeout(wake, Math.max(0, next - performance.now())));
}
