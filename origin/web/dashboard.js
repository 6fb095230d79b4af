// SPDX-License-Identifier: LGPL-2.1-or-later
// The dashboard: asks the server once a second, and goes on asking when it is away.

import {setAttribute, setText, ViewList} from './dom.js';
import * as format from './format.js';
import {createPresentationCard} from './presentation_card.js';
import {ServerTiles} from './server_tiles.js';

const kPeriodMs = 1000;
const kTimeoutMs = 5000;

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
