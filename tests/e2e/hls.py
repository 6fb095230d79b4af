# SPDX-License-Identifier: LGPL-2.1-or-later
"""As much of an HLS client as the tests need; it decides nothing, and keeps what it read."""

import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin

import cmaf

# Only ends a test that hangs.
PATIENCE = 90
# How often to look again where there is nothing to wait on.
POLL_SECONDS = 0.1
ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))')


def fetch(url):
    """The body. A request that the origin gives up holding is made again, as players do."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > end:
                raise AssertionError(f"{url}: {error.code} {error.read().decode(errors='replace')}") from error
            error.close()
            time.sleep(float(error.headers.get("Retry-After", POLL_SECONDS)))


def attributes(line):
    return {name: quoted or plain for name, quoted, plain in ATTRIBUTE.findall(line.split(":", 1)[1])}


@dataclass
class Segment:
    number: int
    url: str
    duration: float
    init_url: str
    discontinuity: bool
    gap: bool
    date: float | None
    chunks: list = field(default_factory=list)
    init: cmaf.Init | None = None

    @property
    def samples(self):
        return [sample for chunk in self.chunks for sample in chunk.samples]


@dataclass
class MediaPlaylist:
    url: str
    text: str
    target: int = 0
    ended: bool = False
    independent: bool = False
    discontinuity_sequence: int = 0
    segments: list = field(default_factory=list)

    @property
    def real_segments(self):
        return [segment for segment in self.segments if not segment.gap]

    def load_segments(self):
        inits = {url: cmaf.Init(fetch(url)) for url in {segment.init_url for segment in self.real_segments}}
        for segment in self.real_segments:
            segment.init = inits[segment.init_url]
            segment.chunks = cmaf.chunks(fetch(segment.url), segment.init)
        return self


def parse_media(url, text):
    playlist = MediaPlaylist(url, text)
    number, duration, init, discontinuity, gap, date = 0, 0.0, None, False, False, None
    for line in text.splitlines():
        value = line.partition(":")[2]
        if line.startswith("#EXT-X-TARGETDURATION:"):
            playlist.target = int(value)
        elif line.startswith("#EXT-X-MEDIA-SEQUENCE:"):
            number = int(value)
        elif line.startswith("#EXT-X-DISCONTINUITY-SEQUENCE:"):
            playlist.discontinuity_sequence = int(value)
        elif line.startswith("#EXT-X-MAP:"):
            init = urljoin(url, attributes(line)["URI"])
        elif line.startswith("#EXTINF:"):
            duration = float(value.split(",")[0])
        elif line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
            date = datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        elif line in ("#EXT-X-DISCONTINUITY", "#EXT-X-GAP"):
            discontinuity, gap = discontinuity or line.endswith("DISCONTINUITY"), gap or line.endswith("GAP")
        elif line == "#EXT-X-ENDLIST":
            playlist.ended = True
        elif line == "#EXT-X-INDEPENDENT-SEGMENTS":
            playlist.independent = True
        elif line and not line.startswith("#"):
            playlist.segments.append(Segment(number, urljoin(url, line), duration, init, discontinuity, gap, date))
            number, discontinuity, gap, date = number + 1, False, False, None
    return playlist


def media(url):
    return parse_media(url, fetch(url).decode())


def media_when(url, wanted):
    """The media playlist once it is as wanted."""
    end = time.monotonic() + PATIENCE
    while True:
        playlist = media(url)
        if wanted(playlist):
            return playlist
        if time.monotonic() > end:
            raise AssertionError(f"{url} did not become as wanted:\n{playlist.text}")
        time.sleep(POLL_SECONDS)


class Presentation:
    """The multivariant playlist: variants and renditions by the name of their track."""

    def __init__(self, url):
        self.url = urljoin(url, "index.m3u8")
        self.text = fetch(self.url).decode()
        self.variants, self.renditions = {}, {}
        pending = None
        for line in self.text.splitlines():
            if line.startswith("#EXT-X-STREAM-INF:"):
                pending = attributes(line)
            elif line.startswith("#EXT-X-MEDIA:"):
                found = attributes(line)
                self.renditions[found["URI"].split("/")[0]] = found
            elif line and not line.startswith("#"):
                self.variants[line.split("/")[0]] = pending

    @property
    def tracks(self):
        return [*self.variants, *self.renditions]

    def media_url(self, track):
        return urljoin(self.url, f"{track}/index.m3u8")
