// SPDX-License-Identifier: LGPL-2.1-or-later
// The figures of the server as a whole, from one look at it to the next.

import * as format from './format.js';
import {Tile} from './tile.js';

// Answers that say something of the server or its limits; what clients ask wrongly is theirs.
const kFaults = [['error', 'errors'], ['limited', 'limited'], ['denied', 'denied']];
const kSlow = 0.99;

/** What came in, and what of it went wrong, if anything did. */
function connectionDetails({accepted, refused, timed_out: late, bad_requests: bad}) {
  const parts = [`${format.count(accepted)} accepted`];
  if (refused > 0) parts.push(`${format.count(refused)} refused`);
  if (late > 0) parts.push(`${format.count(late)} timed out`);
  if (bad > 0) parts.push(format.plural(bad, 'bad request'));
  return parts.join(' · ');
}

/** What each counter of an object has grown by. */
function growth(now, before) {
  return Object.fromEntries(Object.entries(now).map(([name, value]) => [name, value - (before[name] ?? 0)]));
}

/** The bound in seconds that so much of a distribution is within; null if there is nothing, Infinity beyond all. */
function quantile(buckets, part) {
  const total = buckets.reduce((sum, {count}) => sum + count, 0);
  if (total === 0) return null;
  let sum = 0;
  const bucket = buckets.find(({count}) => (sum += count) >= part * total);
  return bucket.within ?? Infinity;
}

/** What happened since the last look; null where counters went back: they belong to another process. */
class Rates {
  #last = null;

  next(server) {
    const last = this.#last;
    const now = {at: performance.now(), server};
    this.#last = now;
    if (!last || server.bytes_sent < last.server.bytes_sent || server.uptime < last.server.uptime) return null;
    const before = last.server;
    const seconds = (now.at - last.at) / 1000;
    return {
      seconds,
      sent: (8 * (server.bytes_sent - before.bytes_sent)) / seconds,
      received: (8 * (server.bytes_received - before.bytes_received)) / seconds,
      requests: (server.requests - before.requests) / seconds,
      results: growth(server.results, before.results),
      readTimes: server.read_times.map(
          ({within, count}, index) => ({within, count: count - before.read_times[index].count})),
    };
  }

  forget() { this.#last = null; }
}

export class ServerTiles {
  #tiles;
  #rates = new Rates();

  constructor(parent) {
    const tile = (id, title, scale) => new Tile(parent, id, title, scale);
    this.#tiles = {
      throughput: tile('throughput', 'Sending', {format: format.bandwidth, floor: 100_000}),
      hits: tile('hits', 'Hit ratio', {format: (n) => format.percent(n, 1), ceiling: 1}),
      slowest: tile('slowest', 'Answers, 99 %', {format: format.latency, floor: 0.001}),
      faults: tile('faults', 'Refused or failed', {format: (n) => `${format.count(n)} /s`, floor: 10}),
      memory: tile('memory', 'Memory', {format: format.bytes}),
      viewers: tile('viewers', 'Viewers', {format: format.count, floor: 10}),
      connections:
          tile('connections', 'Connections', {format: (n) => `${format.count(n)} open`, floor: 10}),
      held: tile('held', 'Held requests', {format: (n) => `${format.count(n)} held`, floor: 10}),
    };
  }

  update(server) {
    const {connections = {}, viewers = {}} = server;
    this.#showRates(this.#rates.next(server));
    this.#showMemory(server.memory ?? {});
    this.#tiles.viewers.update(
        Object.values(viewers).reduce((sum, count) => sum + count, 0), 'of the last 15 seconds');
    this.#tiles.connections.update(connections.open || 0, connectionDetails(connections));
    this.#tiles.held.update(server.held || 0, 'waiting for media that is about to exist');
  }

  lost() {
    this.#rates.forget();
    for (const tile of Object.values(this.#tiles)) tile.update(null);
  }

  #showRates(rates) {
    const {throughput, hits, slowest, faults} = this.#tiles;
    if (!rates) {
      for (const tile of [throughput, hits, slowest, faults]) tile.update(null);
      return;
    }
    const {results, seconds} = rates;
    throughput.update(
        rates.sent,
        `${format.count(rates.requests)} requests/s · receiving ${format.bandwidth(rates.received)}`);
    const missed = results.miss + results.expired;
    const looked = results.hit + missed;
    hits.update(
        looked > 0 ? results.hit / looked : null,
        missed > 0 ? `${format.count(results.miss)} missed · ${format.count(results.expired)} expired` : '');
    const time = quantile(rates.readTimes, kSlow);
    slowest.update(time === Infinity ? null : time, 'of those that do not wait', time === Infinity ? 'minutes' : undefined);
    const failed = kFaults.filter(([result]) => results[result] > 0);
    faults.update(
        failed.reduce((sum, [result]) => sum + results[result], 0) / seconds,
        failed.map(([result, name]) => `${format.count(results[result])} ${name}`).join(' · '));
  }

  #showMemory({used = 0, limit = 0, objects = 0}) {
    this.#tiles.memory.ceiling = limit;
    this.#tiles.memory.update(
        used, `${format.percent(used, limit)} of ${format.bytes(limit)} · ${format.plural(objects, 'object')}`);
  }
}
