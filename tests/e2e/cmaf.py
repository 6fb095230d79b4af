# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads init segments and media segments, by ISO/IEC 14496-12 alone."""

import struct
from dataclasses import dataclass

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"edts", b"moof", b"traf"}
SAMPLE_IS_NON_SYNC = 0x10000


@dataclass(frozen=True)
class Sample:
    dts: int  # ticks
    pts: int
    duration: int
    size: int
    sync: bool


@dataclass(frozen=True)
class Chunk:
    dts: int  # tfdt
    samples: list

    @property
    def end(self):
        return self.dts + sum(sample.duration for sample in self.samples)


def boxes(data):
    """(path of types, payload) of every box, containers entered."""
    position = 0
    while position < len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        header = 8
        if size == 1:
            size, = struct.unpack_from(">Q", data, position + 8)
            header = 16
        if size < header or position + size > len(data):
            raise AssertionError(f"box {kind} of {size} bytes at {position} of {len(data)}")
        payload = data[position + header:position + size]
        yield (kind,), payload
        if kind in CONTAINERS:
            for path, inner in boxes(payload):
                yield (kind, *path), inner
        position += size


class Init:
    def __init__(self, data):
        found = {path[-1]: payload for path, payload in boxes(data)}
        version = found[b"mdhd"][0]
        self.timescale, = struct.unpack_from(">I", found[b"mdhd"], 20 if version else 12)
        self.handler = found[b"hdlr"][8:12].decode()
        self.sample_entry = found[b"stsd"][12:16].decode()
        self.sample_description = found[b"stsd"]
        # Default duration, size and flags: 8.8.3.
        self.defaults = struct.unpack_from(">III", found[b"trex"], 12)
        self.media_time = self._media_time(found.get(b"elst"))

    @staticmethod
    def _media_time(elst):
        """What an edit list takes off composition times: 8.6.6."""
        if not elst:
            return 0
        return struct.unpack_from(">q", elst, 16)[0] if elst[0] else struct.unpack_from(">i", elst, 12)[0]


def chunks(data, init):
    """The movie fragments of a media segment."""
    found = []
    for path, payload in boxes(data):
        if path == (b"moof",):
            found.append(_chunk(payload, init))
    return found


def _chunk(moof, init):
    inner = {path[-1]: payload for path, payload in boxes(moof)}
    tfdt = inner[b"tfdt"]
    dts, = struct.unpack_from(">Q" if tfdt[0] else ">I", tfdt, 4)
    runs = [payload for path, payload in boxes(moof) if path[-1] == b"trun"]
    return Chunk(dts, _samples(runs, dts, _track_defaults(inner[b"tfhd"], init), init.media_time))


def _track_defaults(tfhd, init):
    """8.8.7: what the fragment says, else what the track says."""
    present = int.from_bytes(tfhd[1:4], "big")
    position = 8
    for flag, size in ((0x1, 8), (0x2, 4)):
        position += size if present & flag else 0
    values = list(init.defaults)
    for i, flag in enumerate((0x8, 0x10, 0x20)):
        if present & flag:
            values[i], = struct.unpack_from(">I", tfhd, position)
            position += 4
    return values


def _samples(runs, dts, defaults, media_time):
    samples = []
    for trun in runs:
        present = int.from_bytes(trun[1:4], "big")
        count, = struct.unpack_from(">I", trun, 4)
        position = 12 if present & 0x1 else 8
        first_flags = None
        if present & 0x4:
            first_flags, = struct.unpack_from(">I", trun, position)
            position += 4
        for i in range(count):
            duration, size, flags = defaults
            offset = 0
            if present & 0x100:
                duration, position = struct.unpack_from(">I", trun, position)[0], position + 4
            if present & 0x200:
                size, position = struct.unpack_from(">I", trun, position)[0], position + 4
            if present & 0x400:
                flags, position = struct.unpack_from(">I", trun, position)[0], position + 4
            elif i == 0 and first_flags is not None:
                flags = first_flags
            if present & 0x800:
                offset, = struct.unpack_from(">i" if trun[0] else ">I", trun, position)
                position += 4
            samples.append(Sample(dts, dts + offset - media_time, duration, size, not flags & SAMPLE_IS_NON_SYNC))
            dts += duration
    return samples
