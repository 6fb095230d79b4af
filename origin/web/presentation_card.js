// SPDX-License-Identifier: LGPL-2.1-or-later
// One presentation on the dashboard: what it is, where it plays, and its tracks.

import {copyButton, el, setAttribute, setText, ViewList} from './dom.js';
import * as format from './format.js';

const kLayouts = {
  1: 'mono',
  2: 'stereo',
  6: '5.1',
  8: '7.1'
};
const kTypes = {
  live: 'Live',
  event: 'Event',
  vod: 'Video on demand'
};

/** The address of a path of this server; null for anything else, since the text comes from a publisher. */
function ownAddress(path) {
  try {
    const url = new URL(path, location.href);
    return url.origin === location.origin ? url : null;
  } catch {
    return null;
  }
}

function address(name) {
  const value = el('code', {tabindex: '0'});
  const copy = copyButton(`Copy the ${name} address`, () => value.textContent, value);
  const node = el('div', {class: 'address'}, el('span', {class: 'address-kind'}, name), value, copy);
  return {
    node,
    update(path) {
      const url = ownAddress(path);
      node.hidden = !url;
      if (url) setText(value, url.href);
    },
  };
}

function mediaFormat(track) {
  if (track.kind !== 'video') {
    const {sample_rate: rate, channels} = track;
    const layout = kLayouts[channels] ?? format.plural(channels, 'channel');
    return [rate > 0 && `${Number((rate / 1000).toFixed(1))} kHz`, channels > 0 && layout]
        .filter(Boolean)
        .join(', ');
  }
  return [track.width && `${track.width}×${track.height}`, format.frameRate(track.frame_rate)]
      .filter(Boolean)
      .join(', ');
}

function title(track) {
  const words = [track.label, format.language(track.language), track.default && 'default'];
  return [...new Set(words)].filter(Boolean).join(', ');
}

function trouble(track) {
  return [
    track.discontinuities && format.plural(track.discontinuities, 'discontinuity', 'discontinuities'),
    track.gaps && format.plural(track.gaps, 'gap'),
    track.dropped && `${format.count(track.dropped)} dropped`,
  ].filter(Boolean)
      .join(', ');
}

const kColumns = [
  [
    'Track',
    (cells, track) => {
      setText(cells.main, track.name);
      setText(cells.sub, title(track));
    }
  ],
  [
    'Codec',
    (cells, track) => {
      setText(cells.main, track.codec || '–');
      setText(cells.sub, track.codecs);
    }
  ],
  [
    'Format',
    (cells, track) => {
      setText(cells.main, mediaFormat(track) || '–');
      setText(cells.sub, '');
    }
  ],
  [
    'Bitrate',
    (cells, track) => {
      setText(cells.main, format.bitrate(track.average_bandwidth));
      setText(cells.sub, track.bandwidth > 0 ? `peak ${format.bitrate(track.bandwidth)}` : '');
    }
  ],
  [
    'Segments',
    (cells, track) => {
      setText(cells.main, format.plural(track.segments || 0, 'segment'));
      setText(
          cells.sub,
          [track.segments > 0 ? format.bytes(track.bytes) : '', trouble(track)].filter(Boolean).join(', '));
      setAttribute(
          cells.main, 'title', track.segments > 0 ? `${track.first_sequence} to ${track.last_sequence}` : '');
    }
  ],
  [
    'State',
    (cells, track) => {
      setAttribute(cells.main, 'data-state', track.state === 'waiting' ? 'starting' : track.state);
      cells.main.className = 'state';
      setText(cells.main, track.state);
    }
  ],
];

/** Video before audio, video_2 before video_10. */
function inOrder(tracks) {
  const rank = ({kind}) => (kind === 'video' ? 0 : 1);
  return [...tracks].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, 'en', {numeric: true}));
}

function trackRow() {
  const views = kColumns.map(([name], index) => {
    const cells = {main: el('span', {class: 'cell-main'}), sub: el('span', {class: 'cell-sub'})};
    const node = index === 0 ? el('th', {scope: 'row'}) : el('td', {'data-column': name});
    node.append(cells.main, cells.sub);
    return {node, cells};
  });
  return {
    node: el('tr', {}, ...views.map((view) => view.node)),
    update: (track) => views.forEach((view, index) => kColumns[index][1](view.cells, track)),
  };
}

function facts(presentation) {
  const {type, state, window, segment_duration: segment, part_duration: part} = presentation;
  const age = format.wholeSeconds((Date.now() - Date.parse(presentation.started)) / 1000);
  return [
    ['Viewers', format.count(presentation.viewers)],
    ['In memory', format.bytes(presentation.bytes)],
    ['Kind', kTypes[type] ?? type],
    [
      'Segment length',
      part > 0 ? `${format.setting(segment)}, parts ${format.setting(part)}` : format.setting(segment)
    ],
    ['Seekable', type === 'live' && window > 0 ? format.setting(window) : 'everything'],
    state === 'live' ? ['On air', age] : ['Started', `${age} ago`],
  ];
}

export function createPresentationCard() {
  const name = el('a');
  const state = el('span', {class: 'state'});
  const watch = el('a', {class: 'button'}, 'Watch');
  const warnings = el('ul', {class: 'warnings'});
  const list = el('dl', {class: 'facts'});
  const rows = el('tbody');
  const table = el(
      'table', {class: 'tracks'},
      el('thead', {}, el('tr', {}, ...kColumns.map(([column]) => el('th', {scope: 'col'}, column)))), rows);
  const hls = address('HLS');
  const node =
      el('article', {class: 'card'}, el('header', {class: 'card-head'}, el('h3', {}, name), state, watch),
         warnings, list, table, hls.node);

  const warningViews = new ViewList(warnings, () => {
    const item = el('li');
    return {node: item, update: (text) => setText(item, text)};
  });
  const factViews = new ViewList(list, ([term]) => {
    const value = el('dd');
    return {node: el('div', {}, el('dt', {}, term), value), update: ([, text]) => setText(value, text)};
  });
  const trackViews = new ViewList(rows, trackRow);

  return {
    node,
    update(presentation) {
      setText(name, presentation.name);
      const url = ownAddress(presentation.uri);
      for (const anchor of [name, watch]) {
        if (url)
          setAttribute(anchor, 'href', url.href);
        else
          anchor.removeAttribute('href');
      }
      watch.hidden = !url;
      setAttribute(watch, 'aria-label', `Watch ${presentation.name}`);
      setAttribute(state, 'data-state', presentation.state);
      setText(state, presentation.state);
      warningViews.update(presentation.warnings ?? [], (text) => text);
      warnings.hidden = !presentation.warnings?.length;
      factViews.update(facts(presentation), ([term]) => term);
      trackViews.update(inOrder(presentation.tracks ?? []), (track) => track.name);
      table.hidden = !presentation.tracks?.length;
      hls.update(presentation.hls);
    },
  };
}
