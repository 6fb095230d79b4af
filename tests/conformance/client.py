# SPDX-License-Identifier: LGPL-2.1-or-later
"""Follows all renditions of a live presentation, as players do and as they should not, and keeps what it saw."""

import asyncio
import itertools
from urllib.parse import urljoin, urlsplit, urlunsplit

from observations import (DELTA, FOLLOW, HINT, INIT, LATE_PART, LATE_SEGMENT, MULTIVARIANT, PART, PROBE, SEGMENT,
                          UNKNOWN, advance_part_limit, with_directives)

# As a player in a page sends them.
UNCOMPRESSED = {"Accept-Encoding": "identity", "Origin": "http://player.example", "User-Agent": "conformance"}
HEADERS = UNCOMPRESSED | {"Accept-Encoding": "gzip"}
# Between two tries where nothing came.
PAUSE = 0.25
# Between two of the requests that try a rule.
PROBE_EVERY = 0.4
# What has to be there until a time is asked for so long before.
EARLY = 0.3


class Follower:
    """Of one media playlist."""

    def __init__(self, client, url):
        self.client = client
        self.url = url
        self.newest = None  # playlist
        self.asked = set()  # media URLs
        self.listed = {}  # whole segments: number -> (URL, duration)
        self.parts = set()  # URLs listed now
        self.taken = None  # when the newest playlist came
        self.longest = 0.0  # duration of a playlist
        self.turns = itertools.count()
        self.changed = asyncio.Event()

    async def get(self, purpose, url, headers=None):
        exchange = await self.client.get(purpose, url, headers or HEADERS, self.url)
        if purpose == FOLLOW and exchange.is_playlist and not exchange.playlist.skip:
            self.take(exchange)
        return exchange

    async def follow(self):
        """Asks for the next part that the newest version does not have, until the end."""
        exchange = await self.get(FOLLOW, self.url)
        while not (self.newest and self.newest.ended):
            # Whatever went wrong, what is there now is the way on.
            exchange = await self.get(FOLLOW, self.next_url() if exchange.is_playlist else self.url)
            if not exchange.is_playlist:
                await asyncio.sleep(PAUSE)
            elif not self.newest.can_block:
                await asyncio.sleep(self.newest.target / 2)
        await self.get(FOLLOW, self.url)

    def next_url(self, **more):
        playlist = self.newest
        if not playlist.can_block:
            return with_directives(self.url, **more)
        number, part = playlist.position
        if playlist.part_target is None:
            return with_directives(self.url, msn=number, **more)
        return with_directives(self.url, msn=number, part=part, **more)

    async def follow_deltas(self):
        """The same requests as for the full playlist, for both kinds of delta in turn."""
        for kind in itertools.cycle(["YES", "v2"]):
            await self.until_changed()
            if self.newest.ended:
                break
            if self.newest.control("CAN-SKIP-UNTIL"):
                exchange = await self.get(DELTA, self.next_url(skip=kind))
                if not exchange.is_playlist:
                    await asyncio.sleep(PAUSE)

    async def until_changed(self):
        self.changed.clear()
        await self.changed.wait()

    def take(self, exchange):
        """A new version: fetch what is new, and ask for what it hints and for what it lost in due time."""
        playlist, before = exchange.playlist, self.taken
        self.newest, self.taken = playlist, exchange.first
        self.longest = max(self.longest, playlist.duration)
        for segment in playlist.listed:
            if segment.map_uri:
                self.fetch(INIT, segment.map_uri)
            for part in segment.parts:
                if not part.gap:
                    self.fetch(PART, part.uri)
            if segment.whole and not segment.gap and segment.number not in self.listed:
                self.listed[segment.number] = urljoin(self.url, segment.uri), segment.duration
                self.fetch(SEGMENT, segment.uri)
        for tag in playlist.all("EXT-X-PRELOAD-HINT"):
            self.fetch(HINT, tag.get("URI"))
        self.fetch_late(playlist, before)
        self.changed.set()

    def fetch(self, purpose, uri):
        url = urljoin(self.url, uri)
        if url not in self.asked:
            self.asked.add(url)
            self.client.spawn(self.get(purpose, url, UNCOMPRESSED))

    def fetch_late(self, playlist, before):
        """Just before the time until which they have to be there: parts without a tag, segments no longer listed.
        `before`: when they were last seen."""
        parts = {urljoin(self.url, part.uri) for part in playlist.parts if not part.gap}
        for url in self.parts - parts:
            self.client.spawn(self.later(LATE_PART, url, before + 3 * playlist.target))
        self.parts = parts
        gone = [number for number in self.listed if number < playlist.first_number]
        for number in gone:
            url, duration = self.listed.pop(number)
            self.client.spawn(self.later(LATE_SEGMENT, url, before + duration + self.longest))

    async def later(self, purpose, url, deadline):
        await asyncio.sleep(max(0, deadline - EARLY - asyncio.get_running_loop().time()))
        await self.get(purpose, url, UNCOMPRESSED)

    async def probe(self):
        """Requests that players should not make, one after the other, until the end."""
        while self.newest is None:
            await self.until_changed()
        while not self.newest.ended:
            for probe in self.probes():
                await self.get(*probe)
                await asyncio.sleep(PROBE_EVERY)
        for probe in self.probes():
            await self.get(*probe)

    def probes(self):
        """(purpose, URL, headers), each made from what is newest when its turn comes."""
        def playlist(headers=None, **directives):
            return PROBE, with_directives(self.url, **directives), headers or HEADERS
        yield playlist()
        yield playlist(UNCOMPRESSED)
        yield UNKNOWN, self.unknown_name(), UNCOMPRESSED
        if not self.newest.can_block:
            return
        yield playlist(part=0)
        yield playlist(msn="last", part=0)
        yield playlist(msn=0)
        yield playlist(msn=self.newest.last_number + 5)
        yield playlist(msn=self.newest.last_number + 1)
        yield playlist(skip="YES")
        if self.newest.part_target:
            yield playlist(msn=max(self.newest.first_number - 2, 0), part=1)
            # Of the segment that is being written, and of the one after it, in turn.
            next_one = {"msn": self.newest.position[0] + 1, "part": advance_part_limit(self.newest) + 2}
            yield playlist(**(next_one if next(self.turns) % 2 else self.ahead(2)))
            whole = next((segment for segment in reversed(self.newest.segments) if segment.parts), None)
            if whole:
                yield playlist(msn=whole.number, part=len(whole.parts))
            yield playlist(**self.ahead(-1))

    def ahead(self, parts):
        """The part that is so many beyond the last one that may be asked for by now."""
        number, part = self.newest.position
        return {"msn": number, "part": part + advance_part_limit(self.newest) + parts}

    def unknown_name(self):
        parts = urlsplit(urljoin(self.url, self.newest.segments[-1].uri))
        folder, _, name = parts.path.rpartition("/")
        return urlunsplit(parts._replace(path=f"{folder}/nonesuch-{name}"))


