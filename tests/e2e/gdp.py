# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads what gdppay wrote: the buffers of one pad, with the times that they really had there."""

import re
import struct
from dataclasses import dataclass

HEADER = struct.Struct(">BBBBHIQQQQHQ10x")
TYPE_BUFFER, TYPE_CAPS = 1, 2
NONE = 2**64 - 1
SECOND = 1_000_000_000
FLAG_HEADER = 1 << 10


@dataclass(frozen=True)
class Buffer:
    stamp: float | None  # presentation time as it is, seconds
    pts: float | None  # running time, seconds
    dts: float | None
    duration: float | None
    size: int
    flags: int
    caps: str


def _number(text, name):
    return int(re.search(rf"\b{name}=\(guint64\)(\d+)", text)[1])


class _Segment:
    def __init__(self, text=""):
        self.start = _number(text, "start") if text else 0
        self.base = _number(text, "base") if text else 0
        self.offset = _number(text, "offset") if text else 0

    def running(self, time):
        return None if time == NONE else (time - self.start - self.offset + self.base) / SECOND


def read(data):
    """The buffers with media in a recording, in the order they came."""
    buffers, position, segment, caps = [], 0, _Segment(), ""
    while position + HEADER.size <= len(data):
        _, _, _, _, kind, size, pts, duration, _, _, flags, dts = HEADER.unpack_from(data, position)
        position += HEADER.size
        text = b"" if kind == TYPE_BUFFER else data[position:position + size]
        position += size
        if position > len(data):
            break
        if kind == TYPE_CAPS:
            caps = text.rstrip(b"\0").decode()
        elif text.startswith(b"GstEventSegment"):
            segment = _Segment(text.decode(errors="replace"))
        elif kind == TYPE_BUFFER and size and not (flags & FLAG_HEADER and caps.startswith("audio")):
            buffers.append(Buffer(None if pts == NONE else pts / SECOND, segment.running(pts), segment.running(dts),
                                  None if duration == NONE else duration / SECOND, size, flags, caps))
    return buffers
