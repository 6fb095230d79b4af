# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a client saw of a live presentation: every request with its answer and times, and what follows from them."""

import functools
import math
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urljoin, urlsplit, urlunsplit

from parser import parse

# Playlists name the same things again and again.
join = functools.lru_cache(maxsize=1 << 16)(urljoin)

# Purposes of requests. Only FOLLOW and DELTA have an order that the server's versions can be told from.
MULTIVARIANT, FOLLOW, DELTA, PROBE = "multivariant", "follow", "delta", "probe"
HINT, PART, SEGMENT, INIT = "hint", "part", "segment", "init"
LATE_PART, LATE_SEGMENT, UNKNOWN = "part no longer listed", "segment no longer listed", "unknown name"
PLAYLISTS = {FOLLOW, DELTA, PROBE}
MEDIA = {HINT, PART, SEGMENT, INIT, LATE_PART, LATE_SEGMENT}


@dataclass(frozen=True)
class Exchange:
    purpose: str
    url: str
    sent: float  # seconds of one clock, as are the next two
    first: float  # first byte of the answer
    done: float  # last byte
    status: int  # 0: none
    headers: dict  # names in lower case
    body: bytes = b""  # without its content coding
    asked: dict = field(default_factory=dict)  # request headers, names in lower case
    rendition: str = ""  # URL of the media playlist that it is about
    fault: str = ""  # of the transport

    @functools.cached_property
    def directives(self):
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def number(self, directive):
        value = self.directives.get(directive)
        return int(value) if value is not None and value.isdigit() else None

    @functools.cached_property
    def msn(self):
        return self.number("_HLS_msn")

    @functools.cached_property
    def part(self):
        return self.number("_HLS_part")

    @property
    def blocking(self):
        return self.msn is not None

    @property
    def skip(self):
        return self.directives.get("_HLS_skip")

    @property
    def held(self):
        return self.first - self.sent

    @property
    def is_playlist(self):
        return self.purpose in PLAYLISTS and self.status == 200

    @functools.cached_property
    def playlist(self):
        return parse(self.body.decode(errors="replace"))

    @functools.cached_property
    def name(self):
        """Short, for people."""
        parts = urlsplit(self.url)
        path = "/".join(parts.path.split("/")[-3:])
        return f"{self.purpose} {path}{'?' + parts.query if parts.query else ''}"

    def max_age(self):
        """Seconds that a cache may keep it; 0 where it may not; None where nothing is said."""
        control = self.headers.get("cache-control")
        if control is None:
            return None
        words = [word.strip().lower() for word in control.split(",")]
        if "no-store" in words or "no-cache" in words:
            return 0
        ages = [word.split("=")[1] for word in words if word.startswith("max-age=")]
        return int(ages[0]) if ages and ages[0].isdigit() else None


def with_directives(url, **directives):
    """The address with delivery directives, in the order of their names as 6.2.5 has them for caches."""
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, *(f"_HLS_{name}={value}" for name, value in
                                                  sorted(directives.items()))]))
    return urlunsplit(parts._replace(query=query))


def advance_part_limit(playlist):
    """6.2.5.2: how many parts ahead a request may be."""
    return math.ceil(3 / playlist.part_target) if playlist.part_target and playlist.part_target < 1 else 3