class Client:
    def __init__(self, transport, url):
        self.transport = transport
        self.url = url
        self.exchanges = []
        self.tasks = set()
        self.errors = []

    async def get(self, purpose, url, headers, rendition=""):
        exchange = await self.transport.get(purpose, url, headers, rendition)
        self.exchanges.append(exchange)
        return exchange

    def spawn(self, work):
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.done)
        return task

    def done(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.errors.append(task.exception())

    async def multivariant(self):
        while True:
            exchange = await self.get(MULTIVARIANT, self.url, HEADERS)
            if exchange.status == 200:
                return exchange.playlist
            await asyncio.sleep(PAUSE)

    async def run(self, seconds):
        """All exchanges that came to their end within so many seconds; less where the presentation ends."""
        try:
            await asyncio.wait_for(self.everything(), seconds)
        except asyncio.TimeoutError:
            pass
        for task in set(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.get(MULTIVARIANT, self.url, HEADERS)
        if self.errors:
            raise self.errors[0]
        return self.exchanges

    async def everything(self):
        playlist = await self.multivariant()
        uris = [uri for _, uri in playlist.variants]
        uris += [tag.get("URI") for tag in playlist.all("EXT-X-MEDIA") if tag.get("URI")]
        followers = [Follower(self, urljoin(self.url, uri)) for uri in dict.fromkeys(uris)]
        await asyncio.gather(*(self.spawn(work()) for follower in followers
                               for work in (follower.follow, follower.follow_deltas, follower.probe)))
