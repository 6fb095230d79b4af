# SPDX-License-Identifier: LGPL-2.1-or-later
"""What may change from one version of a playlist to the next, and what has to."""

from .playlist import ROUNDING
from .registry import clause

UNCHANGING = {"EXT-X-VERSION", "EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-PLAYLIST-TYPE"}


def successive(session):
    """(rendition, newer exchange, both playlists) for every two successive versions."""
    for rendition in session.renditions:
        for old, new in rendition.pairs():
            if not session.outage_between(old, new):
                yield rendition, new, old.playlist, new.playlist


def where(rendition, exchange):
    return f"{rendition.name} at {exchange.name}"


def constant(session, value):
    """That players keep to what they have read first: restarts or not."""
    for rendition in session.renditions:
        for old, new in rendition.pairs():
            was, now = value(old.playlist), value(new.playlist)
            yield "" if was == now else f"{where(rendition, new)}: {was} became {now}"


@clause("4.4.3.1")
def target_duration_never_changes(session):
    """EXT-X-TARGETDURATION never changes."""
    yield from constant(session, lambda playlist: playlist.target)


@clause("4.4.3.8")
def server_control_never_changes(session):
    """EXT-X-SERVER-CONTROL never changes."""
    yield from constant(session, lambda playlist: playlist.server_control)


@clause("4.4.3.7")
def part_target_never_changes(session):
    """EXT-X-PART-INF never changes."""
    yield from constant(session, lambda playlist: playlist.part_target)


@clause("6.2.1")
def other_headers_never_change(session):
    """EXT-X-VERSION, EXT-X-INDEPENDENT-SEGMENTS and EXT-X-PLAYLIST-TYPE are not among what may change."""
    for rendition, exchange, *versions in successive(session):
        was, now = ([(tag.name, tag.value) for tag in playlist.tags if tag.name in UNCHANGING]
                    for playlist in versions)
        yield "" if was == now else f"{where(rendition, exchange)}: {was} became {now}"


@clause("6.2.2")
def media_sequence_never_decreases(session):
    """EXT-X-MEDIA-SEQUENCE never decreases, restarts or not."""
    for rendition in session.renditions:
        for old, new in rendition.pairs():
            was, now = old.playlist.media_sequence, new.playlist.media_sequence
            yield "" if was <= now else f"{where(rendition, new)}: {was} became {now}"


@clause("6.2.2")
def discontinuity_sequence_never_decreases(session):
    """EXT-X-DISCONTINUITY-SEQUENCE never decreases, restarts or not."""
    for rendition in session.renditions:
        for old, new in rendition.pairs():
            was, now = old.playlist.discontinuity_sequence, new.playlist.discontinuity_sequence
            yield "" if was <= now else f"{where(rendition, new)}: {was} became {now}"


@clause("6.2.2")
def segments_keep_their_numbers(session):
    """EXT-X-MEDIA-SEQUENCE counts each removed segment: a number is always the same segment, restarts or not."""
    for rendition in session.renditions:
        for old, new in rendition.pairs():
            known = {segment.number: segment for segment in old.playlist.segments}
            for segment in new.playlist.segments:
                before = known.get(segment.number)
                if before:
                    same = (before.uri, before.duration, before.gap) == (segment.uri, segment.duration, segment.gap)
                    yield "" if same else (f"{where(rendition, new)}: {segment.number} was {before.uri} of "
                                           f"{before.duration} s, is {segment.uri} of {segment.duration} s")


@clause("6.2.1")
def playlists_only_grow(session):
    """Segments and parts are appended: no version ends before the one before it did, restarts or not."""
    for rendition in session.renditions:
        for old, new in rendition.pairs():
            was, now = old.playlist.position, new.playlist.position
            yield "" if was <= now else f"{where(rendition, new)}: went back from {was} to {now}"


@clause("6.2.2")
def discontinuity_numbers_stay(session):
    """The discontinuity sequence number of a segment stays the same."""
    for rendition, exchange, old, new in successive(session):
        known = {segment.number: segment.discontinuity_number for segment in old.listed}
        for segment in new.listed:
            if segment.number in known:
                same = known[segment.number] == segment.discontinuity_number
                yield "" if same else (f"{where(rendition, exchange)}: {known[segment.number]} of segment "
                                       f"{segment.number} became {segment.discontinuity_number}")


