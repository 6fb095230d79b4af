# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be fetched, and how long; hinted parts."""

import statistics
from observations import HINT, LATE_PART, LATE_SEGMENT, PART, SEGMENT, UNKNOWN, join

from .registry import clause


def listed_media(session, purpose, listed):
    """Verdicts on what versions list without GAP: the client fetches all of that, as soon as it sees it."""
    for rendition in session.renditions:
        for exchange in rendition.answered(purpose):
            good = exchange.status == 200 and exchange.done - exchange.sent <= session.slack
            yield "" if good else f"{exchange.name}: {exchange.status} after {exchange.done - exchange.sent:.3f} s"
        # What came last may not have been fetched before the client went.
        urls = {join(rendition.url, one.uri) for version in rendition.versions
                if version.done + session.slack <= session.exchanges[-1].sent
                for one in listed(version.playlist) if not one.gap}
        for url in sorted(urls - {exchange.url for exchange in rendition.exchanges}):
            yield f"{url} is listed as if it were there, and never came"


@clause("6.2.1", excused_by=["restart"])
def listed_parts_are_there(session):
    """A listed part that is no GAP can be fetched at once, at the speed of the link."""
    yield from listed_media(session, PART, lambda playlist: playlist.parts)


@clause("6.2.1", excused_by=["restart"])
def listed_segments_are_there(session):
    """A listed segment that is no GAP can be fetched at once, at the speed of the link."""
    yield from listed_media(session, SEGMENT, lambda playlist: playlist.segments)


@clause("6.2.2", excused_by=["restart"])
def parts_outlive_their_tags(session):
    """A part can be fetched for three target durations after its tag was removed."""
    for rendition in session.renditions:
        for exchange in rendition.answered(LATE_PART):
            gone = rendition.unlisted_parts.get(exchange.url)
            if gone is not None and exchange.sent <= gone + 3 * rendition.newest.target:
                yield "" if exchange.status == 200 else (
                    f"{exchange.name}: {exchange.status}, {exchange.sent - gone:.3f} s after its tag went")


@clause("6.2.2", excused_by=["restart"])
def segments_outlive_their_listing(session):
    """A segment can be fetched for its own and the longest playlist's duration after it was removed."""
    for rendition in session.renditions:
        longest = max((exchange.playlist.duration for exchange in rendition.complete), default=0)
        numbers = {join(rendition.url, segment.uri): segment for segment in rendition.segments.values()}
        for exchange in rendition.answered(LATE_SEGMENT):
            gone = rendition.unlisted_segments.get(exchange.url)
            if gone is not None and exchange.sent <= gone + numbers[exchange.url].duration + longest:
                yield "" if exchange.status == 200 else (
                    f"{exchange.name}: {exchange.status}, {exchange.sent - gone:.3f} s after it was removed")


def hinted(session):
    """(rendition, exchange, when what it asked for was first listed or None) of requests for what was hinted."""
    for rendition in session.renditions:
        for exchange in rendition.answered(HINT):
            yield rendition, exchange, rendition.first_listed.get(exchange.url)


@clause("6.2.6", excused_by=["restart"])
def hinted_parts_are_served(session):
    """A request for a hinted part or init segment is held, and answered with it no later than it is listed."""
    for rendition, exchange, listed in hinted(session):
        part = rendition.parts.get(exchange.url)
        if listed is not None and not (part and part.gap):
            late = exchange.first - max(listed, exchange.sent)
            good = exchange.status == 200 and late <= session.slack
            yield "" if good else f"{exchange.name}: {exchange.status}, {late:.3f} s after it was listed"


@clause("6.2.6")
def no_byte_before_the_whole_part(session):
    """No byte of a hinted part is sent before all of it can be, at the speed of the link."""
    for rendition in session.renditions:
        shares = []
        for exchange in rendition.answered(HINT):
            part = rendition.parts.get(exchange.url)
            if part and exchange.status == 200:
                took = exchange.done - exchange.first
                shares.append(took / part.duration)
                good = took <= part.duration / 2 + session.slack
                yield "" if good else f"{exchange.name} trickled in for {took:.3f} s"
        if shares:
            usual = statistics.median(shares)
            yield "" if usual <= 0.5 else f"{rendition.name}: usually over {usual:.0%} of the part's duration"


@clause("6.2.6", excused_by=["restart"])
def hints_that_fail_are_not_found(session):
    """A hinted part that will never be is answered with 404."""
    for rendition, exchange, listed in hinted(session):
        superseded = any(e.done > exchange.sent and exchange.url not in rendition.hints(e.playlist)
                         for e in rendition.versions)
        if superseded and exchange.url not in rendition.parts and exchange.url not in rendition.inits:
            yield "" if exchange.status == 404 else f"{exchange.name}: {exchange.status}"


@clause("6.2.6")
def unknown_names_are_not_found(session):
    """A name that is neither known nor hinted is answered with 404 at once."""
    for exchange in session.exchanges:
        if exchange.purpose == UNKNOWN and exchange.status:
            good = exchange.status == 404 and exchange.held <= session.slack
            yield "" if good else f"{exchange.name}: {exchange.status} after {exchange.held:.3f} s"


@clause("6.2.2")
def names_are_never_reused(session):
    """One address always gives the same bytes."""
    for rendition in session.renditions:
        for url, fetched in rendition.bodies.items():
            if len(fetched) > 1:
                same = all(exchange.body == fetched[0].body for exchange in fetched)
                yield "" if same else f"{url} has had {len({exchange.body for exchange in fetched})} bodies"
