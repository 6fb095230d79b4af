# SPDX-License-Identifier: LGPL-2.1-or-later
"""Blocking reload: 6.2.5.2."""

from observations import PLAYLISTS, advance_part_limit

from .registry import clause


def is_there(exchange, position, counts):
    """Whether what a request waits for is listed by a playlist with this position."""
    if position[0] > exchange.msn:
        # 6.2.5.2: a part past the last one of its segment means part 0 of the next.
        count = counts.get(exchange.msn)
        if exchange.part is not None and count is not None and exchange.part >= count:
            return position >= (exchange.msn + 1, 1)
        return True
    return exchange.part is not None and position >= (exchange.msn, exchange.part + 1)


def before_the_end(rendition):
    """What was answered until EXT-X-ENDLIST was there."""
    return [exchange for exchange in rendition.exchanges if exchange.status and exchange.done < rendition.ended_at]


def blocking(session, with_part=None):
    """(rendition, exchange) of well-formed blocking requests to a playlist that offers them and has not ended."""
    for rendition in session.renditions:
        if rendition.newest and rendition.newest.can_block:
            for exchange in before_the_end(rendition):
                if exchange.blocking and (with_part is None or (exchange.part is not None) == with_part):
                    yield rendition, exchange


def refused_too_far(rendition, exchange):
    """Whether the answer has to be 400: True, False, or None where it depends on what nobody saw."""
    before, by = rendition.position_before(exchange.sent), rendition.position_by(exchange.done)
    if before is None or by is None:
        return None
    # The last whole segment has the number before that of the one being written.
    if exchange.msn > by[0] + 1:
        return True
    if exchange.part is None or exchange.msn < before[0]:
        return False if exchange.msn <= before[0] + 1 else None
    limit = advance_part_limit(rendition.newest)
    if exchange.msn > before[0]:
        return True if exchange.msn > by[0] and exchange.part >= limit else None
    if exchange.part < before[1] + limit:
        return False
    return True if by[0] == exchange.msn and exchange.part >= by[1] + limit else None


@clause("6.2.5.2")
def part_requests_are_held(session):
    """A request for part N of segment M is answered with a playlist that has it or anything later."""
    for rendition, exchange in blocking(session, with_part=True):
        if exchange.is_playlist:
            position = exchange.playlist.position
            good = is_there(exchange, position, rendition.part_counts)
            yield "" if good else f"{exchange.name} was answered with {position}"


@clause("6.2.5.2")
def segment_requests_are_held(session):
    """A request for segment M alone is answered with a playlist that has a whole segment M or later."""
    for rendition, exchange in blocking(session, with_part=False):
        if exchange.is_playlist:
            position = exchange.playlist.position
            yield "" if position[0] > exchange.msn else f"{exchange.name} was answered with {position}"


@clause("6.2.5.2", excused_by=["restart"])
def held_no_longer_than_needed(session):
    """A request is answered as soon as any other client can see what it waits for."""
    for rendition, exchange in blocking(session):
        if not exchange.is_playlist:
            continue
        seen = next((done for done, position in rendition.positions
                     if is_there(exchange, position, rendition.part_counts)), None)
        if seen is not None:
            late = exchange.first - max(exchange.sent, seen)
            yield "" if late <= session.slack else f"{exchange.name} came {late:.3f} s after others had it"


@clause("6.2.5.2")
def entire_playlist_is_answered(session):
    """The answer is the entire playlist: it begins where every other answer of the same version does."""
    for rendition in session.renditions:
        begins = {exchange.playlist.position: exchange.playlist.first_number for exchange in rendition.versions}
        for exchange in rendition.complete:
            playlist = exchange.playlist
            if exchange.blocking and not exchange.skip and playlist.position in begins:
                begin = begins[playlist.position]
                yield "" if playlist.first_number <= begin else (
                    f"{exchange.name} begins at {playlist.first_number}, not {begin}")
        for exchange in rendition.playlists:
            if exchange.playlist.skip and not exchange.skip:
                yield f"{exchange.name} skips segments that were asked for"


