# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads playlists strictly, by RFC 8216bis section 4 alone: what is wrong is kept as a fault with its line."""

import functools
import re
from dataclasses import dataclass, field
from datetime import datetime

ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]+)(,|$)')
TAG = re.compile(r"#(EXT[A-Z0-9-]*)(?::(.*))?$")
# 4.2
TYPES = {
    "integer": re.compile(r"\d{1,20}"),
    "float": re.compile(r"\d+(\.\d+)?"),
    "string": re.compile(r'"[^"\r\n]*"'),
    "word": re.compile(r'[^",\s]+'),
    "resolution": re.compile(r"\d+x\d+"),
    "yes": re.compile(r"YES"),
    "yes/no": re.compile(r"YES|NO"),
    "byterange": re.compile(r'"\d+(@\d+)?"'),
    "hint type": re.compile(r"PART|MAP"),
}
# Attributes of each tag with their types; those that have to be there first, before None.
ATTRIBUTES = {
    "EXT-X-PART-INF": {"PART-TARGET": "float", None: None},
    "EXT-X-SERVER-CONTROL": {None: None, "CAN-SKIP-UNTIL": "float", "CAN-SKIP-DATERANGES": "yes",
                             "HOLD-BACK": "float", "PART-HOLD-BACK": "float", "CAN-BLOCK-RELOAD": "yes"},
    "EXT-X-PART": {"DURATION": "float", "URI": "string", None: None, "INDEPENDENT": "yes", "GAP": "yes",
                   "BYTERANGE": "byterange"},
    "EXT-X-MAP": {"URI": "string", None: None, "BYTERANGE": "byterange"},
    "EXT-X-KEY": {"METHOD": "word", None: None, "URI": "string", "IV": "word", "KEYFORMAT": "string",
                  "KEYFORMATVERSIONS": "string"},
    "EXT-X-SKIP": {"SKIPPED-SEGMENTS": "integer", None: None, "RECENTLY-REMOVED-DATERANGES": "string"},
    "EXT-X-PRELOAD-HINT": {"TYPE": "hint type", "URI": "string", None: None, "BYTERANGE-START": "integer",
                           "BYTERANGE-LENGTH": "integer"},
    "EXT-X-RENDITION-REPORT": {"URI": "string", None: None, "LAST-MSN": "integer", "LAST-PART": "integer"},
    "EXT-X-DATERANGE": {"ID": "string", None: None, "START-DATE": "string", "CLASS": "string",
                        "END-DATE": "string", "DURATION": "float", "PLANNED-DURATION": "float"},
    "EXT-X-STREAM-INF": {"BANDWIDTH": "integer", None: None, "AVERAGE-BANDWIDTH": "integer", "CODECS": "string",
                         "RESOLUTION": "resolution", "FRAME-RATE": "float", "VIDEO-RANGE": "word",
                         "AUDIO": "string", "VIDEO": "string", "SUBTITLES": "string"},
    "EXT-X-MEDIA": {"TYPE": "word", "GROUP-ID": "string", "NAME": "string", None: None, "URI": "string",
                    "LANGUAGE": "string", "DEFAULT": "yes/no", "AUTOSELECT": "yes/no", "FORCED": "yes/no",
                    "CHANNELS": "string"},
}
INTEGER_TAGS = {"EXT-X-VERSION", "EXT-X-TARGETDURATION", "EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE"}
PLAIN_TAGS = {"EXTM3U", "EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-ENDLIST", "EXT-X-DISCONTINUITY", "EXT-X-GAP",
              "EXT-X-I-FRAMES-ONLY"}
ONCE = INTEGER_TAGS | {"EXTM3U", "EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-ENDLIST", "EXT-X-PART-INF",
                       "EXT-X-SERVER-CONTROL", "EXT-X-PLAYLIST-TYPE", "EXT-X-SKIP"}
# 4.4.3: these have to come before the first segment.
HEADER = {"EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE", "EXT-X-TARGETDURATION", "EXT-X-SERVER-CONTROL",
          "EXT-X-PART-INF", "EXT-X-SKIP"}
OF_SEGMENT = {"EXTINF", "EXT-X-BYTERANGE", "EXT-X-DISCONTINUITY", "EXT-X-KEY", "EXT-X-MAP", "EXT-X-GAP",
              "EXT-X-PROGRAM-DATE-TIME", "EXT-X-PART", "EXT-X-BITRATE"}
