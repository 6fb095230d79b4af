# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers that come wrong, late, early or not at all."""

from observations import (DELTA, FOLLOW, HINT, INIT, LATE_PART, LATE_SEGMENT, PART, PROBE, SEGMENT, UNKNOWN,
                          with_directives)

from .session import breaks, changed, delta, edit, failed, first, header, last, of, plain, playlists, probe, trimmed

# HTTP

@breaks("every_request_is_answered")
def _(s):
    return changed(s, first(s, of("high", PROBE)), status=0, fault="ConnectionResetError")


@breaks("answers_are_dated")
def _(s):
    return header(s, first(s, of("high", UNKNOWN)), "date", None)


@breaks("playlists_are_compressed")
def _(s):
    return header(s, first(s, plain), "content-encoding", None)


@breaks("compressed_only_where_accepted")
def _(s):
    asked = first(s, lambda e: e.purpose == PROBE and e.asked["accept-encoding"] == "identity")
    return header(s, asked, "content-encoding", "gzip")


@breaks("blocked_playlists_are_cached_long")
def _(s):
    return header(s, delta(s), "cache-control", "max-age=1")


@breaks("plain_playlists_are_cached_briefly")
def _(s):
    return header(s, first(s, plain), "cache-control", "max-age=6")


@breaks("media_is_cached_long")
def _(s):
    return header(s, first(s, of("high", PART)), "cache-control", "max-age=1")


@breaks("failures_are_cached_briefly")
def _(s):
    return header(s, first(s, of("high", UNKNOWN)), "cache-control", "max-age=6")


@breaks("other_origins_may_read")
def _(s):
    return header(s, first(s, of("high", UNKNOWN)), "access-control-allow-origin", None)


@breaks("other_origins_see_date_and_age")
def _(s):
    return header(s, first(s, of("high", FOLLOW)), "access-control-expose-headers", "Date, ETag")


@breaks("media_has_its_type")
def _(s):
    return header(s, first(s, of("high", PART)), "content-type", "application/octet-stream")


@breaks("unavailable_says_when_to_retry")
def _(s):
    return header(s, first(s, lambda e: e.status == 503), "retry-after", None)


@breaks("refusals_give_the_reason")
def _(s):
    return changed(s, first(s, of("high", UNKNOWN)), body=b"")


@breaks("init_segments_are_there")
def _(s):
    return failed(s, first(s, of("high", INIT)))


# Blocking reload

@breaks("part_requests_are_held")
def _(s):
    asked = first(s, lambda e: e.purpose == DELTA and e.is_playlist and e.part == 1 and e.playlist.position[1] == 2)
    return changed(s, asked, url=asked.url.replace("_HLS_part=1", "_HLS_part=2"))


@breaks("segment_requests_are_held")
def _(s):
    asked = first(s, lambda e: e.purpose == PROBE and e.is_playlist and (e.msn or 0) > 1000 and e.part is None)
    return changed(s, asked, url=with_directives(asked.rendition, msn=asked.playlist.position[0]))


@breaks("held_no_longer_than_needed")
def _(s):
    return changed(s, delta(s), first=lambda t: t + 0.1, done=lambda t: t + 0.1)


@breaks("entire_playlist_is_answered")
def _(s):
    asked = probe(s, "msn=0")
    number = asked.playlist.first_number + 1
    return changed(s, asked, body=trimmed(asked.body.decode(), number).encode())


@breaks("old_segments_are_answered_at_once")
def _(s):
    return failed(s, probe(s, "msn=0"))


@breaks("part_past_the_last_is_the_next_segments_first", also=["old_segments_are_answered_at_once"])
def _(s):
    return failed(s, probe(s, "_HLS_part=4"))


@breaks("part_without_segment_is_refused")
def _(s):
    return failed(s, probe(s, r"\?_HLS_part=0"))


@breaks("malformed_directives_are_refused")
def _(s):
    return failed(s, probe(s, "msn=last"))


@breaks("too_far_ahead_is_refused")
def _(s):
    return failed(s, first(s, lambda e: e.status == 400 and (e.msn or 0) > 1000 and e.part is None))


# A part of the segment after the one that is being written.
@breaks("too_far_ahead_is_refused")
def _(s):
    far = [e for e in s.exchanges if e.status == 400 and e.part is not None and e.msn is not None and e.part < 1000]
    return failed(s, max(far, key=lambda e: e.msn))


@breaks("near_future_is_not_refused")
def _(s):
    return failed(s, delta(s), 400)


# The last part that may be asked for.
@breaks("near_future_is_not_refused")
def _(s):
    return failed(s, probe(s, "_HLS_part=11"), 400)


@breaks("waits_have_a_deadline")
def _(s):
    return changed(s, first(s, lambda e: e.status == 503), first=lambda t: t + 1, done=lambda t: t + 1)


@breaks("waits_are_not_given_up_early")
def _(s):
    return failed(s, delta(s), 503)


@breaks("ended_playlists_ignore_directives")
def _(s):
    return failed(s, last(s, lambda e: e.purpose == PROBE and e.directives))


# What can be fetched

@breaks("listed_parts_are_there")
def _(s):
    return failed(s, first(s, of("high", PART)))


@breaks("listed_segments_are_there")
def _(s):
    return failed(s, first(s, of("high", SEGMENT)))


@breaks("listed_segments_are_there")
def _(s):
    return edit(s, playlists(), "^#EXT-X-GAP\n", "")


@breaks("listed_parts_are_there", also=["listed_segments_are_there", "hints_come_true"])
def _(s):
    return edit(edit(s, playlists(), ",GAP=YES", ""), playlists(), "^#EXT-X-GAP\n", "")


@breaks("parts_outlive_their_tags")
def _(s):
    return failed(s, first(s, of("high", LATE_PART)))


@breaks("segments_outlive_their_listing")
def _(s):
    return failed(s, first(s, of("high", LATE_SEGMENT)))


@breaks("hinted_parts_are_served")
def _(s):
    return failed(s, first(s, of("high", HINT)))


@breaks("no_byte_before_the_whole_part")
def _(s):
    return changed(s, first(s, of("high", HINT)), first=lambda t: t - 0.2)


@breaks("hints_that_fail_are_not_found")
def _(s):
    return failed(s, first(s, lambda e: e.purpose == HINT and e.status == 404), 410)


@breaks("unknown_names_are_not_found")
def _(s):
    return failed(s, first(s, of("high", UNKNOWN)), 403)


@breaks("names_are_never_reused")
def _(s):
    return changed(s, first(s, of("high", LATE_PART)), body=b"other")
