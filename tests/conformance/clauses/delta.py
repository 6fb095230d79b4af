# SPDX-License-Identifier: LGPL-2.1-or-later
"""Playlist delta updates: 6.2.5.1."""

from .playlist import ROUNDING
from .registry import clause

# How an effective segment is compared.
FIELDS = ("number", "uri", "duration", "init segment", "gap", "discontinuity sequence number", "date")


def effective(playlist, before=None):
    """What each whole segment of a playlist is, whichever tags say so; `before` is what the last skipped one is."""
    segments = []
    map_uri, date, turn = None, None, 0
    if before:
        map_uri, turn = before[3], before[5] - playlist.discontinuity_sequence
        date = before[6] + before[2] if before[6] is not None else None
    for segment in playlist.segments:
        date = segment.date if segment.date is not None else date
        segments.append((segment.number, segment.uri, segment.duration, segment.map_uri or map_uri, segment.gap,
                         segment.discontinuity_number + turn, None if date is None else round(date, 3)))
        date = None if date is None else date + segment.duration
    return segments


def reconstructed(delta, previous):
    """The segments of the full version, from a delta and an earlier full version; None where that is too old."""
    known = {segment[0]: segment for segment in effective(previous)}
    skipped = range(delta.media_sequence, delta.media_sequence + delta.skipped)
    if not all(number in known for number in skipped):
        return None
    old = [known[number] for number in skipped]
    return old + effective(delta, old[-1] if old else None)


def differs(first, second):
    for a, b in zip(first, second):
        for what, x, y in zip(FIELDS, a, b):
            if x != y and not (what == "date" and x and y and abs(x - y) <= 2 * ROUNDING):
                return f"{what} of {a[0]}: {x}, in full {y}"
    return "" if len(first) == len(second) else f"{len(first)} segments, in full {len(second)}"


def full_versions(rendition):
    """By their position. The one that ends the presentation may have the position of the one before."""
    return {exchange.playlist.position: exchange.playlist for exchange in rendition.versions
            if not exchange.playlist.ended}


def deltas(session):
    """(rendition, exchange, delta, the full version at the same position, a full version that came before)."""
    for rendition in session.renditions:
        full = full_versions(rendition)
        for exchange in rendition.playlists:
            if exchange.playlist.skip and exchange.skip:
                before = [e for e in rendition.versions if e.done <= exchange.sent]
                yield (rendition, exchange, exchange.playlist, full.get(exchange.playlist.position),
                       before[-1].playlist if before else None)


def to_skip(full):
    """How many segments of a full version lie beyond the skip boundary, measured from the last segment's end: at least
    and at most, where one ends just there."""
    until, distance, least, most = full.control("CAN-SKIP-UNTIL"), 0.0, 0, 0
    for segment in reversed(full.segments):
        least += distance > until + ROUNDING
        most += distance > until - ROUNDING
        distance += segment.duration
    return least, most


@clause("6.2.5.1")
def deltas_are_given(session):
    """_HLS_skip=YES or v2 gives a delta update where the playlist offers it and has something to skip."""
    for rendition in session.renditions:
        full = full_versions(rendition)
        for exchange in rendition.playlists:
            same = full.get(exchange.playlist.position)
            # 6.2.5.2: directives mean nothing once the playlist has ended, be it at the position of a live one.
            ended = exchange.playlist.ended
            if exchange.skip in ("YES", "v2") and same and same.control("CAN-SKIP-UNTIL") and not ended:
                if to_skip(same)[0]:
                    yield "" if exchange.playlist.skip else f"{exchange.name} got the full playlist"


@clause("6.2.5.1")
def deltas_only_where_offered(session):
    """_HLS_skip is ignored by a playlist without CAN-SKIP-UNTIL."""
    for exchange in session.playlists:
        if exchange.skip:
            good = exchange.playlist.control("CAN-SKIP-UNTIL") is not None or not exchange.playlist.skip
            yield "" if good else f"{exchange.name} skips {exchange.playlist.skipped} unannounced"


@clause("6.2.5.1")
def deltas_skip_up_to_the_boundary(session):
    """Exactly the segments further from the end of the last segment than CAN-SKIP-UNTIL are skipped."""
    for _, exchange, delta, full, _ in deltas(session):
        if full and full.control("CAN-SKIP-UNTIL"):
            least, most = to_skip(full)
            good = least <= delta.skipped <= most
            yield "" if good else f"{exchange.name} skips {delta.skipped}, not {least} to {most}"