class Rendition:
    """The exchanges about one media playlist."""

    def __init__(self, url, exchanges):
        self.url = url
        self.name = "/".join(urlsplit(url).path.split("/")[-2:-1]) or url
        self.exchanges = exchanges

    def of(self, *purposes):
        return [exchange for exchange in self.exchanges if exchange.purpose in purposes]

    def answered(self, *purposes):
        return [exchange for exchange in self.of(*purposes) if exchange.status]

    @functools.cached_property
    def playlists(self):
        """Every media playlist that came, deltas too."""
        return [exchange for exchange in self.exchanges if exchange.is_playlist]

    @functools.cached_property
    def complete(self):
        return [exchange for exchange in self.playlists if not exchange.playlist.skip]

    @functools.cached_property
    def versions(self):
        """In the order in which the server made them: one connection's, one after the other."""
        return [exchange for exchange in self.complete if exchange.purpose == FOLLOW]

    def pairs(self):
        """Each version with the next."""
        return zip(self.versions, self.versions[1:])

    @functools.cached_property
    def newest(self):
        return self.versions[-1].playlist if self.versions else None

    @functools.cached_property
    def ended_at(self):
        """When EXT-X-ENDLIST was first seen."""
        return min((exchange.done for exchange in self.complete if exchange.playlist.ended), default=math.inf)

    @functools.cached_property
    def parts(self):
        """Every part that was ever listed, by URL."""
        return {join(self.url, part.uri): part for exchange in self.complete for part in exchange.playlist.parts}

    @functools.cached_property
    def parts_by_place(self):
        return {part.place: part for part in self.parts.values()}

    @functools.cached_property
    def segments(self):
        """Every whole segment that was ever listed, by number."""
        return {segment.number: segment for exchange in self.complete for segment in exchange.playlist.segments}

    @functools.cached_property
    def neighbours(self):
        """URIs of segments, and of parts, that follow each other in a playlist."""
        return {(first.uri, second.uri) for exchange in self.complete
                for listed in (exchange.playlist.segments, exchange.playlist.parts)
                for first, second in zip(listed, listed[1:])}

    @functools.cached_property
    def part_counts(self):
        """Of segments that were seen from their first part to their end."""
        counts = {}
        for exchange in self.complete:
            for segment in exchange.playlist.segments:
                if segment.parts:
                    counts[segment.number] = len(segment.parts)
        return counts

    @functools.cached_property
    def positions(self):
        """(when, position) of each playlist that came."""
        return sorted((exchange.done, exchange.playlist.position) for exchange in self.playlists)

    def position_before(self, when):
        """What was surely listed at a time."""
        return max((position for done, position in self.positions if done <= when), default=None)

    def position_by(self, when):
        """The earliest answer at or after a time: nothing beyond it was listed then."""
        return min((position for done, position in self.positions if done >= when), default=None)

    @functools.cached_property
    def bodies(self):
        """What a URL gave, of each time that it was fetched."""
        found = defaultdict(list)
        for exchange in self.exchanges:
            if exchange.purpose in MEDIA and exchange.status == 200:
                found[exchange.url].append(exchange)
        return found

    def body(self, uri):
        fetched = self.bodies.get(join(self.url, uri)) if uri else None
        return fetched[0].body if fetched else None

    @functools.cached_property
    def inits(self):
        """The URLs of all init segments that were ever listed."""
        return {join(self.url, segment.map_uri) for exchange in self.complete
                for segment in exchange.playlist.listed if segment.map_uri}

    def hints(self, playlist):
        return {join(self.url, tag.get("URI") or "") for tag in playlist.all("EXT-X-PRELOAD-HINT")}

    def unlisted(self, listed):
        """When what versions list was last seen before it went, by URL."""
        times = {}
        for old, new in self.pairs():
            staying = {one.uri for one in listed(new.playlist)}
            for one in listed(old.playlist):
                if one.uri not in staying:
                    times[join(self.url, one.uri)] = old.first
        return times

    @functools.cached_property
    def unlisted_parts(self):
        return self.unlisted(lambda playlist: playlist.parts)

    @functools.cached_property
    def unlisted_segments(self):
        return self.unlisted(lambda playlist: playlist.segments)

    @functools.cached_property
    def first_listed(self):
        """When a part, segment or init segment was first seen in a playlist, by URL; not what the first one had."""
        times = {}
        for exchange in sorted(self.complete, key=lambda e: e.done):
            playlist = exchange.playlist
            for uri in filter(None, (uri for segment in playlist.listed
                                     for uri in (segment.uri, segment.map_uri, *(p.uri for p in segment.parts)))):
                times.setdefault(join(self.url, uri), exchange.first)
        start = min(times.values(), default=0)
        return {url: when for url, when in times.items() if when > start}


class Session:
    """All that a client saw. `slack` is how many seconds later than the clause says a thing may reach this client;
    `tolerated` are situations that are known to have happened: `restart`, `stall`, `replanned`,
    `unforeseen`, `unmeasured`."""

    def __init__(self, exchanges, slack=0.25, tolerated=()):
        self.exchanges = sorted(exchanges, key=lambda exchange: exchange.done)
        self.slack = slack
        self.tolerated = set(tolerated)

    def edited(self, where, change):
        """With some exchanges changed; those for which `change` gives None left out."""
        exchanges = [change(exchange) if where(exchange) else exchange for exchange in self.exchanges]
        return Session([exchange for exchange in exchanges if exchange], self.slack, self.tolerated)

    @functools.cached_property
    def outages(self):
        return [exchange.done for exchange in self.exchanges if exchange.fault]

    def outage_between(self, old, new):
        """Whether a restart that is known of lies between two exchanges."""
        return "restart" in self.tolerated and any(old.done <= outage <= new.done for outage in self.outages)

    @functools.cached_property
    def renditions(self):
        sorted_out = defaultdict(list)
        for exchange in self.exchanges:
            if exchange.rendition:
                sorted_out[exchange.rendition].append(exchange)
        return [Rendition(url, exchanges) for url, exchanges in sorted_out.items()]

    @functools.cached_property
    def followed_until(self):
        """When the last new version of any media playlist came."""
        return max((rendition.versions[-1].done for rendition in self.renditions if rendition.versions), default=0)

    @functools.cached_property
    def by_url(self):
        return {rendition.url: rendition for rendition in self.renditions}

    @functools.cached_property
    def multivariants(self):
        return [exchange for exchange in self.exchanges
                if exchange.purpose == MULTIVARIANT and exchange.status == 200]

    @functools.cached_property
    def multivariant(self):
        """The newest one."""
        return self.multivariants[-1] if self.multivariants else None

    @functools.cached_property
    def playlists(self):
        return [exchange for rendition in self.renditions for exchange in rendition.playlists]

    @functools.cached_property
    def target(self):
        return next((exchange.playlist.target for exchange in self.playlists), 0)
