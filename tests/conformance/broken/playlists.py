# SPDX-License-Identifier: LGPL-2.1-or-later
"""Playlists that say what they must not, or not what they must."""

import re
from dataclasses import replace

from observations import DELTA, FOLLOW, PROBE
from synthetic import GAP, LAST, NEW_FORMAT

from .session import breaks, changed, delta, edit, end, first, header, of, plain, playlists, trimmed, without

# A playlist by itself

@breaks("syntax")
def _(s):
    return edit(s, first(s, plain), r"\Z", "#EXT-X-PART-INF:PART-TARGET=0.25\n")


@breaks("playlist_media_type")
def _(s):
    return header(s, first(s, plain), "content-type", "text/plain")


@breaks("version_is_enough")
def _(s):
    return edit(s, delta(s), "^#EXT-X-VERSION:9", "#EXT-X-VERSION:6")


@breaks("segments_within_target")
def _(s):
    def change(body):
        head, tail = body.decode().split("#EXTINF:1.0", 1)
        # Later dates would not follow.
        return (head + "#EXTINF:1.6" + re.sub(r"#EXT-X-PROGRAM-DATE-TIME.*\n", "", tail)).encode()
    return changed(s, first(s, plain), body=change)


@breaks("part_target_is_declared")
def _(s):
    return edit(s, first(s, plain), "^#EXT-X-PART-INF.*\n", "")


@breaks("part_hold_back")
def _(s):
    return edit(s, first(s, plain), "PART-HOLD-BACK=0.75", "PART-HOLD-BACK=0.49")


@breaks("hold_back")
def _(s):
    return edit(s, first(s, plain), ",HOLD-BACK=3", ",HOLD-BACK=2.9")


@breaks("skip_boundary_is_far_enough")
def _(s):
    return edit(s, first(s, plain), "CAN-SKIP-UNTIL=6", "CAN-SKIP-UNTIL=5.9")


@breaks("skipping_dateranges_needs_skipping")
def _(s):
    return edit(s, first(s, plain), "CAN-SKIP-UNTIL=6,", "")


@breaks("parts_come_with_blocking_reload")
def _(s):
    return edit(s, first(s, plain), "CAN-BLOCK-RELOAD=YES,", "")


@breaks("map_before_first_segment")
def _(s):
    return edit(s, first(s, plain), "^#EXT-X-MAP.*\n", "", count=1)


@breaks("parts_within_target")
def _(s):
    return edit(s, first(s, plain), "PART-TARGET=0.25", "PART-TARGET=0.24")


@breaks("parts_long_enough")
def _(s):
    return edit(s, first(s, plain), "PART-TARGET=0.25", "PART-TARGET=0.3")


@breaks("segment_tags_before_parts")
def _(s):
    return edit(s, first(s, plain), r"^(#EXT-X-PROGRAM-DATE-TIME.*\n)(#EXT-X-PART:.*\n)", r"\2\1", count=1)


@breaks("parts_fill_their_segment")
def _(s):
    asked = first(s, plain)
    return edit(s, asked, rf'DURATION=0.250000(.*{asked.playlist.last_number}\.1\.)', r"DURATION=0.240000\1")


@breaks("gap_segments_have_gap_parts")
def _(s):
    asked = first(s, lambda e: e.purpose == DELTA and e.is_playlist and e.playlist.position[0] > 1018
                  and "GAP=YES" in e.playlist.text)
    return edit(s, asked, ",GAP=YES", "", count=1)


@breaks("old_parts_are_dropped")
def _(s):
    asked = first(s, plain)
    number = asked.playlist.segments[1].number
    parts = "".join(f'#EXT-X-PART:DURATION=0.25,URI="{number}.{index}.m4s"{",INDEPENDENT=YES" * (not index)}\n'
                    for index in range(4))
    return edit(s, asked, rf"^(#EXTINF.*\n{number}\.m4s\n)", rf"{parts}\1")


@breaks("next_part_is_hinted")
def _(s):
    return edit(s, first(s, plain), "^#EXT-X-PRELOAD-HINT.*\n", "")