MULTIVARIANT = {"EXT-X-STREAM-INF", "EXT-X-MEDIA", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-SESSION-DATA"}
BEFORE_PARTS = {"EXT-X-DISCONTINUITY", "EXT-X-KEY", "EXT-X-MAP", "EXT-X-PROGRAM-DATE-TIME"}


@dataclass
class Tag:
    name: str
    value: str
    line: int
    attributes: dict = field(default_factory=dict)

    def get(self, attribute):
        return self.attributes.get(attribute)


@dataclass
class Part:
    number: int  # of its segment
    index: int
    uri: str
    duration: float
    independent: bool
    gap: bool
    tag: Tag

    @property
    def place(self):
        return self.number, self.index


@dataclass
class Segment:
    """The last one of a playlist may lack its URI: it is still being written."""
    number: int
    discontinuity_number: int = 0
    uri: str = ""
    duration: float | None = None
    map_uri: str | None = None
    date: float | None = None  # as tagged or as follows from the segment before
    tags: list = field(default_factory=list)
    parts: list = field(default_factory=list)

    def has(self, name):
        return any(tag.name == name for tag in self.tags)

    @property
    def gap(self):
        return self.has("EXT-X-GAP")

    @property
    def whole(self):
        return bool(self.uri)

    @property
    def discontinuity(self):
        return self.has("EXT-X-DISCONTINUITY")

    @property
    def dated(self):
        return self.has("EXT-X-PROGRAM-DATE-TIME")

    @property
    def known_duration(self):
        return self.duration if self.whole else sum(part.duration for part in self.parts)


@dataclass
class Playlist:
    text: str
    tags: list = field(default_factory=list)
    by_name: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)
    listed: list = field(default_factory=list)  # segments, the last one perhaps not whole
    variants: list = field(default_factory=list)  # (tag, URI)
    first_number: int = 0

    def add(self, tag):
        self.tags.append(tag)
        self.by_name.setdefault(tag.name, []).append(tag)

    def all(self, name):
        return self.by_name.get(name, [])

    def tag(self, name):
        return next(iter(self.all(name)), None)

    def _number(self, name, otherwise=0):
        tag = self.tag(name)
        return int(tag.value) if tag and tag.value.isdigit() else otherwise

    def _float(self, name, attribute):
        tag = self.tag(name)
        value = tag.get(attribute) if tag else None
        return float(value) if value is not None and TYPES["float"].fullmatch(value) else None

    @functools.cached_property
    def version(self):
        return self._number("EXT-X-VERSION", 1)

    @functools.cached_property
    def target(self):
        return self._number("EXT-X-TARGETDURATION")

    @functools.cached_property
    def media_sequence(self):
        return self._number("EXT-X-MEDIA-SEQUENCE")

    @property
    def discontinuity_sequence(self):
        return self._number("EXT-X-DISCONTINUITY-SEQUENCE")

    @functools.cached_property
    def part_target(self):
        return self._float("EXT-X-PART-INF", "PART-TARGET")

    @functools.cached_property
    def server_control(self):
        tag = self.tag("EXT-X-SERVER-CONTROL")
        return tag.attributes if tag else {}

    def control(self, attribute):
        return self._float("EXT-X-SERVER-CONTROL", attribute)

    @property
    def can_block(self):
        return self.server_control.get("CAN-BLOCK-RELOAD") == "YES"

    @functools.cached_property
    def ended(self):
        return self.tag("EXT-X-ENDLIST") is not None

    @functools.cached_property
    def skip(self):
        return self.tag("EXT-X-SKIP")

    @property
    def skipped(self):
        return int(self.skip.get("SKIPPED-SEGMENTS") or 0) if self.skip else 0

    @functools.cached_property
    def segments(self):
        return [segment for segment in self.listed if segment.whole]

    @functools.cached_property
    def parts(self):
        return [part for segment in self.listed for part in segment.parts]

    @functools.cached_property
    def last_number(self):
        """Of the last whole segment."""
        return self.first_number + len(self.segments) - 1

    @functools.cached_property
    def position(self):
        """The number of the segment being written, and how many parts it has: what the next request asks for."""
        growing = self.listed[-1] if self.listed and not self.listed[-1].whole else None
        return self.last_number + 1, len(growing.parts) if growing else 0

    @functools.cached_property
    def end_date(self):
        last = self.listed[-1] if self.listed else None
        return None if last is None or last.date is None else last.date + last.known_duration

    @functools.cached_property
    def duration(self):
        return sum(segment.duration for segment in self.segments)

    def hint(self, kind):
        return next((tag for tag in self.all("EXT-X-PRELOAD-HINT") if tag.get("TYPE") == kind), None)


