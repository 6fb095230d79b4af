# SPDX-License-Identifier: LGPL-2.1-or-later
"""What media playlists of one presentation have to do with each other."""

from urllib.parse import urlsplit

from observations import join

from .playlist import ROUNDING
from .registry import clause

# Tracks are cut at frames: the same seam may be so many seconds apart.
SEAM = 0.1


def same_in_all(session, value):
    if len(session.renditions) > 1:
        values = {rendition.name: value(rendition.newest) for rendition in session.renditions if rendition.newest}
        same = all(found == next(iter(values.values())) for found in values.values())
        yield "" if same else str(values)


@clause("6.2.4")
def one_target_duration_for_all(session):
    """All media playlists have the same target duration."""
    yield from same_in_all(session, lambda playlist: playlist.target)


@clause("6.2.4")
def one_server_control_for_all(session):
    """All media playlists have the same EXT-X-SERVER-CONTROL."""
    yield from same_in_all(session, lambda playlist: playlist.server_control)


@clause("6.2.4")
def one_playlist_type_for_all(session):
    """All media playlists have the same EXT-X-PLAYLIST-TYPE, or none."""
    yield from same_in_all(session, lambda playlist: getattr(playlist.tag("EXT-X-PLAYLIST-TYPE"), "value", None))


@clause("4.4.3.8")
def part_hold_back_suits_the_longest_parts(session):
    """PART-HOLD-BACK is at least three times the largest part target of all renditions."""
    targets = [rendition.newest.part_target or 0 for rendition in session.renditions if rendition.newest]
    for rendition in session.renditions:
        hold_back = rendition.newest.control("PART-HOLD-BACK") if rendition.newest else None
        if hold_back is not None:
            good = hold_back >= 3 * max(targets) - 1e-6
            yield "" if good else f"{rendition.name}: {hold_back}, largest part target {max(targets)}"


def reports(session):
    """(rendition, exchange, tag, URL of what it is about) of each report in a live playlist."""
    for rendition in session.renditions:
        for exchange in rendition.playlists:
            for tag in exchange.playlist.all("EXT-X-RENDITION-REPORT"):
                yield rendition, exchange, tag, join(rendition.url, tag.get("URI") or "")


def last_version(session, rendition, exchange, when):
    """The playlist that a rendition had at a time, in the same life of the publisher as an exchange."""
    there = [version for version in rendition.versions if version.done <= when]
    return there[-1].playlist if there and not session.outage_between(there[-1], exchange) else None


@clause("B.1")
def every_other_rendition_is_reported(session):
    """A live low-latency playlist has one EXT-X-RENDITION-REPORT for every other media playlist that is there."""
    for rendition in session.renditions:
        others = {other.url: other for other in session.renditions if other is not rendition}
        for exchange in rendition.playlists:
            playlist = exchange.playlist
            if playlist.part_target and not playlist.ended:
                told = sorted(join(rendition.url, tag.get("URI") or "")
                              for tag in playlist.all("EXT-X-RENDITION-REPORT"))
                newest = {url: last_version(session, other, exchange, exchange.first - session.slack)
                          for url, other in others.items()}
                # One that has ended leaves with its window.
                there = {url for url, version in newest.items() if version and not version.ended}
                good = there <= set(told) <= others.keys() and len(told) == len(set(told))
                yield "" if good else f"{rendition.name}, {exchange.name} reports {told}"


@clause("4.4.5.4")
def reports_are_relative(session):
    """The URI of an EXT-X-RENDITION-REPORT is relative to the playlist."""
    for _, exchange, tag, _ in reports(session):
        parts = urlsplit(tag.get("URI") or "")
        good = not parts.scheme and not parts.netloc
        yield "" if good else f"{exchange.name}: {tag.get('URI')}"


@clause("4.4.5.4")
def reports_say_how_far(session):
    """A report has LAST-MSN, and LAST-PART where that rendition has parts."""
    for _, exchange, tag, url in reports(session):
        other = session.by_url.get(url)
        if other and other.newest:
            good = tag.get("LAST-MSN") is not None and (
                tag.get("LAST-PART") is not None or not other.newest.part_target)
            yield "" if good else f"{exchange.name}: {tag.value}"


