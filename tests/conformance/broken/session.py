# SPDX-License-Identifier: LGPL-2.1-or-later
"""How good sessions (see synthetic.py) are broken."""

import re
from dataclasses import replace

from observations import DELTA, FOLLOW, PROBE
from synthetic import NEW_FORMAT

REFUSAL = {"content-type": "application/json", "cache-control": "max-age=1", "retry-after": "1"}
WAYS = {}  # those of each clause, each with what it breaks


def breaks(clause, also=()):
    """Declares a way to break a clause; `also` are those that cannot but be broken with it."""
    def declare(way):
        WAYS.setdefault(clause, []).append((way, {clause, *also}))
        return way
    return declare


# Choosing exchanges

def of(track="high", *purposes):
    def chosen(exchange):
        return f"/{track}/" in exchange.url and (not purposes or exchange.purpose in purposes)
    return chosen


def playlists(track=None):
    def chosen(exchange):
        return exchange.is_playlist and (track is None or f"/{track}/" in exchange.url)
    return chosen


def plain(exchange):
    """A playlist that was asked for without directives, before the end, with most of its parts."""
    return (exchange.purpose == PROBE and exchange.is_playlist and not exchange.directives and "/high/" in exchange.url
            and not exchange.playlist.ended and "gzip" in exchange.asked["accept-encoding"])


def first(session, chosen):
    return next(filter(chosen, session.exchanges))


def last(session, chosen):
    return next(filter(chosen, reversed(session.exchanges)))


def delta(session, kind="YES", track="high", number=0):
    return first(session, lambda e: e.purpose == DELTA and e.skip == kind and f"/{track}/" in e.url
                 and e.is_playlist and e.playlist.skip and e.playlist.position[0] >= number)


def probe(session, pattern):
    return first(session, lambda e: e.purpose == PROBE and "/high/" in e.url and re.search(pattern, e.url))


# Changing them

def changed(session, exchange, **fields):
    fields = {name: value(getattr(exchange, name)) if callable(value) else value for name, value in fields.items()}
    return session.edited(lambda e: e is exchange, lambda e: replace(e, **fields))


def header(session, exchange, name, value):
    headers = {key: old for key, old in exchange.headers.items() if key != name}
    return changed(session, exchange, headers=headers | ({} if value is None else {name: value}))


def failed(session, exchange, status=404):
    return changed(session, exchange, status=status, body=b"no", headers=exchange.headers | REFUSAL)


def edit(session, chosen, pattern, text, count=0):
    """Replaces in the bodies of one exchange or of all that are chosen; something has to match."""
    matches = 0

    def change(exchange):
        nonlocal matches
        body, found = re.subn(pattern, text, exchange.body.decode(), count=count, flags=re.MULTILINE)
        matches += found
        return replace(exchange, body=body.encode())
    result = session.edited(chosen if callable(chosen) else lambda e: e is chosen, change)
    assert matches, f"nothing matches {pattern}"
    return result


def without(session, chosen):
    return session.edited(chosen, lambda exchange: None)


def with_bytes(session, names, change):
    """Changes media wherever it was fetched."""
    assert any(exchange.url.endswith(tuple(names)) for exchange in session.exchanges)
    return session.edited(lambda e: e.url.endswith(tuple(names)) and e.status == 200,
                          lambda e: replace(e, body=change(e.body)))


def end(track="high"):
    """The last version, asked for after the end."""
    def chosen(exchange):
        return (exchange.purpose == FOLLOW and f"/{track}/" in exchange.url and not exchange.directives
                and exchange.is_playlist and exchange.playlist.ended)
    return chosen


def trimmed(text, number):
    """A playlist without the segments before a number."""
    head, _, rest = text.partition("#EXT-X-MAP")
    kept = rest[re.search(rf"^{number - 1}\.m4s\n", rest, re.MULTILINE).end():]
    seams = len(re.findall("#EXT-X-DISCONTINUITY$", text[:len(text) - len(kept)], re.MULTILINE))
    head = head.replace("#EXT-X-DISCONTINUITY\n", "")
    head = re.sub(r"(#EXT-X-MEDIA-SEQUENCE:)\d+", rf"\g<1>{number}", head)
    head = re.sub(r"(#EXT-X-DISCONTINUITY-SEQUENCE:)(\d+)", lambda m: f"{m[1]}{int(m[2]) + seams}", head)
    edition = "b" if number >= NEW_FORMAT else "a"
    return f'{head}#EXT-X-MAP:URI="init-{edition}.mp4"\n{kept}'
