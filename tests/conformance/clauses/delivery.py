# SPDX-License-Identifier: LGPL-2.1-or-later
"""How answers travel: HTTP itself, compression, caches, other origins."""

from observations import FOLLOW, INIT, LATE_PART, LATE_SEGMENT, MEDIA, MULTIVARIANT

from .registry import clause

# Always exposed to scripts (Fetch, CORS-safelisted response-header names).
SAFELISTED = {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified",
              "pragma"}
PLAYERS_READ = {"date", "age"}


@clause("RFC 9112", excused_by=["restart"])
def every_request_is_answered(session):
    """Every request is answered by a well-formed HTTP/1.1 message."""
    for exchange in session.exchanges:
        yield f"{exchange.name}: {exchange.fault}" if exchange.fault else ""


@clause("RFC 9110 6.6.1")
def answers_are_dated(session):
    """Every answer has a Date: players tune in by it."""
    for exchange in session.exchanges:
        if exchange.status:
            yield "" if "date" in exchange.headers else exchange.name


@clause("6.2.1")
def playlists_are_compressed(session):
    """Playlists are sent with gzip to a client that accepts it."""
    for exchange in session.playlists + session.multivariants:
        if "gzip" in exchange.asked.get("accept-encoding", ""):
            coding = exchange.headers.get("content-encoding")
            yield "" if coding == "gzip" else f"{exchange.name} has the coding {coding}"


@clause("RFC 9110 12.5.3")
def compressed_only_where_accepted(session):
    """Nothing is compressed for a client that does not accept it; what may be says Vary: Accept-Encoding."""
    for exchange in session.playlists + session.multivariants:
        coding = exchange.headers.get("content-encoding", "identity")
        if "gzip" not in exchange.asked.get("accept-encoding", ""):
            yield "" if coding == "identity" else f"{exchange.name} has the coding {coding}"
        elif coding == "gzip":
            varies = "accept-encoding" in exchange.headers.get("vary", "").lower()
            yield "" if varies else f"{exchange.name} does not say that it varies"


def playlist_ages(session, blocking):
    for rendition in session.renditions:
        for exchange in rendition.playlists:
            if exchange.blocking == blocking and not exchange.playlist.ended:
                yield exchange, exchange.max_age(), exchange.playlist.target


@clause("B.1")
def blocked_playlists_are_cached_long(session):
    """The answer to a blocking request may be cached for six target durations."""
    for exchange, age, target in playlist_ages(session, True):
        yield "" if age == 6 * target else f"{exchange.name}: {age} s"


@clause("B.1")
def plain_playlists_are_cached_briefly(session):
    """A playlist that was asked for without directives is cached for at most half a target duration, or a second."""
    for exchange, age, target in playlist_ages(session, False):
        yield "" if age is not None and age <= max(target / 2, 1) else f"{exchange.name}: {age} s"


@clause("B.1")
def media_is_cached_long(session):
    """Media may be cached for at least six target durations."""
    for exchange in session.exchanges:
        if exchange.purpose in MEDIA - {LATE_PART, LATE_SEGMENT} and exchange.status == 200:
            age = exchange.max_age()
            yield "" if age is not None and age >= 6 * session.target else f"{exchange.name}: {age} s"


@clause("B.1")
def failures_are_cached_briefly(session):
    """A failure is cached for at most one target duration, that of a blocking request for four."""
    for exchange in session.exchanges:
        if exchange.status >= 400:
            age, limit = exchange.max_age(), session.target * (4 if exchange.blocking else 1)
            yield "" if age is not None and age <= limit else f"{exchange.name}: {exchange.status}, {age} s"


@clause("CORS")
def other_origins_may_read(session):
    """Scripts of every origin may read each answer, failures too."""
    for exchange in session.exchanges:
        origin = exchange.asked.get("origin")
        if origin and exchange.status:
            allowed = exchange.headers.get("access-control-allow-origin")
            yield "" if allowed in ("*", origin) else f"{exchange.name}: {exchange.status}, {allowed}"


@clause("CORS")
def other_origins_see_date_and_age(session):
    """Date and Age are exposed to scripts."""
    for exchange in session.exchanges:
        if exchange.asked.get("origin") and exchange.purpose in (MULTIVARIANT, FOLLOW) and exchange.status == 200:
            exposed = {name.strip().lower()
                       for name in exchange.headers.get("access-control-expose-headers", "").split(",")}
            hidden = PLAYERS_READ - exposed - SAFELISTED
            yield f"{exchange.name} hides {sorted(hidden)}" if hidden and "*" not in exposed else ""


@clause("ISO/IEC 14496-12")
def media_has_its_type(session):
    """Media segments, parts and init segments are video/mp4 or audio/mp4."""
    for exchange in session.exchanges:
        if exchange.purpose in MEDIA and exchange.status == 200:
            kind = exchange.headers.get("content-type", "").split(";")[0]
            good = kind in ("video/mp4", "audio/mp4", "application/mp4")
            yield "" if good else f"{exchange.name} is of type {kind!r}"


@clause("RFC 9110 15.6.4")
def unavailable_says_when_to_retry(session):
    """503 comes with Retry-After."""
    for exchange in session.exchanges:
        if exchange.status == 503:
            yield "" if "retry-after" in exchange.headers else exchange.name


@clause("RFC 9110 15.5")
def refusals_give_the_reason(session):
    """400 and 404 say why in their body."""
    for exchange in session.exchanges:
        if exchange.status in (400, 404):
            yield "" if exchange.body.strip() else f"{exchange.name}: {exchange.status} without a word"


@clause("4.4.4.5")
def init_segments_are_there(session):
    """The init segment that EXT-X-MAP names can be fetched."""
    for exchange in session.exchanges:
        if exchange.purpose == INIT:
            yield "" if exchange.status == 200 else f"{exchange.name}: {exchange.status}"
