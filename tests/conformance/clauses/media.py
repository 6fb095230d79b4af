# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bytes against what playlists say of them."""

import statistics
import struct

import cmaf
import tracks
from observations import HINT, PART, SEGMENT

from .registry import clause

# EXTINF and DURATION are rounded, a duration by a tick.
DURATION_ROUNDING = 0.0005
# Dates have milliseconds, and a track's first frame may lie so many seconds into its segment.
DATE_ROUNDING = 0.0025


def segments(session):
    """(rendition, segment as listed, its bytes as read) of all that were fetched and are no gaps."""
    for rendition in session.renditions:
        for _, segment in sorted(rendition.segments.items()):
            media = None if segment.gap else tracks.load(rendition, segment.uri, segment.map_uri)
            if media:
                yield rendition, segment, media


def parts(session):
    """(rendition, part as listed, its bytes as read) of all that were fetched, in order."""
    for rendition in session.renditions:
        maps = {segment.number: segment.map_uri for exchange in rendition.complete
                for segment in exchange.playlist.listed}
        for place, part in sorted(rendition.parts_by_place.items()):
            media = None if part.gap else tracks.load(rendition, part.uri, maps[place[0]])
            if media:
                yield rendition, part, media


@clause("ISO/IEC 23000-19 7.3")
def media_is_whole_fragments(session):
    """Parts and segments are whole movie fragments: each moof with its mdat, nothing cut."""
    for rendition in session.renditions:
        init = next((exchange.body for exchange in rendition.of("init") if exchange.status == 200), None)
        for exchange in rendition.of(PART, HINT, SEGMENT):
            is_hinted_init = exchange.purpose == HINT and exchange.body[4:8] == b"ftyp"
            is_init = exchange.url in rendition.inits or is_hinted_init
            if exchange.status != 200 or init is None or is_init:
                continue
            try:
                kinds = [path[0] for path, _ in cmaf.boxes(exchange.body) if len(path) == 1]
                kinds = [kind for kind in kinds if kind in (b"moof", b"mdat")]
                good = kinds and kinds == [b"moof", b"mdat"] * (len(kinds) // 2)
                yield "" if good else f"{exchange.name}: {kinds}"
            except (AssertionError, struct.error) as error:
                yield f"{exchange.name}: {error}"


def byte_ranges(rendition):
    """(URI, the byte range that is given for it) of parts, init segments and segments in all playlists."""
    tags = {(tag.get("URI") or segment.uri, tag.get("BYTERANGE") or tag.value)
            for exchange in rendition.playlists for segment in exchange.playlist.listed for tag in segment.tags
            if tag.get("BYTERANGE") or tag.name == "EXT-X-BYTERANGE"}
    return sorted(tags)


@clause("4.4.4.2")
def byte_ranges_are_whole_resources(session):
    """A byte range lies within its resource, and is all of it: that is what was fetched, and judged as the part."""
    for rendition in session.renditions:
        for uri, given in byte_ranges(rendition):
            body = rendition.body(uri)
            if body is not None:
                yield "" if given == f"{len(body)}@0" else f"{rendition.name}: {given} of {uri}, {len(body)} bytes"


@clause("4.4.4.5")
def init_segments_are_init_segments(session):
    """What EXT-X-MAP names is an ftyp and a moov of one track."""
    for rendition in session.renditions:
        for url in sorted(rendition.inits):
            for exchange in rendition.bodies.get(url, []):
                try:
                    paths = [path for path, _ in cmaf.boxes(exchange.body)]
                    good = (paths.count((b"ftyp",)), paths.count((b"moov",)), paths.count((b"moov", b"trak")),
                            paths.count((b"moof",))) == (1, 1, 1, 0)
                    yield "" if good else f"{url}: {paths}"
                except (AssertionError, struct.error) as error:
                    yield f"{url}: {error}"


@clause("4.4.4.9")
def parts_make_their_segment(session):
    """The parts of a segment, one after the other, are its bytes."""
    for rendition in session.renditions:
        for number, count in sorted(rendition.part_counts.items()):
            segment = rendition.segments[number]
            bodies = [rendition.body(rendition.parts_by_place[number, index].uri)
                      for index in range(count) if (number, index) in rendition.parts_by_place]
            whole = rendition.body(segment.uri)
            if whole is not None and len(bodies) == count and all(body is not None for body in bodies):
                joined = b"".join(bodies)
                yield "" if joined == whole else (
                    f"{rendition.name}: {number} has {len(whole)} bytes, its parts {len(joined)}")


@clause("4.4.4.9")
def parts_with_a_sync_sample_say_so(session):
    """Every part that contains an IDR, or an audio frame, is INDEPENDENT=YES."""
    for rendition, part, media in parts(session):
        if any(sample.sync for sample in media.samples):
            yield "" if part.independent else f"{rendition.name}: {part.uri} has one and does not say so"


@clause("4.4.4.9")
def independent_parts_have_a_sync_sample(session):
    """A part that is INDEPENDENT=YES contains an IDR, or an audio frame."""
    for rendition, part, media in parts(session):
        if part.independent:
            good = any(sample.sync for sample in media.samples)
            yield "" if good else f"{rendition.name}: {part.uri} has none"


@clause("ISO/IEC 14496-12 8.8.3")
def sync_flags_are_true(session):
    """A sample is flagged as a sync sample where its bytes are an IDR (HEVC: IRAP) picture, and nowhere else."""
    for rendition, part, media in parts(session):
        for sample, real in media.real_sync():
            if real is not None:
                yield "" if sample.sync == real else (
                    f"{rendition.name}: {part.uri}: flag {sample.sync}, bytes {real} at {sample.dts}")


def longest_over_usual(rendition):
    """By how many seconds the longest of the frames lasts longer than most; 0 at a constant rate."""
    lasting = [sample.duration / media.track.timescale
               for media in tracks.whole_segments(rendition) for sample in media.samples]
    return max(lasting) - statistics.median(lasting) if lasting else 0


@clause("4.4.4.9")
def part_durations_are_true(session):
    """DURATION is the sum of the part's sample durations; where frames are skipped, one may be shown beyond its part."""
    for rendition, part, media in parts(session):
        off = part.duration - media.duration
        limit = DURATION_ROUNDING + longest_over_usual(rendition)
        yield "" if abs(off) <= limit else f"{rendition.name}: {part.uri} is {off:.6f} s off"


@clause("4.4.4.1")
def segment_durations_are_true(session):
    """EXTINF is the sum of the segment's sample durations."""
    for rendition, segment, media in segments(session):
        off = segment.duration - media.duration
        yield "" if abs(off) <= DURATION_ROUNDING else f"{rendition.name}: {segment.uri} is {off:.6f} s off"


@clause("6.2.1")
def parts_follow_each_other(session):
    """A part's decode time is where the one before it in the segment ends."""
    last = {}
    for rendition, part, media in parts(session):
        before = last.get(rendition.url)
        if before and before[0].number == part.number and (before[0].uri, part.uri) in rendition.neighbours:
            good = before[1].end == media.chunks[0].dts
            yield "" if good else f"{rendition.name}: {part.uri} at {media.chunks[0].dts}, {before[1].end} expected"
        last[rendition.url] = part, media


@clause("6.2.1")
def segments_follow_each_other(session):
    """A segment's decode time is where the one before it ends, unless EXT-X-DISCONTINUITY says otherwise."""
    last = {}
    for rendition, segment, media in segments(session):
        before = last.get(rendition.url)
        if before and (before[0].uri, segment.uri) in rendition.neighbours and not segment.discontinuity:
            good = before[1].end == media.chunks[0].dts
            yield "" if good else (
                f"{rendition.name}: {segment.uri} at {media.chunks[0].dts}, {before[1].end} expected")
        last[rendition.url] = segment, media


@clause("B.1")
def segments_begin_with_an_idr(session):
    """Every segment has an IDR, its first frame."""
    for rendition, segment, media in segments(session):
        yield "" if media.samples[0].sync else f"{rendition.name}: {segment.uri}"


@clause("6.2.4")
def dates_map_to_media_times(session):
    """Dates and media times differ by the same amount in all segments of all renditions between discontinuities."""
    origins = {}
    for rendition, segment, media in segments(session):
        if segment.date is not None:
            offset = segment.date - media.first_shown
            first, where = origins.setdefault(segment.discontinuity_number, (offset, rendition.name))
            good = abs(offset - first) <= DATE_ROUNDING
            yield "" if good else (f"{rendition.name}: {segment.uri} is {offset - first:.4f} s off "
                                   f"that of {where}")