def to_seconds(date):
    """4.4.4.6: ISO 8601 with a time zone."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)", date):
        raise ValueError(date)
    return datetime.fromisoformat(date.replace("Z", "+00:00")).timestamp()


class _Reader:
    def __init__(self, text):
        self.playlist = Playlist(text)
        self.seen = set()
        self.pending = []
        self.parts = []
        self.map_uri = None
        self.date = None
        self.discontinuities = 0
        self.stream_inf = None

    def fault(self, line, what):
        self.playlist.faults.append(f"line {line}: {what}")

    def attributes(self, tag):
        """4.2: no name twice, no white space between, quoted strings where they have to be."""
        found, position = {}, 0
        while position < len(tag.value):
            match = ATTRIBUTE.match(tag.value, position)
            if not match:
                self.fault(tag.line, f"no attribute list: {tag.value[position:]!r}")
                break
            name, value = match[1], match[2]
            if name in found:
                self.fault(tag.line, f"{name} twice")
            wanted = ATTRIBUTES[tag.name].get(name)
            if wanted and not TYPES[wanted].fullmatch(value):
                self.fault(tag.line, f"{name}={value} is no {wanted}")
            found[name] = value.strip('"')
            position = match.end()
        for name in ATTRIBUTES[tag.name]:
            if name is None:
                break
            if name not in found:
                self.fault(tag.line, f"{tag.name} without {name}")
        return found

    def read(self):
        text = self.playlist.text
        if "\r" in text.replace("\r\n", "\n") or "\ufeff" in text:
            self.fault(1, "a lone carriage return or a byte order mark")
        lines = text.split("\n")
        if lines[0].rstrip("\r") != "#EXTM3U":
            self.fault(1, "no #EXTM3U")
        for number, line in enumerate((line.rstrip("\r") for line in lines), 1):
            if not line:
                continue
            if line.startswith("#EXT"):
                self.read_tag(number, line)
            elif not line.startswith("#"):
                self.read_uri(number, line)
        self.finish(len(lines))
        return self.playlist

    def read_tag(self, number, line):
        match = TAG.match(line)
        if not match:
            self.fault(number, f"no tag: {line}")
            return
        tag = Tag(match[1], match[2] or "", number)
        if tag.name in ATTRIBUTES:
            tag.attributes = self.attributes(tag)
        elif tag.name in INTEGER_TAGS and not TYPES["integer"].fullmatch(tag.value):
            self.fault(number, f"{tag.name} without a number")
        elif tag.name in PLAIN_TAGS and match[2] is not None:
            self.fault(number, f"{tag.name} with a value")
        if tag.name in ONCE and tag.name in self.seen:
            self.fault(number, f"{tag.name} twice")
        if tag.name in HEADER and self.seen & OF_SEGMENT:
            self.fault(number, f"{tag.name} after the first segment")
        if "EXT-X-ENDLIST" in self.seen and tag.name in OF_SEGMENT:
            self.fault(number, f"{tag.name} after EXT-X-ENDLIST")
        self.seen.add(tag.name)
        self.playlist.add(tag)
        if tag.name == "EXT-X-STREAM-INF":
            self.stream_inf = tag
        elif tag.name in OF_SEGMENT:
            self.read_segment_tag(tag)

    def read_segment_tag(self, tag):
        self.pending.append(tag)
        if tag.name == "EXT-X-PART":
            self.parts.append(tag)
        elif tag.name == "EXT-X-MAP":
            self.map_uri = tag.get("URI")
        elif tag.name == "EXT-X-PROGRAM-DATE-TIME":
            try:
                self.date = to_seconds(tag.value)
            except ValueError:
                self.fault(tag.line, f"no date: {tag.value}")
        elif tag.name == "EXT-X-DISCONTINUITY":
            self.discontinuities += 1
        elif tag.name == "EXTINF" and not re.fullmatch(r"\d+(\.\d+)?,.*", tag.value):
            self.fault(tag.line, f"no duration: {tag.value}")

    def read_uri(self, line, uri):
        if self.stream_inf:
            self.playlist.variants.append((self.stream_inf, uri))
            self.stream_inf = None
            return
        durations = [tag for tag in self.pending if tag.name == "EXTINF"]
        if len(durations) != 1:
            self.fault(line, f"{len(durations)} EXTINF for {uri}")
        if "EXT-X-ENDLIST" in self.seen:
            self.fault(line, "a segment after EXT-X-ENDLIST")
        value = durations[0].value.split(",")[0] if durations else ""
        self.add_segment(uri, float(value) if TYPES["float"].fullmatch(value) else 0.0)

    def add_segment(self, uri, duration):
        playlist = self.playlist
        if not playlist.listed:
            playlist.first_number = playlist.media_sequence + playlist.skipped
        number = playlist.first_number + len(playlist.listed)
        parts = [Part(number, index, tag.get("URI") or "", float(tag.get("DURATION") or 0),
                      tag.get("INDEPENDENT") == "YES", tag.get("GAP") == "YES", tag)
                 for index, tag in enumerate(self.parts)]
        segment = Segment(number, playlist.discontinuity_sequence + self.discontinuities, uri, duration,
                          self.map_uri, self.date, self.pending, parts)
        playlist.listed.append(segment)
        if self.date is not None:
            self.date += segment.known_duration
        self.pending, self.parts = [], []

    def finish(self, line):
        if self.stream_inf:
            self.fault(line, "EXT-X-STREAM-INF without a URI")
        if any(tag.name in ("EXTINF", "EXT-X-BYTERANGE") for tag in self.pending):
            self.fault(line, "EXTINF or EXT-X-BYTERANGE without a URI")
        if self.pending:
            self.add_segment("", None)
        if not self.playlist.listed:
            self.playlist.first_number = self.playlist.media_sequence + self.playlist.skipped
        if self.seen & MULTIVARIANT and self.seen & (OF_SEGMENT | HEADER):
            self.fault(line, "tags of a media playlist in a multivariant playlist")
        if not self.seen & MULTIVARIANT and "EXT-X-TARGETDURATION" not in self.seen:
            self.fault(line, "no EXT-X-TARGETDURATION")


@functools.lru_cache(maxsize=4096)
def parse(text):
    return _Reader(text).read()