@clause("6.2.1")
def dates_stay(session):
    """The date of a segment stays the same."""
    for rendition, exchange, old, new in successive(session):
        known = {segment.number: segment.date for segment in old.listed}
        for segment in new.listed:
            date = known.get(segment.number)
            if date is not None and segment.date is not None:
                same = abs(date - segment.date) <= ROUNDING
                yield "" if same else f"{where(rendition, exchange)}: {segment.number} by {segment.date - date:.4f} s"


@clause("6.2.1")
def parts_never_change(session):
    """A part that is listed stays as it is."""
    for rendition, exchange, old, new in successive(session):
        known = {part.place: part for part in old.parts}
        for part in new.parts:
            before = known.get(part.place)
            if before:
                same = ((before.uri, before.duration, before.independent, before.gap)
                        == (part.uri, part.duration, part.independent, part.gap))
                yield "" if same else f"{where(rendition, exchange)}: part {part.place}, {before.uri}, {part.uri}"


def listings(session):
    """(rendition, exchange, what is known of it) of each playlist in the order in which they came, deltas and answers
    to odd requests too. What is known, a dictionary of the caller's, is forgotten where a restart is known of."""
    for rendition in session.renditions:
        known, before = {}, None
        for exchange in rendition.playlists:
            if before and session.outage_between(before, exchange):
                known = {}
            yield rendition, exchange, known
            before = exchange


@clause("6.2.1")
def parts_keep_their_names(session):
    """A part, by the number of its segment and its index, has the same URI in all playlists that list it."""
    for rendition, exchange, known in listings(session):
        for part in exchange.playlist.parts:
            uri = known.setdefault(part.place, part.uri)
            yield "" if part.uri == uri else f"{where(rendition, exchange)}: part {part.place}, {uri}, {part.uri}"


@clause("6.2.1")
def segments_keep_their_parts(session):
    """A segment that has become whole begins with the parts that were listed while it was written."""
    for rendition, exchange, known in listings(session):
        for segment in exchange.playlist.listed:
            uris, before = [part.uri for part in segment.parts], known.get(segment.number, [])
            if not segment.whole:
                known[segment.number] = max(before, uris, key=len)
            elif uris and before:
                good = uris[:len(before)] == before
                yield "" if good else f"{where(rendition, exchange)}: {segment.uri} had {before}, has {uris}"


@clause("6.2.2")
def parts_only_go_from_the_front(session):
    """EXT-X-PART tags are removed in the order in which they appear."""
    for rendition, exchange, old, new in successive(session):
        staying = {part.place for part in new.parts}
        kept = False
        lost = []
        for part in old.parts:
            kept = kept or part.place in staying
            if kept and part.place not in staying and part.place < new.position:
                lost.append(part.place)
        yield f"{where(rendition, exchange)}: {lost}" if lost else ""


@clause("6.2.1")
def parts_stay_at_the_live_edge(session):
    """EXT-X-PART tags within three target durations of the end are not removed."""
    for rendition, exchange, old, new in successive(session):
        had_parts = {part.number for part in old.parts}
        distance = 0.0
        for segment in reversed(new.listed):
            distance += segment.known_duration
            if distance > 3 * new.target - ROUNDING:
                break
            if segment.number in had_parts:
                yield "" if segment.parts else (f"{where(rendition, exchange)}: those of {segment.number}, "
                                                f"{distance:.3f} s from the end")


@clause("6.2.2")
def live_window_is_long_enough(session):
    """No segment is removed where that leaves less than three target durations."""
    for rendition, exchange, old, new in successive(session):
        if new.first_number > old.first_number and not new.ended:
            good = new.duration >= 3 * new.target - ROUNDING
            yield "" if good else f"{where(rendition, exchange)}: {new.duration:.3f} s left"


@clause("6.2.2")
def live_playlists_have_no_type(session):
    """A playlist that segments are removed from has no EXT-X-PLAYLIST-TYPE."""
    for rendition, exchange, old, new in successive(session):
        if new.first_number > old.first_number:
            tag = new.tag("EXT-X-PLAYLIST-TYPE")
            yield f"{where(rendition, exchange)} lost segments and is {tag.value}" if tag else ""


@clause("6.2.1")
def ended_playlists_stay(session):
    """EXT-X-ENDLIST stays, and nothing is added after it."""
    for rendition, exchange, old, new in successive(session):
        if old.ended:
            good = new.ended and new.position == old.position
            yield "" if good else f"{where(rendition, exchange)} went on after its end"