@clause("6.2.5.1")
def deltas_give_the_full_playlist(session):
    """A delta together with an earlier version is the full version: segments, parts and all other tags."""
    for _, exchange, delta, full, before in deltas(session):
        if not full or not before:
            continue
        segments = reconstructed(delta, before)
        if segments is None:
            continue
        wrong = differs(segments, effective(full))
        if not wrong:
            wrong = other_tags_differ(delta, full)
        yield f"{exchange.name}: {wrong}" if wrong else ""


def other_tags_differ(delta, full):
    """Parts and tags of the playlist itself. Reports of other renditions may have gone on in between."""
    if [(p.place, p.uri, p.duration) for p in delta.parts] != [
            (p.place, p.uri, p.duration) for p in full.parts if p.number >= delta.first_number]:
        return "other parts"
    for name in ("EXT-X-TARGETDURATION", "EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE", "EXT-X-PART-INF",
                 "EXT-X-SERVER-CONTROL", "EXT-X-PRELOAD-HINT", "EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-PLAYLIST-TYPE"):
        if [tag.value for tag in delta.all(name)] != [tag.value for tag in full.all(name)]:
            return f"other {name}"
    reports = [sorted(tag.get("URI") for tag in p.all("EXT-X-RENDITION-REPORT")) for p in (delta, full)]
    return "" if reports[0] == reports[1] else "other rendition reports"


@clause("6.2.5.1")
def deltas_keep_dateranges(session):
    """A delta of kind YES has every EXT-X-DATERANGE of the full version."""
    for _, exchange, delta, full, _ in deltas(session):
        if full and exchange.skip == "YES":
            ids = [{tag.get("ID") for tag in p.all("EXT-X-DATERANGE")} for p in (delta, full)]
            yield "" if ids[0] == ids[1] else f"{exchange.name} has {ids[0]}, the full one {ids[1]}"


@clause("6.2.5.1")
def v2_leaves_out_old_dateranges(session):
    """A delta of kind v2 has no EXT-X-DATERANGE that was added more than CAN-SKIP-UNTIL seconds before."""
    for rendition, exchange, delta, _, _ in deltas(session):
        if exchange.skip != "v2" or "CAN-SKIP-DATERANGES" not in delta.server_control:
            continue
        old = {tag.get("ID") for e in rendition.versions
               if e.first < exchange.sent - delta.control("CAN-SKIP-UNTIL") - session.slack
               for tag in e.playlist.all("EXT-X-DATERANGE")}
        kept = old & {tag.get("ID") for tag in delta.all("EXT-X-DATERANGE")}
        yield f"{exchange.name} has {sorted(kept)}" if kept else ""


@clause("4.4.5.2")
def v2_says_that_it_skips_dateranges(session):
    """The EXT-X-SKIP of a delta of kind v2 has RECENTLY-REMOVED-DATERANGES, be it empty."""
    for _, exchange, delta, _, _ in deltas(session):
        if exchange.skip == "v2" and "CAN-SKIP-DATERANGES" in delta.server_control:
            good = delta.skip.get("RECENTLY-REMOVED-DATERANGES") is not None
            yield "" if good else f"{exchange.name} has EXT-X-SKIP:{delta.skip.value}"


@clause("6.2.5.1")
def v2_names_removed_dateranges(session):
    """A delta of kind v2 lists the date ranges that were removed within the last CAN-SKIP-UNTIL seconds."""
    for rendition, exchange, delta, full, _ in deltas(session):
        if exchange.skip != "v2" or "CAN-SKIP-DATERANGES" not in delta.server_control or not full:
            continue
        recent = exchange.sent - delta.control("CAN-SKIP-UNTIL") + session.slack
        gone = {tag.get("ID") for e in rendition.versions if recent < e.done <= exchange.sent
                for tag in e.playlist.all("EXT-X-DATERANGE")} - {tag.get("ID") for tag in full.all("EXT-X-DATERANGE")}
        listed = set(filter(None, (delta.skip.get("RECENTLY-REMOVED-DATERANGES") or "").split("\t")))
        yield "" if gone <= listed else f"{exchange.name}: {sorted(gone - listed)} not named"