@clause("6.2.5.2", excused_by=["restart"])
def old_segments_are_answered_at_once(session):
    """A request for a segment that is there, or left long ago, is answered at once."""
    for rendition, exchange in blocking(session):
        before = rendition.position_before(exchange.sent)
        if before and is_there(exchange, before, rendition.part_counts):
            good = exchange.status == 200 and exchange.held <= session.slack
            yield "" if good else f"{exchange.name}: {exchange.status} after {exchange.held:.3f} s, {before} was there"


@clause("6.2.5.2")
def part_past_the_last_is_the_next_segments_first(session):
    """A part past the last one of its segment means part 0 of the next segment."""
    for rendition, exchange in blocking(session, with_part=True):
        count = rendition.part_counts.get(exchange.msn)
        before = rendition.position_before(exchange.sent)
        if count is not None and before and before[0] > exchange.msn and exchange.part == count:
            good = exchange.is_playlist and exchange.playlist.position >= (exchange.msn + 1, 1)
            what = exchange.playlist.position if exchange.is_playlist else exchange.status
            yield "" if good else f"{exchange.name}: {what}, the segment has {count} parts"


@clause("6.2.5.2", excused_by=["restart"])
def part_without_segment_is_refused(session):
    """_HLS_part without _HLS_msn is answered with 400, until the playlist has ended."""
    for rendition in session.renditions:
        for exchange in before_the_end(rendition):
            if "_HLS_part" in exchange.directives and "_HLS_msn" not in exchange.directives:
                yield "" if exchange.status == 400 else f"{exchange.name}: {exchange.status}"


@clause("6.2.5", excused_by=["restart"])
def malformed_directives_are_refused(session):
    """A _HLS_msn or _HLS_part that is no decimal integer is answered with 400."""
    for rendition in session.renditions:
        for exchange in before_the_end(rendition):
            values = [exchange.directives.get(name, "0") for name in ("_HLS_msn", "_HLS_part")]
            if not all(value.isdigit() for value in values):
                yield "" if exchange.status == 400 else f"{exchange.name}: {exchange.status}"


@clause("6.2.5.2", excused_by=["restart"])
def too_far_ahead_is_refused(session):
    """A segment beyond the last one + 2, or a part beyond the advance part limit, is answered with 400 at once."""
    for rendition, exchange in blocking(session):
        if refused_too_far(rendition, exchange):
            good = exchange.status == 400 and exchange.held <= session.slack
            yield "" if good else f"{exchange.name}: {exchange.status} after {exchange.held:.3f} s"


@clause("6.2.5.2")
def near_future_is_not_refused(session):
    """A segment or part within the limits is not answered with 400."""
    for rendition, exchange in blocking(session):
        if refused_too_far(rendition, exchange) is False:
            yield "" if exchange.status != 400 else f"{exchange.name}: {exchange.body[:200]!r}"


@clause("6.2.5.2")
def waits_have_a_deadline(session):
    """A request that is held longer than three target durations is answered with 503."""
    for rendition in session.renditions:
        for exchange in rendition.of(*PLAYLISTS):
            limit = 3 * session.target + session.slack
            if exchange.status and exchange.held > 2 * session.target:
                good = exchange.held <= limit and exchange.status in (200, 503)
                yield "" if good else f"{exchange.name}: {exchange.status} after {exchange.held:.3f} s"


@clause("6.2.5.2")
def waits_are_not_given_up_early(session):
    """A request whose wait can come true is not answered with 503 before three target durations."""
    for rendition, exchange in blocking(session):
        if exchange.status == 503:
            good = exchange.held >= 3 * rendition.newest.target - session.slack
            yield "" if good else f"{exchange.name} after {exchange.held:.3f} s"
        elif exchange.held > 0 and exchange.status == 200:
            yield ""


@clause("6.2.5.2")
def ended_playlists_ignore_directives(session):
    """Once EXT-X-ENDLIST is there, all directives are ignored: the whole playlist at once."""
    for rendition in session.renditions:
        for exchange in rendition.exchanges:
            if exchange.directives and exchange.status and exchange.sent > rendition.ended_at:
                good = exchange.is_playlist and not exchange.playlist.skip and exchange.held <= session.slack
                yield "" if good else f"{exchange.name}: {exchange.status} after {exchange.held:.3f} s"
