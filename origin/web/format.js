// SPDX-License-Identifier: LGPL-2.1-or-later
// Numbers as people read them, always with their unit.

const kNothing = '–';

function scaled(value, step, units) {
  let unit = 0;
  while (Math.abs(value) >= step && unit < units.length - 1) {
    value /= step;
    ++unit;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

export const bytes = (n) => scaled(n || 0, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
export const bitrate = (n) => (n > 0 ? scaled(n, 1000, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s']) : kNothing);
export const bandwidth = (n) => scaled(n || 0, 1000, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s']);
export const count = (n) => Math.round(n || 0).toLocaleString('en');
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

export function percent(part, whole) {
  if (!(whole > 0)) return kNothing;
  return `${((100 * part) / whole).toFixed(part < whole / 10 ? 1 : 0)} %`;
}

/** A measured time: 0.84 s, 12.4 s, and from a minute on as wholeSeconds. */
export function duration(seconds) {
  if (Math.abs(seconds) < 10) return `${seconds.toFixed(2)} s`;
  if (Math.abs(seconds) < 60) return `${seconds.toFixed(1)} s`;
  return wholeSeconds(seconds);
}

/** A short time: 0.25 ms, 10 ms, and from a second on as duration. */
export function latency(seconds) {
  return seconds < 1 ? `${Number((1000 * seconds).toPrecision(3))} ms` : duration(seconds);
}

/** 12 s, 3 min 20 s, 2 h 5 min, 3 d 4 h. */
export function wholeSeconds(seconds) {
  if (!Number.isFinite(seconds)) return kNothing;
  const whole = Math.max(0, Math.floor(seconds));
  const two = (large, largeUnit, small, smallUnit) =>
      small ? `${large} ${largeUnit} ${small} ${smallUnit}` : `${large} ${largeUnit}`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return two(Math.floor(whole / 60), 'min', whole % 60, 's');
  if (whole < 86400) return two(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min');
  return two(Math.floor(whole / 86400), 'd', Math.floor((whole % 86400) / 3600), 'h');
}

/** A configured length: 2 s, 0.5 s, without the digits that a measurement has. */
export const setting = (seconds) =>
    (seconds >= 60 ? wholeSeconds(seconds) : `${Number((seconds || 0).toFixed(3))} s`);

export function frameRate(rate) { return rate > 0 ? `${Number(rate.toFixed(2))} fps` : ''; }

const languages = new Intl.DisplayNames(['en'], {type: 'language', fallback: 'code'});

/** The English name of a BCP 47 or ISO 639 tag; the tag itself where it is none, empty for "undetermined". */
export function language(tag) {
  if (!tag || tag === 'und') return '';
  try {
    return languages.of(tag);
  } catch {
    return tag;
  }
}
