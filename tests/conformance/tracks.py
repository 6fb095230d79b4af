# SPDX-License-Identifier: LGPL-2.1-or-later
"""Media bytes that a session fetched, read by their boxes."""

import functools
import struct
from dataclasses import dataclass

import cmaf
from observations import join

# ISO/IEC 14496-12 8.5.2 and 12.1.3: where sizes of a VisualSampleEntry lie, and where its boxes begin.
VISUAL_SIZE = 24
VISUAL_BOXES = 78
# Sample description's first entry: after version, flags, count, size and type.
FIRST_ENTRY = 16
IDR = {"avc1": lambda unit: unit & 0x1f == 5, "hvc1": lambda unit: 16 <= unit >> 1 & 0x3f <= 23}


class Track(cmaf.Init):
    """What an init segment says, and the things more that a multivariant playlist repeats."""

    @property
    def entry(self):
        return self.sample_description[FIRST_ENTRY:]

    @property
    def resolution(self):
        """As displayed: pixels that are not square make the picture wider or narrower (ISO/IEC 14496-12 12.1.4)."""
        width, height = struct.unpack_from(">HH", self.entry, VISUAL_SIZE)
        across, down = struct.unpack_from(">II", self.entry_boxes.get(b"pasp", bytes(8)))
        if across and down:
            width = (width * across + down // 2) // down
        return f"{width}x{height}"

    @functools.cached_property
    def entry_boxes(self):
        """Those of a VisualSampleEntry, by type."""
        if self.handler != "vide":
            return {}
        return {path[0]: payload for path, payload in cmaf.boxes(self.entry[VISUAL_BOXES:]) if len(path) == 1}

    @property
    def transfer_characteristics(self):
        """Of ISO/IEC 23091-2; None where the sample entry has none (ISO/IEC 14496-12 12.1.5)."""
        colour = self.entry_boxes.get(b"colr", b"")
        return struct.unpack_from(">H", colour, 6)[0] if colour[:4] == b"nclx" else None

    @property
    def avc_profile_and_level(self):
        if self.sample_entry != "avc1":
            return ""
        return self.entry_boxes[b"avcC"][1:4].hex()


@dataclass
class Media:
    """A part or a segment."""
    name: str
    size: int
    track: Track
    chunks: list
    payloads: list  # of the mdat after each moof

    @functools.cached_property
    def samples(self):
        return [sample for chunk in self.chunks for sample in chunk.samples]

    @property
    def duration(self):
        return sum(sample.duration for sample in self.samples) / self.track.timescale

    @property
    def begin(self):
        """Decode time in seconds."""
        return self.chunks[0].dts / self.track.timescale

    @property
    def end(self):
        return self.chunks[-1].end

    @property
    def first_shown(self):
        return min(sample.pts for sample in self.samples) / self.track.timescale

    def real_sync(self):
        """For each sample: whether its bytes are an IDR picture (IRAP in HEVC); None where its codec says nothing."""
        is_idr = IDR.get(self.track.sample_entry)
        for chunk, payload in zip(self.chunks, self.payloads):
            position = 0
            for sample in chunk.samples:
                units = list(nal_units(payload[position:position + sample.size])) if is_idr else []
                yield sample, any(is_idr(unit) for unit in units) if is_idr else None
                position += sample.size


def nal_units(sample):
    """First byte of each; lengths of four bytes (ISO/IEC 14496-15 5.3)."""
    position = 0
    while position + 4 < len(sample):
        length, = struct.unpack_from(">I", sample, position)
        yield sample[position + 4]
        position += 4 + length


@functools.lru_cache(maxsize=4096)
def read(name, body, init):
    """None where the bytes are no fragments."""
    try:
        track = Track(init)
        payloads = [payload for path, payload in cmaf.boxes(body) if path == (b"mdat",)]
        chunks = cmaf.chunks(body, track)
    except (AssertionError, KeyError, struct.error):
        return None
    return Media(name, len(body), track, chunks, payloads) if chunks else None


def load(rendition, uri, map_uri):
    """What lies at a URI of a playlist; None where it was not fetched or cannot be read."""
    body, init = rendition.body(uri), rendition.body(map_uri)
    return read(join(rendition.url, uri), body, init) if body is not None and init is not None else None


@functools.lru_cache(maxsize=64)
def whole_segments(rendition):
    """Every segment that was fetched, in order."""
    found = [load(rendition, segment.uri, segment.map_uri) for _, segment in sorted(rendition.segments.items())
             if not segment.gap]
    return [media for media in found if media]
