# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small HLS server with a synthetic live stream, for tests of origin-bench: Low-Latency HLS with parts, blocking
reload, preload hints and delta updates, or plain segments; and on demand it breaks its word in one way (LIES)."""

import asyncio
import contextlib
import dataclasses
import datetime
import gzip
import struct
import threading
import time
import urllib.parse

LIES = {
    "stale": "reloads are answered at once with what there is",
    "refused": "reloads get 400",
    "back": "every fifth playlist is an old one",
    "no-playlist": "playlists do not begin with #EXTM3U",
    "delta": "delta updates leave out everything",
    "missing": "every fifth listed part is not there",
    "hint-missing": "every fifth hinted part is not there until it is listed",
    "hint-renamed": "parts are listed under another name than was hinted",
    "short": "parts end before their Content-Length",
    "cut-box": "parts end in the middle of a box",
    "no-http": "parts are answered with something else than HTTP",
    "silent": "held reloads are never answered",
    "slow": "held reloads are answered after five seconds",
    "no-range": "ranges are ignored",
}

NTP_TO_1970 = 2_208_988_800


@dataclasses.dataclass
class Settings:
    part_duration: float = 0.2
    parts: int = 5  # in a segment
    window: int = 6  # segments
    part_bytes: int = 5_000
    low_latency: bool = True
    published: str = "header"  # header, rfc3339, prft, date, last-modified, nothing
    one_file: bool = False  # parts are byte ranges of their segment
    close: bool = False  # each answer ends its connection, and the body with it
    chunked: bool = False
    redirects: int = 0  # in a row, before each answer; playlists move to another folder, which their media are in
    media_location: str | None = None  # where media are said to be; empty: a redirect that does not say
    lie: str = ""


class Stream:
    """Parts that are published by the clock."""

    def __init__(self, settings):
        self.settings = settings
        self.began = time.time()
        self.bodies = []
        self.times = []
        self.changed = asyncio.Condition()

    async def run(self):
        while True:
            await asyncio.sleep(max(0, self.began + len(self.bodies) * self.settings.part_duration - time.time()))
            async with self.changed:
                self.times.append(time.time())
                self.bodies.append(self.body(len(self.bodies)))
                self.changed.notify_all()

    def body(self, number):
        body = b""
        if self.settings.published == "prft":
            seconds, fraction = divmod(self.times[-1] + NTP_TO_1970, 1)
            body += struct.pack(">I4sIIIIQ", 32, b"prft", 1 << 24 | 4, 1, int(seconds), int(fraction * 2**32), number)
        body += struct.pack(">I4s", self.settings.part_bytes, b"mdat") + bytes(self.settings.part_bytes - 8)
        return body[:-100] if self.settings.lie == "cut-box" else body

    def listed(self):
        """How many parts the playlist counts: plain HLS knows whole segments only."""
        per = self.settings.parts
        return len(self.bodies) if self.settings.low_latency else len(self.bodies) // per * per

    def name(self, number):
        return f"part{number}.m4s"

    def listed_name(self, number):
        return f"renamed-part{number}.m4s" if self.settings.lie == "hint-renamed" else self.name(number)

    def segment(self, sequence):
        per = self.settings.parts
        return b"".join(self.bodies[sequence * per:(sequence + 1) * per])

    def date(self, number):
        moment = datetime.datetime.fromtimestamp(self.began + (number - 1) * self.settings.part_duration,
                                                 datetime.timezone.utc)
        return moment.isoformat(timespec="milliseconds")

    def part_line(self, number):
        settings = self.settings
        if not settings.one_file:
            return f'#EXT-X-PART:DURATION={settings.part_duration},URI="{self.listed_name(number)}"'
        index = number % settings.parts
        offset = f"@{index * settings.part_bytes}" if index == 0 else ""
        return (f'#EXT-X-PART:DURATION={settings.part_duration},URI="seg{number // settings.parts}.m4s",'
                f'BYTERANGE="{settings.part_bytes}{offset}"')

    def hint_line(self, number):
        settings = self.settings
        if not settings.one_file:
            return f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{self.name(number)}"'
        return (f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="seg{number // settings.parts}.m4s",'
                f"BYTERANGE-START={number % settings.parts * settings.part_bytes},BYTERANGE-LENGTH={settings.part_bytes}")

    def playlist(self, count, skip=False):
        settings = self.settings
        per, newest = settings.parts, count // settings.parts
        first = max(0, newest - settings.window)
        duration = per * settings.part_duration
        lines = ["#EXTM3U", "#EXT-X-VERSION:9", f"#EXT-X-TARGETDURATION:{max(1, round(duration))}"]
        if settings.low_latency:
            lines.append(f"#EXT-X-PART-INF:PART-TARGET={settings.part_duration}")
            lines.append("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6.0,"
                         f"PART-HOLD-BACK={3 * settings.part_duration}")
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{first}")
        begin = first
        if skip:
            begin = newest + 3 if settings.lie == "delta" else max(first, newest - 3)
            lines.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={begin - first}")
        for sequence in range(begin, newest + 1):
            if settings.published == "date" and sequence < newest - 3:
                lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{self.date(sequence * per)}")
            numbers = range(sequence * per, min(count, (sequence + 1) * per))
            if settings.low_latency and sequence >= newest - 2:
                lines += [self.part_line(number) for number in numbers]
            if sequence < newest:
                lines += [f"#EXTINF:{duration},", f"seg{sequence}.m4s"]
        if settings.low_latency:
            lines.append(self.hint_line(count))
        text = "\n".join(lines) + "\n"
        return text.replace("#EXTM3U\n", "") if settings.lie == "no-playlist" else text

    async def until(self, count):
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.bodies) >= count)


class Server:
    """Speaks HTTP for a stream, on a thread and a port of its own."""

    def __init__(self, **settings):
        self.settings = Settings(**settings)
        self.playlists = 0
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._main()))

    def __enter__(self):
        self.thread.start()
        self.ready.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/live/index.m3u8"

    async def _main(self):
        self.loop = asyncio.get_running_loop()
        self.stop = asyncio.Event()
        self.stream = Stream(self.settings)
        # A window is there from the beginning.
        past = (self.settings.window + 1) * self.settings.parts
        self.stream.began -= past * self.settings.part_duration
        for _ in range(past):
            self.stream.times.append(time.time())
            self.stream.bodies.append(self.stream.body(len(self.stream.bodies)))
        publisher = asyncio.create_task(self.stream.run())
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await self.stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(publisher, *others, return_exceptions=True)

    async def _serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                request, *lines = head.split("\r\n")
                fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                await self._answer(writer, urllib.parse.urlsplit(request.split(" ")[1]), fields)
                await writer.drain()
                if writer.is_closing():
                    return
        writer.close()

    async def _answer(self, writer, url, fields):
        name = url.path.rsplit("/", 1)[1]
        location = self._location(url, name)
        if location is not None:
            status = (301, 302, 307, 308)[self._hops(url) % 4]
            return self._send(writer, status, b"", fields=[f"Location: {location}"] if location else [])
        if self.settings.redirects and not url.path.startswith("/moved/"):
            return self._send(writer, 404, b"it was said where it is\n")
        if name == "index.m3u8":
            await self._answer_multivariant(writer)
        elif name == "media.m3u8":
            await self._answer_playlist(writer, urllib.parse.parse_qs(url.query), fields)
        elif name.startswith("seg"):
            await self._answer_segment(writer, int(name[3:].split(".")[0]), fields)
        else:
            await self._answer_part(writer, name)

    def _hops(self, url):
        """How many redirects of a row lie behind a request."""
        return int(urllib.parse.parse_qs(url.query).get("hops", ["0"])[0])

    def _location(self, url, name):
        """Where to go on from a URL, in one of the ways to say so; None: it is answered here."""
        is_media = not name.endswith(".m3u8")
        if is_media and self.settings.media_location is not None:
            return self.settings.media_location
        hops = self._hops(url)
        if hops >= self.settings.redirects:
            return None
        query = "&".join(filter(None, [*(piece for piece in url.query.split("&") if not piece.startswith("hops=")),
                                       f"hops={hops + 1}"]))
        folder = "low/" if "/low/" in url.path else ""
        if "/moved/" in url.path:
            return f"?{query}" if hops % 2 else f"http://127.0.0.1:{self.port}{url.path}?{query}#here"
        return f"{'../' if folder else ''}../moved/{folder}{name}?{query}"

    async def _answer_multivariant(self, writer):
        self._send(writer, 200, b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nmedia.m3u8\n"
                                b"#EXT-X-STREAM-INF:BANDWIDTH=500\nlow/media.m3u8\n")

    async def _answer_playlist(self, writer, query, fields):
        stream, lie, per = self.stream, self.settings.lie, self.settings.parts
        self.playlists += 1
        if "_HLS_msn" in query and lie != "stale":
            if lie == "refused":
                return self._send(writer, 400, b"no\n")
            if lie == "silent":
                await asyncio.sleep(3600)
            if lie == "slow":
                await asyncio.sleep(5)
            sequence = int(query["_HLS_msn"][0])
            part = int(query.get("_HLS_part", [per - 1])[0])
            await stream.until(sequence * per + part + 1)
        count = stream.listed()
        if lie == "back" and self.playlists % 5 == 0:
            count -= 3
        body = stream.playlist(count, skip="_HLS_skip" in query).encode()
        zipped = "gzip" in fields.get("accept-encoding", "")
        return self._send(writer, 200, gzip.compress(body) if zipped else body, stream.times[count - 1],
                          ["Content-Encoding: gzip"] if zipped else [])

    async def _answer_segment(self, writer, sequence, fields):
        stream, size = self.stream, self.settings.part_bytes
        if "range" in fields and self.settings.lie != "no-range":
            start, end = (int(number) for number in fields["range"].removeprefix("bytes=").split("-"))
            number = sequence * self.settings.parts + start // size
            await stream.until(number + 1)
            assert end - start + 1 == size
            return self._send(writer, 206, stream.bodies[number], stream.times[number])
        last = (sequence + 1) * self.settings.parts
        await stream.until(last)
        return self._send(writer, 200, stream.segment(sequence), stream.times[last - 1])

    async def _answer_part(self, writer, name):
        stream, lie = self.stream, self.settings.lie
        number = int(name.removeprefix("renamed-").removeprefix("part").split(".")[0])
        if number > len(stream.bodies):
            return self._send(writer, 404, b"neither listed nor hinted\n")
        is_hint = number == len(stream.bodies)
        if number % 5 == 0 and lie == ("hint-missing" if is_hint else "missing"):
            return self._send(writer, 404, b"not here\n")
        await stream.until(number + 1)
        if lie == "no-http":
            return writer.write(b"220 mail.example ready\r\n\r\n")
        return self._send(writer, 200, stream.bodies[number], stream.times[number], is_part=True)

    def _send(self, writer, status, body, published=None, fields=(), is_part=False):
        settings = self.settings
        is_short = is_part and settings.lie == "short"
        lines = [f"HTTP/1.1 {status} X", *fields]
        if published is not None:
            lines += self._published(published)
        if settings.chunked:
            lines.append("Transfer-Encoding: chunked")
            half = len(body) // 2
            body = b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in (body[:half], body[half:]) if piece)
            body += b"0\r\nTrailer: x\r\n\r\n"
        elif not settings.close:
            lines.append(f"Content-Length: {len(body) + (1000 if is_short else 0)}")
        writer.write("\r\n".join(lines + ["", ""]).encode() + body)
        if is_short or settings.close:
            writer.close()

    def _published(self, moment):
        date = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc)
        if self.settings.published == "header":
            return [f"Origin-Published: {int(moment * 1e6)}"]
        if self.settings.published == "rfc3339":
            return [f"Origin-Published: {date.isoformat(timespec='microseconds')}"]
        if self.settings.published == "last-modified":
            return [f"Last-Modified: {date.strftime('%a, %d %b %Y %H:%M:%S GMT')}"]
        return []