@breaks("one_hint_of_a_type")
def _(s):
    return edit(s, first(s, plain), r"\Z", '#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="init-a.mp4"\n' * 2)


@breaks("dates_everywhere")
def _(s):
    return edit(s, first(s, plain), "^#EXT-X-PROGRAM-DATE-TIME.*\n", "")


@breaks("dates_follow_durations")
def _(s):
    return edit(s, first(s, plain), r"^(#EXT-X-PROGRAM-DATE-TIME.*)\.000Z", r"\1.010Z", count=1)


@breaks("dates_only_overlap_a_little")
def _(s):
    asked = first(s, lambda e: plain(e) and "#EXT-X-DISCONTINUITY\n" in e.playlist.text)
    seam = asked.body.decode().index("#EXT-X-DISCONTINUITY\n")
    before, after = asked.body.decode()[:seam], asked.body.decode()[seam:]
    after = re.sub(r"(DATE-TIME:\d+-\d+-)(\d+)", lambda m: f"{m[1]}{int(m[2]) - 1:02}", after)
    return changed(s, asked, body=(before + after).encode())


@breaks("whole_segment_is_listed")
def _(s):
    asked = first(s, lambda e: e.purpose == PROBE and e.is_playlist and not e.directives
                  and not e.playlist.ended and e.playlist.position[1] > 0)
    return changed(s, asked, body=trimmed(asked.body.decode(), asked.playlist.position[0]).encode())


# One version and the next

@breaks("target_duration_never_changes", also=["hold_back", "skip_boundary_is_far_enough"])
def _(s):
    for track in ("high", "low", "audio"):
        s = edit(s, end(track), "TARGETDURATION:1", "TARGETDURATION:2")
    return s


@breaks("server_control_never_changes")
def _(s):
    return edit(s, first(s, of("high", FOLLOW)), "PART-HOLD-BACK=0.75", "PART-HOLD-BACK=0.8")


@breaks("part_target_never_changes")
def _(s):
    return edit(s, first(s, of("high", FOLLOW)), "PART-TARGET=0.25", "PART-TARGET=0.26")


@breaks("other_headers_never_change")
def _(s):
    return edit(s, end(), "^#EXT-X-VERSION.*\n", r"\g<0>#EXT-X-INDEPENDENT-SEGMENTS\n")


@breaks("media_sequence_never_decreases", also=["entire_playlist_is_answered"])
def _(s):
    number = first(s, end()).playlist.first_number
    s = edit(s, end(), "^(#EXT-X-MAP.*\n)", rf"\1#EXTINF:1.0,\n{number - 1}.m4s\n")
    return edit(s, end(), rf"MEDIA-SEQUENCE:{number}", f"MEDIA-SEQUENCE:{number - 1}")


@breaks("discontinuity_sequence_never_decreases")
def _(s):
    s = edit(s, end(), "DISCONTINUITY-SEQUENCE:2", "DISCONTINUITY-SEQUENCE:1")
    return edit(s, end(), "^#EXT-X-MAP", "#EXT-X-DISCONTINUITY\n#EXT-X-MAP")


@breaks("segments_keep_their_numbers", also=["listed_segments_are_there"])
def _(s):
    return edit(s, end(), rf"^{LAST - 5}\.m4s", "other.m4s")


@breaks("playlists_only_grow")
def _(s):
    old, new = [e for e in s.exchanges if of("high", FOLLOW)(e) and e.playlist.position in ((1020, 2), (1020, 3))]
    late = replace(old, url=old.rendition, sent=new.done, first=new.done + 1e-5, done=new.done + 1e-5,
                   headers=old.headers | {"cache-control": "no-cache"})
    return type(s)([*s.exchanges, late], s.slack)


@breaks("discontinuity_numbers_stay")
def _(s):
    for track in ("high", "low", "audio"):
        s = edit(s, end(track), "DISCONTINUITY-SEQUENCE:2", "DISCONTINUITY-SEQUENCE:3")
    return s


@breaks("dates_stay")
def _(s):
    return edit(s, end(), r"\.000Z", ".002Z")