def one_part_before(position, counts):
    number, parts = position
    if parts:
        return number, parts - 1
    return number - 1, max(0, counts.get(number - 1, 1) - 1)


def settled(position, counts):
    """All parts of a segment are the segment, listed as such or not yet."""
    number, part = position
    return (number + 1, 0) if part >= counts.get(number, 1 << 30) else position


def reported_position(tag, counts):
    """What `position` would be of a playlist that ends as reported."""
    number, part = int(tag.get("LAST-MSN")), tag.get("LAST-PART")
    return (number + 1, 0) if part is None else settled((number, int(part) + 1), counts)


def not_rendered_before(exchange, slack):
    """What was waited for is new when it comes; what was there already is as old as its last part at most."""
    age = 0 if exchange.held > slack else exchange.playlist.part_target or 0
    return exchange.first - slack - age


@clause("4.4.5.4", excused_by=["stall"])
def reports_are_true(session):
    """LAST-MSN and LAST-PART are as new as that rendition's own playlist was when the report was made, and no newer."""
    for _, exchange, tag, url in reports(session):
        other = session.by_url.get(url)
        if not other or not tag.get("LAST-MSN") or not exchange.blocking:
            continue
        # What came within the slack was there: the other's answer may have come a little later.
        soon = exchange.first + session.slack
        since, until = other.position_before(not_rendered_before(exchange, session.slack)), other.position_before(soon)
        # Without any slack: what had come a part before this was asked for was there when this was made.
        asked, by = other.position_before(exchange.sent - (exchange.playlist.part_target or 0)), other.position_by(
            exchange.done)
        if asked and by and last_version(session, other, exchange, soon):
            counts = other.part_counts
            told = reported_position(tag, counts)
            least = max(settled(since or (0, 0), counts), one_part_before(settled(asked, counts), counts))
            most = settled(until, counts) if other.position_by(soon) else told
            good = least <= told <= most and one_part_before(told, counts) <= by
            yield "" if good else f"{exchange.name}: {tag.value}, {other.name} was between {least} and {min(most, by)}"


@clause("B.1", excused_by=["stall", "restart"])
def renditions_keep_together(session):
    """The ends of all renditions are within one part target of each other."""
    for rendition in session.renditions:
        for exchange in rendition.versions:
            playlist = exchange.playlist
            if not playlist.part_target or playlist.end_date is None or playlist.ended:
                continue
            # What the others would have had by then is not known any more.
            if exchange.done + session.slack > session.followed_until:
                continue
            for other in session.renditions:
                # What came within the slack was there: the other's answer may have come a little later.
                newest = last_version(session, other, exchange, exchange.done + session.slack)
                if other is not rendition and newest and not newest.ended and newest.end_date is not None:
                    behind = playlist.end_date - newest.end_date
                    limit = max(playlist.part_target, newest.part_target or 0) + ROUNDING
                    yield "" if behind <= limit else f"{exchange.name}: {other.name} is {behind:.3f} s behind"


@clause("6.2.4")
def discontinuity_numbers_match(session):
    """Content of the same time has the same discontinuity sequence number in all renditions."""
    newest = [rendition for rendition in session.renditions if rendition.newest]
    for index, first in enumerate(newest):
        for second in newest[index + 1:]:
            theirs = spans(second.newest)
            wrong = [(number, other) for number, (begin, end) in spans(first.newest).items()
                     for other, (other_begin, other_end) in theirs.items()
                     if number != other and min(end, other_end) - max(begin, other_begin) > SEAM]
            yield f"at the same time {first.name} has {wrong[0][0]}, {second.name} {wrong[0][1]}" if wrong else ""


def spans(playlist):
    """First and last date of each discontinuity sequence number."""
    found = {}
    for segment in playlist.listed:
        if segment.date is not None:
            begin, _ = found.get(segment.discontinuity_number, (segment.date, 0))
            found[segment.discontinuity_number] = begin, segment.date + segment.known_duration
    return found