def steps(session, place):
    """(rendition, exchange, playlist, seconds) for each version with a new `place`: how long after the one before."""
    for rendition in session.renditions:
        last = None
        for old, new in rendition.pairs():
            if old.playlist.ended:
                break
            if session.outage_between(old, new):
                last = None
                continue
            if place(old.playlist) != place(new.playlist):
                if last is not None:
                    yield rendition, new, new.playlist, new.first - last
                last = new.first


def waited_past_end(exchange):
    """It asked for the part behind a segment's last one, and so for the next segment (6.2.5.2): that its segment had
    ended was to be seen without waiting."""
    parts = [part for part in exchange.playlist.parts if part.number == exchange.msn]
    return exchange.part is not None and len(parts) == exchange.part


@clause("6.2.1")
def new_segment_in_time(session):
    """A new segment is listed within 1.5 target durations after the one before."""
    for rendition, exchange, new, took in steps(session, lambda playlist: playlist.last_number):
        good = took <= 1.5 * new.target + session.slack or waited_past_end(exchange)
        yield "" if good else f"{where(rendition, exchange)}: {new.last_number} after {took:.3f} s"


@clause("6.2.1", excused_by=["stall"])
def new_part_in_time(session):
    """A new part is listed within one part target after the one before."""
    for rendition, exchange, new, took in steps(session, lambda playlist: playlist.position):
        if new.part_target and not new.ended:
            good = took <= new.part_target + session.slack
            yield "" if good else f"{where(rendition, exchange)}: {new.position} after {took:.3f} s"


def next_parts(session):
    """(rendition, exchange, previous playlist, the part that came next, its segment)."""
    for rendition, exchange, old, new in successive(session):
        known = {part.place for part in old.parts}
        added = [part for part in new.parts if part.place not in known and part.place >= old.position]
        if old.parts and added:
            yield rendition, exchange, old, added[0], new.listed[added[0].number - new.first_number]


def came_otherwise(hint, tag):
    """How an EXT-X-PART or EXT-X-MAP is not the very bytes that a hint promised; a hint may leave their end open."""
    hinted, came = (one.value if one else "nothing" for one in (hint, tag))
    if hint and tag:
        length, _, start = (tag.get("BYTERANGE") or "").partition("@")
        promised = hint.get("URI"), hint.get("BYTERANGE-START") or "0", hint.get("BYTERANGE-LENGTH") or length
        if promised == (tag.get("URI"), start or "0", length):
            return ""
    return f"{hinted} was hinted, {came} came"


@clause("6.2.6", excused_by=["replanned", "stall"])
def hints_come_true(session):
    """The next part has exactly the URI and byte range that were hinted, unless a discontinuity or a gap came
    between."""
    for rendition, exchange, old, part, segment in next_parts(session):
        unforeseen = part.index == 0 and (segment.discontinuity or segment.gap) or part.gap
        if not unforeseen:
            wrong = came_otherwise(old.hint("PART"), part.tag)
            yield f"{where(rendition, exchange)}: {wrong}" if wrong else ""


@clause("6.2.6", excused_by=["replanned", "unforeseen"])
def new_init_segments_are_hinted(session):
    """Where the init segment changes, a hint of TYPE=MAP says so before the first part that needs it."""
    for rendition, exchange, old, part, segment in next_parts(session):
        before, after = old.listed[-1].map_uri, segment.map_uri
        if before != after and not part.gap:
            tag = next((tag for tag in exchange.playlist.all("EXT-X-MAP") if tag.get("URI") == after), None)
            wrong = "" if waited_past_end(exchange) else came_otherwise(old.hint("MAP"), tag)
            yield f"{where(rendition, exchange)}: {wrong}" if wrong else ""


@clause("6.2.1")
def changed_format_is_a_discontinuity(session):
    """A new EXT-X-MAP comes with EXT-X-DISCONTINUITY; in no version, restarts or not, does a discontinuity sequence
    number have another one."""
    for rendition in session.renditions:
        maps = {}
        for exchange in rendition.complete:
            listed = exchange.playlist.listed
            for before, segment in zip(listed, listed[1:]):
                if before.map_uri != segment.map_uri:
                    yield "" if segment.discontinuity else f"{where(rendition, exchange)}: {segment.map_uri}"
            for segment in listed:
                known = maps.setdefault(segment.discontinuity_number, segment.map_uri or "")
                if segment.map_uri and known != segment.map_uri:
                    yield f"{where(rendition, exchange)}: {segment.discontinuity_number} has {known} and {segment.map_uri}"