@breaks("parts_never_change")
def _(s):
    return edit(s, end(), "DURATION=0.25", "DURATION=0.2498", count=1)


@breaks("parts_keep_their_names")
def _(s):
    asked = first(s, plain)
    return edit(s, asked, rf'URI="{asked.playlist.last_number - 1}\.1\.', 'URI="other.')


@breaks("segments_keep_their_parts", also=["parts_fill_their_segment"])
def _(s):
    asked = first(s, lambda e: plain(e) and e.playlist.last_number > GAP)
    return edit(s, asked, rf"^#EXT-X-PART:.*{asked.playlist.last_number}\.[23]\..*\n", "")


@breaks("parts_only_go_from_the_front")
def _(s):
    return edit(s, end(), rf"^#EXT-X-PART:.*{LAST - 2}\..*\n", "")


@breaks("parts_stay_at_the_live_edge")
def _(s):
    return edit(s, end(), rf"^#EXT-X-PART:.*({LAST - 3}|{LAST - 2}|{LAST - 1})\..*\n", "")


@breaks("live_window_is_long_enough")
def _(s):
    s = without(s, lambda e: playlists("high")(e) and e.purpose != FOLLOW)

    def short(exchange):
        number = exchange.playlist.last_number - 1
        return replace(exchange, body=trimmed(exchange.body.decode(), number).encode())
    return s.edited(lambda e: playlists("high")(e) and e.playlist.position[0] > NEW_FORMAT + 3, short)


@breaks("live_playlists_have_no_type")
def _(s):
    return edit(s, playlists(), r"\Z", "#EXT-X-PLAYLIST-TYPE:EVENT\n")


@breaks("ended_playlists_stay", also=["listed_segments_are_there"])
def _(s):
    return edit(s, end(), "^#EXT-X-ENDLIST", f"#EXTINF:0.001,\n{LAST + 1}.m4s\n#EXT-X-ENDLIST")


@breaks("new_segment_in_time", also=["new_part_in_time", "reports_are_true"])
def _(s):
    return without(s, lambda e: e.purpose == FOLLOW and 8 < e.done < 10)


@breaks("new_part_in_time")
def _(s):
    return without(s, lambda e: playlists("high")(e) and e.purpose == FOLLOW and e.playlist.position == (1020, 2))


@breaks("hints_come_true")
def _(s):
    return edit(s, playlists("high"), r'TYPE=PART,URI="1020\.2\.', 'TYPE=PART,URI="1020.3.')


@breaks("hints_come_true")
def _(s):
    return edit(s, playlists(), r'^(#EXT-X-PRELOAD-HINT:TYPE=PART.*\.m4s")$', r"\1,BYTERANGE-START=100")


@breaks("hints_come_true")
def _(s):
    return edit(s, playlists(), "BYTERANGE-START=0", "BYTERANGE-START=0,BYTERANGE-LENGTH=100")


@breaks("new_init_segments_are_hinted")
def _(s):
    return edit(s, playlists(), "^#EXT-X-PRELOAD-HINT:TYPE=MAP.*", r"\g<0>,BYTERANGE-START=100")


@breaks("new_init_segments_are_hinted")
def _(s):
    return edit(s, playlists("high"), r'^#EXT-X-PRELOAD-HINT:TYPE=MAP.*\n', "")


@breaks("changed_format_is_a_discontinuity")
def _(s):
    asked = first(s, lambda e: plain(e) and "init-b" in e.playlist.text and "init-a" in e.playlist.text)
    return edit(s, asked, "^#EXT-X-DISCONTINUITY\n(#EXT-X-MAP.*init-b)", r"\1")


# As of a publisher that was killed and came back in another format, and began to count again.
@breaks("changed_format_is_a_discontinuity")
def _(s):
    asked = first(s, lambda e: plain(e) and "init-b" in e.playlist.text and "init-a" not in e.playlist.text)
    return edit(s, asked, "^#EXT-X-DISCONTINUITY-SEQUENCE:.*", "#EXT-X-DISCONTINUITY-SEQUENCE:0")
