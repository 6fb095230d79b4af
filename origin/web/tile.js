// SPDX-License-Identifier: LGPL-2.1-or-later
// A figure with its graph and one line of detail.

import {el, setText} from './dom.js';
import {Graph} from './graph.js';

const kEmptyLine = '\u00a0';

export class Tile {
  #value = el('p', {class: 'tile-value'}, '–');
  #detail = el('p', {class: 'tile-detail'}, kEmptyLine);
  #node;
  #graph;
  #format;

  /** `id` becomes the attribute data-tile; `scale` is what Graph takes. */
  constructor(parent, id, title, scale) {
    this.#node = el('div', {class: 'tile', 'data-tile': id}, el('h3', {}, title), this.#value);
    this.#format = scale.format;
    this.#graph = new Graph(this.#node, scale);
    this.#node.append(this.#detail);
    parent.append(this.#node);
  }

  set ceiling(value) { this.#graph.ceiling = value; }

  set hidden(value) { this.#node.hidden = value; }

  /**
   * One second's value for the graph, null if there is none; `text` is shown in its place where it says
   * more.
   */
  update(value, detail = '', text = value === null ? '–' : this.#format(value)) {
    this.#graph.push(value);
    setText(this.#value, text);
    setText(this.#detail, detail || kEmptyLine);
  }
}
