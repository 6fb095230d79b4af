// SPDX-License-Identifier: LGPL-2.1-or-later
// A small live graph: the last two minutes of one figure, one sample a second, drawn as SVG.
// The newest number stands beside it as text, so the drawing itself is hidden from screen readers.

const kNamespace = 'http://www.w3.org/2000/svg';
const kSamples = 120;
const kWidth = 240;
const kHeight = 48;

function shape(tag, className) {
  const node = document.createElementNS(kNamespace, tag);
  node.setAttribute('class', className);
  node.setAttribute('vector-effect', 'non-scaling-stroke');
  return node;
}

/** The next round number: 1, 2 or 5 times a power of ten. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((candidate) => candidate >= value * 0.999);
}

export class Graph {
  #samples = [];
  #format;
  #floor;
  #ceiling;
  #line = shape('path', 'graph-line');
  #area = shape('path', 'graph-area');
  #cursor = shape('path', 'graph-cursor');
  #scale = document.createElement('span');
  #age = document.createElement('span');
  #pointer = null;

  /**
   * `format` writes a value with its unit. The scale ends at `ceiling` if given, else at a round number over
   * the largest sample and over `floor`, so that noise near zero does not fill the height.
   */
  constructor(parent, {format, floor = 1, ceiling = 0}) {
    this.#format = format;
    this.#floor = floor;
    this.#ceiling = ceiling;
    const svg = document.createElementNS(kNamespace, 'svg');
    svg.setAttribute('viewBox', `0 0 ${kWidth} ${kHeight}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.append(this.#area, this.#line, this.#cursor);
    const legend = document.createElement('div');
    legend.className = 'graph-legend';
    legend.append(this.#age, this.#scale);
    const root = document.createElement('div');
    root.className = 'graph';
    root.setAttribute('aria-hidden', 'true');
    root.append(svg, legend);
    root.addEventListener('pointermove', (event) => {
      const box = svg.getBoundingClientRect();
      this.#pointer = Math.round((1 - (event.clientX - box.left) / box.width) * (kSamples - 1));
      this.#draw();
    });
    root.addEventListener('pointerleave', () => {
      this.#pointer = null;
      this.#draw();
    });
    parent.append(root);
    this.#draw();
  }

  set ceiling(value) { this.#ceiling = value; }

  /** Adds one second's value; null leaves a hole. */
  push(value) {
    this.#samples.push(Number.isFinite(value) ? value : null);
    if (this.#samples.length > kSamples) this.#samples.shift();
    this.#draw();
  }

  #draw() {
    const samples = this.#samples;
    const known = samples.filter((value) => value !== null);
    const top = this.#ceiling || roundUp(Math.max(this.#floor, ...known));
    const x = (index) => (kWidth * (kSamples - samples.length + index)) / (kSamples - 1);
    const y = (value) => kHeight - 1 - (kHeight - 3) * Math.min(1, Math.max(0, value / top));
    let line = '';
    let area = '';
    let start = -1;
    for (let i = 0; i <= samples.length; ++i) {
      const there = i < samples.length && samples[i] !== null;
      if (there) {
        line += `${start < 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(samples[i]).toFixed(1)}`;
        if (start < 0) area += `M${x(i).toFixed(1)} ${kHeight}`;
        area += `L${x(i).toFixed(1)} ${y(samples[i]).toFixed(1)}`;
        if (start < 0) start = i;
      } else if (start >= 0) {
        area += `L${x(i - 1).toFixed(1)} ${kHeight}Z`;
        start = -1;
      }
    }
    this.#line.setAttribute('d', line);
    this.#area.setAttribute('d', area);
    this.#drawLegend(top, x);
  }

  #drawLegend(top, x) {
    const index = this.#pointer === null ? -1 : this.#samples.length - 1 - this.#pointer;
    const value = this.#samples[index];
    const pointed = value !== undefined && value !== null;
    this.#cursor.setAttribute('d', pointed ? `M${x(index)} 0V${kHeight}` : '');
    this.#age.textContent = pointed ? `${this.#pointer} s ago` : '2 min';
    this.#scale.textContent =
        pointed ? this.#format(value) : `max ${this.#format(top).replace(/\.0+(?= )/, '')}`;
  }
}
