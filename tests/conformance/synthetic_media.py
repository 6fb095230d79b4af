# SPDX-License-Identifier: LGPL-2.1-or-later
"""As little CMAF as a reader of boxes accepts, for sessions that never were."""

import struct
from dataclasses import dataclass

SYNC, NO_SYNC = 0x02000000, 0x01010000


def box(kind, *payload):
    body = b"".join(payload)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind, flags, *payload, version=0):
    return box(kind, struct.pack(">I", version << 24 | flags), *payload)


@dataclass(frozen=True)
class Frame:
    dts: int
    duration: int
    sync: bool
    size: int


def video_entry(width, height, across=1, down=1):
    """The last two are the shape of a pixel."""
    configuration = box(b"avcC", bytes([1, 0x64, 0, 0x1f, 0xff, 0xe0, 0]))
    colour = box(b"colr", b"nclx", struct.pack(">HHHB", 1, 1, 1, 0))
    aspect = box(b"pasp", struct.pack(">II", across, down))
    return box(b"avc1", bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">HH", width, height), bytes(50),
               configuration, colour, aspect)


def audio_entry():
    return box(b"mp4a", bytes(6), struct.pack(">H", 1), bytes(20))


def init_segment(timescale, entry, edition=0):
    """Two editions differ, as those of two configurations do."""
    handler = b"vide" if entry[4:8] == b"avc1" else b"soun"
    media = box(b"mdia",
                full_box(b"mdhd", 0, struct.pack(">IIIII", 0, 0, timescale, 0, 0)),
                full_box(b"hdlr", 0, bytes(4), handler, bytes(13)),
                box(b"minf", box(b"stbl", full_box(b"stsd", 0, struct.pack(">I", 1), entry))))
    return (box(b"ftyp", b"cmfc", struct.pack(">I", edition), b"iso6")
            + box(b"moov", full_box(b"mvhd", 0, bytes(96)), box(b"trak", media),
                  box(b"mvex", full_box(b"trex", 0, struct.pack(">IIIII", 1, 1, 0, 0, 0)))))


def payload(frame):
    """One NAL unit: an IDR slice or another one. To audio it is just bytes."""
    unit = bytes([0x65 if frame.sync else 0x41])
    stuffing = frame.dts.to_bytes(8, "big") * (frame.size // 8)
    return (struct.pack(">I", frame.size - 4) + unit + stuffing)[:frame.size].ljust(frame.size, b"\0")


def chunk(frames):
    samples = b"".join(struct.pack(">III", frame.duration, frame.size, SYNC if frame.sync else NO_SYNC)
                       for frame in frames)
    fragment = box(b"traf",
                   full_box(b"tfhd", 0x20000, struct.pack(">I", 1)),
                   full_box(b"tfdt", 0, struct.pack(">Q", frames[0].dts), version=1),
                   full_box(b"trun", 0x700, struct.pack(">I", len(frames)), samples))
    return box(b"moof", full_box(b"mfhd", 0, bytes(4)), fragment) + box(b"mdat", *map(payload, frames))
