# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Low-Latency HLS origin that obeys every clause: a function of time, to record good sessions from.

Second n of its media is segment n. It is followed from JOINED on, when one rendition is not quite there yet, through a
gap, a discontinuity, parts with byte ranges, another discontinuity with new init segments, a date range that goes and
one that stays, to its end.
"""

import asyncio
import functools
import statistics
from datetime import datetime, timezone
from urllib.parse import parse_qsl, urlsplit

import synthetic_media as boxes
from observations import advance_part_limit
from parser import parse

UTC_OF_ZERO = 1_780_000_000
TARGET, PART_DURATION, WINDOW = 1, 0.25, 8
FIRST, JOINED, PEAK, GAP, SEAM, RANGED, NEW_FORMAT, LAST = 1000, 1012, 1015, 1017, 1018, 1021, 1023, 1034
DATERANGE_GOES = 1020
# Segments for which media stay in memory.
PARTS_KEPT, SEGMENTS_KEPT = 9, 22
CONTROL = (f"CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={3 * PART_DURATION},HOLD-BACK={3 * TARGET},"
           f"CAN-SKIP-UNTIL={6 * TARGET},CAN-SKIP-DATERANGES=YES")
COMMON = {"date": "Thu, 28 May 2026 20:26:40 GMT", "access-control-allow-origin": "*",
          "access-control-expose-headers": "Age, Date, ETag", "vary": "Accept-Encoding"}


class Part:
    def __init__(self, frames, timescale):
        self.frames = frames
        self.begin = frames[0].dts / timescale
        self.end = (frames[-1].dts + frames[-1].duration) / timescale

    @property
    def independent(self):
        return any(frame.sync for frame in self.frames)


class Track:
    def __init__(self, name, timescale, frame, per_part, size, delay, entry):
        self.name, self.timescale, self.frame, self.per_part = name, timescale, frame, per_part
        self.size, self.delay, self.entry = size, delay, entry
        self.part_target = per_part * frame / timescale

    def epoch(self, number):
        return max(start for start in (FIRST, SEAM, NEW_FORMAT) if start <= number)

    def first_frame(self, number):
        """Of a segment, counted within its epoch: the first one at or after its second, half a frame early at most."""
        return -(-((number - self.epoch(number)) * self.timescale - self.frame // 2) // self.frame)

    @functools.lru_cache(maxsize=None)
    def parts(self, number):
        epoch = self.epoch(number)
        end = self.first_frame(number + 1) if self.epoch(number + 1) == epoch else (
            -(-((number + 1 - epoch) * self.timescale) // self.frame))
        begin = self.first_frame(number)
        size = self.size * (2 if number == PEAK else 1)
        frames = [boxes.Frame(epoch * self.timescale + index * self.frame, self.frame,
                              self.name == "audio" or index == begin, size) for index in range(begin, end)]
        return [Part(frames[index:index + self.per_part], self.timescale)
                for index in range(0, len(frames), self.per_part)]

    def published(self, number, index):
        return self.parts(number)[index].end + self.delay

    def span(self, number):
        return self.parts(number)[0].begin, self.parts(number)[-1].end

    def duration(self, number):
        begin, end = self.span(number)
        return end - begin

    def init_name(self, number):
        return f"init-{'b' if number >= NEW_FORMAT else 'a'}.mp4"

    def body(self, number, index=None):
        chosen = self.parts(number) if index is None else [self.parts(number)[index]]
        return b"".join(boxes.chunk(part.frames) for part in chosen)


def date(media_time):
    return datetime.fromtimestamp(UTC_OF_ZERO + round(media_time, 3), timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Origin:
    def __init__(self):
        self.tracks = {track.name: track for track in (
            Track("high", 24000, 1000, 6, 400, 0.0, boxes.video_entry(1280, 720)),
            Track("low", 24000, 1000, 6, 120, 0.004, boxes.video_entry(240, 136, 121, 120)),
            Track("audio", 48000, 1024, 11, 64, 0.008, boxes.audio_entry()))}
        self.start = None
        self.opening = {"low"}

    def now(self):
        """In seconds of its media; the first one who asks joins at JOINED."""
        time = asyncio.get_running_loop().time()
        self.start = time if self.start is None else self.start
        return JOINED + 0.1 + time - self.start

    async def until(self, media_time):
        while (left := media_time - self.now()) > 0:
            await asyncio.sleep(left + 1e-6)

    def position(self, track, now):
        """(segment being written, its parts)."""
        number = min(int(now), LAST)
        while number > FIRST and now < track.published(number, 0):
            number -= 1
        there = sum(now >= track.published(number, index) for index in range(len(track.parts(number))))
        return (number + 1, 0) if there == len(track.parts(number)) else (number, there)

    # Playlists

    def multivariant(self):
        lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
        lines += [f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{group}",NAME="English",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",'
                  'URI="audio/index.m3u8"' for group in "ab"]
        for name, size, group in (("high", "1280x720", "a"), ("low", "242x136", "b")):
            rates = [self.rates(name), self.rates("audio")]
            peak, average = sum(map(max, rates)), sum(map(statistics.mean, rates))
            lines += [f'#EXT-X-STREAM-INF:BANDWIDTH={peak:.0f},AVERAGE-BANDWIDTH={average:.0f},'
                      f'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION={size},FRAME-RATE=24.000,'
                      f'VIDEO-RANGE=SDR,CLOSED-CAPTIONS=NONE,AUDIO="{group}"', f"{name}/index.m3u8"]
        return "\n".join(lines) + "\n"

    def rates(self, name):
        track = self.tracks[name]
        return [len(track.body(number)) * 8 / track.duration(number) for number in range(FIRST, LAST + 1)]

    def media_playlist(self, track, now, skip=""):
        number, there = self.position(track, now)
        ended = number > LAST
        first = max(FIRST, number - WINDOW)
        skipped = self.to_skip(track, first, number) if skip and not ended else 0
        version = (10 if skip == "v2" else 9) if skipped else 6
        seams = (first > SEAM) + (first > NEW_FORMAT)
        lines = ["#EXTM3U", f"#EXT-X-VERSION:{version}", f"#EXT-X-TARGETDURATION:{TARGET}",
                 f"#EXT-X-SERVER-CONTROL:{CONTROL}", f"#EXT-X-PART-INF:PART-TARGET={track.part_target:.6f}",
                 f"#EXT-X-MEDIA-SEQUENCE:{first}", f"#EXT-X-DISCONTINUITY-SEQUENCE:{seams}"]
        removed = 0 < now - DATERANGE_GOES < 6
        if skipped:
            lines.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}" + (
                f',RECENTLY-REMOVED-DATERANGES="{"going" if removed else ""}"' if skip == "v2" else ""))
        for segment in range(first + skipped, number):
            growing = sum(part.end - part.begin for part in track.parts(number)[:there])
            near = self.distance(track, segment, number - 1) + growing <= 3 * TARGET
            lines += self.head(track, segment, segment == first) + self.part_lines(track, segment, None) * near
            lines += [f"#EXTINF:{track.duration(segment):.6f},", f"{segment}.m4s"]
        if not ended:
            lines += self.growing(track, number, there)
        if skip != "v2" or not skipped or now < DATERANGE_GOES - 20:
            lines.append(self.daterange("staying"))
        if now < DATERANGE_GOES and (skip != "v2" or not skipped):
            lines.append(self.daterange("going"))
        for other in self.tracks.values():
            if other is not track and not ended:
                lines.append(self.report(other, now))
        return "\n".join(lines + ["#EXT-X-ENDLIST"] * ended) + "\n"

    def daterange(self, name):
        return f'#EXT-X-DATERANGE:ID="{name}",START-DATE="{date(FIRST)}",DURATION=1000'

    def distance(self, track, number, end):
        """Seconds that are listed from the end of a segment to that of another."""
        return sum(track.duration(segment) for segment in range(number + 1, end + 1))

    def to_skip(self, track, first, number):
        return sum(self.distance(track, segment, number - 1) > 6 * TARGET + 1e-6 for segment in range(first, number))

    def head(self, track, number, first):
        """What applies to a segment and comes before its parts."""
        seam = number in (SEAM, NEW_FORMAT)
        lines = ["#EXT-X-DISCONTINUITY"] * seam
        if first or seam:
            lines.append(f'#EXT-X-MAP:URI="{track.init_name(number)}"')
        return lines + [f"#EXT-X-PROGRAM-DATE-TIME:{date(track.span(number)[0])}"] + ["#EXT-X-GAP"] * (number == GAP)

    def part_lines(self, track, number, count):
        lines = []
        for index, part in enumerate(track.parts(number)[:count]):
            gap = number == GAP
            line = f'#EXT-X-PART:DURATION={part.end - part.begin:.6f},URI="{"gap-" * gap}{number}.{index}.m4s"'
            if number == RANGED:
                line += f',BYTERANGE="{len(track.body(number, index))}@0"'
            lines.append(line + (",GAP=YES" if gap else ",INDEPENDENT=YES" * part.independent))
        return lines

    def growing(self, track, number, there):
        lines = self.head(track, number, False) + self.part_lines(track, number, there) if there else []
        start = ",BYTERANGE-START=0" * (number == RANGED)
        lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{number}.{there}.m4s"{start}')
        if number == NEW_FORMAT and not there:
            lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="{track.init_name(number)}"')
        return lines

    def report(self, other, now):
        number, there = self.position(other, now)
        number, there = (number, there) if there else (number - 1, len(other.parts(number - 1)))
        return f'#EXT-X-RENDITION-REPORT:URI="../{other.name}/index.m3u8",LAST-MSN={number},LAST-PART={there - 1}'

    # HTTP

    async def answer(self, target, headers):
        """(status, headers, body before any content coding)."""
        parts = urlsplit(target)
        path = parts.path.strip("/").split("/")
        accepts_gzip = "gzip" in headers.get("accept-encoding", "")
        if path == ["index.m3u8"]:
            return self.text(self.multivariant(), 0, accepts_gzip)
        track = self.tracks.get(path[0])
        if track is None or len(path) != 2:
            return self.failure(404, f"nothing is at {parts.path}")
        if path[1] == "index.m3u8":
            return await self.answer_playlist(track, dict(parse_qsl(parts.query)), accepts_gzip)
        return await self.answer_media(track, path[1])

    def text(self, text, age, accepts_gzip):
        coding = {"content-encoding": "gzip"} if accepts_gzip else {}
        return 200, COMMON | coding | {"content-type": "application/vnd.apple.mpegurl",
                                       "cache-control": f"max-age={age}"}, text.encode()

    def failure(self, status, why):
        retry = {"retry-after": "1"} if status == 503 else {}
        return status, COMMON | retry | {"content-type": "application/json", "cache-control": "max-age=1"}, (
            f'{{"error":"{why}"}}\n'.encode())

    async def answer_playlist(self, track, query, accepts_gzip):
        if track.name in self.opening:
            self.opening.remove(track.name)
            await self.until(self.now() + 3 * TARGET)
            return self.failure(503, "not yet")
        number, part = query.get("_HLS_msn"), query.get("_HLS_part")
        position = self.position(track, self.now())
        if position[0] <= LAST:
            if not all(value is None or value.isdigit() for value in (number, part)):
                return self.failure(400, "a directive is no number")
            if part is not None and number is None:
                return self.failure(400, "_HLS_part without _HLS_msn")
            if number is not None:
                wanted = int(number), None if part is None else int(part)
                limit = advance_part_limit(parse(self.media_playlist(track, self.now())))
                limits = {position[0]: position[1] + limit, position[0] + 1: limit}
                is_near = wanted[0] in limits and (wanted[1] or 0) >= limits[wanted[0]]
                if wanted[0] > position[0] + 1 or is_near:
                    return self.failure(400, "too far ahead")
                await self.hold(track, *wanted)
        text = self.media_playlist(track, self.now(), query.get("_HLS_skip", ""))
        return self.text(text, 6 * TARGET if number is not None else 0, accepts_gzip)

    async def hold(self, track, number, part):
        number = max(number, FIRST)
        if part is not None and part >= len(track.parts(number)):
            number, part = number + 1, 0
        if number <= LAST:
            await self.until(track.published(number, -1 if part is None else part))
        else:
            await self.until(track.published(LAST, -1))

    async def answer_media(self, track, name):
        kind = "audio/mp4" if track.name == "audio" else "video/mp4"
        headers = COMMON | {"content-type": kind, "cache-control": f"max-age={6 * TARGET}"}
        number, there = self.position(track, self.now())
        stem, _, ending = name.rpartition(".")
        if ending == "mp4":
            return await self.answer_init(track, name, headers)
        pieces = stem.split(".")
        if not all(piece.isdigit() for piece in pieces):
            return self.failure(404, f"nothing is at {name}")
        wanted = int(pieces[0]), int(pieces[1]) if len(pieces) == 2 else None
        oldest = number - (SEGMENTS_KEPT if wanted[1] is None else PARTS_KEPT)
        if wanted == (number, there) and number <= LAST:
            await self.until(track.published(*wanted))
        if wanted[0] == GAP or wanted[0] < max(oldest, FIRST) or wanted[:1 + (
                wanted[1] is not None)] >= self.position(track, self.now()):
            return self.failure(404, f"nothing is at {name}")
        return 200, headers, track.body(*wanted)

    async def answer_init(self, track, name, headers):
        if name == track.init_name(NEW_FORMAT):
            if self.position(track, self.now()) < (NEW_FORMAT, 0):
                return self.failure(404, f"nothing is at {name}")
            await self.until(track.published(NEW_FORMAT, 0))
        edition = int(name == track.init_name(NEW_FORMAT))
        return 200, headers, boxes.init_segment(track.timescale, track.entry, edition)
