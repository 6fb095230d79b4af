# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bytes, and what the multivariant playlist and other renditions say, that do not fit."""

import re
import struct
from dataclasses import replace

from observations import FOLLOW, INIT, MULTIVARIANT, SEGMENT
from synthetic_media import NO_SYNC, SYNC

from .session import breaks, changed, delta, edit, end, first, last, of, plain, playlists, with_bytes, without

# Bytes

def tfdt(dts):
    return b"tfdt\1\0\0\0" + struct.pack(">Q", dts)


def later(numbers_and_parts):
    """Moves the decode times of whole parts by a tick."""
    def change(body):
        for number, index in numbers_and_parts:
            dts = number * 24000 + index * 6000
            body = body.replace(tfdt(dts), tfdt(dts + 1))
        return body
    return change


@breaks("media_is_whole_fragments")
def _(s):
    return with_bytes(s, first(s, of("high", SEGMENT)).url.rsplit("/", 1)[1:], lambda body: body[:-1])


@breaks("byte_ranges_are_whole_resources")
def _(s):
    return edit(s, playlists(), r'BYTERANGE="(\d+)@0"', r'BYTERANGE="\g<1>0@0"')


@breaks("byte_ranges_are_whole_resources")
def _(s):
    return edit(s, playlists(), r'^(#EXT-X-PART:.*\.m4s")(?!,BYTERANGE)', r'\1,BYTERANGE="100@0"')


@breaks("byte_ranges_are_whole_resources")
def _(s):
    return edit(s, playlists(), r"^(#EXTINF:.*\n)", r"\1#EXT-X-BYTERANGE:100@0\n")


@breaks("init_segments_are_init_segments")
def _(s):
    return changed(s, first(s, of("high", INIT)), body=lambda body: body[body.index(b"moov") - 4:])


@breaks("parts_make_their_segment")
def _(s):
    return with_bytes(s, ["/high/1019.m4s"], lambda body: body[:-1] + b"x")


@breaks("parts_with_a_sync_sample_say_so")
def _(s):
    return edit(s, playlists("high"), r'URI="1019\.0\.m4s",INDEPENDENT=YES', 'URI="1019.0.m4s"')


@breaks("independent_parts_have_a_sync_sample")
def _(s):
    return edit(s, playlists("high"), r'URI="1019\.1\.m4s"$', 'URI="1019.1.m4s",INDEPENDENT=YES')


@breaks("sync_flags_are_true")
def _(s):
    return with_bytes(s, ["/high/1019.0.m4s", "/high/1019.m4s"],
                      lambda body: body.replace(struct.pack(">IB", 396, 0x41), struct.pack(">IB", 396, 0x65), 1))


@breaks("part_durations_are_true")
def _(s):
    return edit(s, playlists("high"), r'DURATION=0.250000,URI="1019\.1\.', 'DURATION=0.249000,URI="1019.1.')


@breaks("segment_durations_are_true")
def _(s):
    return edit(s, playlists("high"), r"EXTINF:1.000000,\n1019\.", "EXTINF:1.001000,\n1019.")


@breaks("parts_follow_each_other")
def _(s):
    return with_bytes(s, ["/high/1019.m4s", "/high/1019.1.m4s"], later([(1019, 1)]))


@breaks("segments_follow_each_other")
def _(s):
    names = ["/high/1019.m4s", *(f"/high/1019.{index}.m4s" for index in range(4))]
    return with_bytes(s, names, later([(1019, index) for index in range(4)]))


def without_idr(s, names):
    def change(body):
        body = body.replace(struct.pack(">II", 400, SYNC), struct.pack(">II", 400, NO_SYNC), 1)
        return body.replace(struct.pack(">IB", 396, 0x65), struct.pack(">IB", 396, 0x41), 1)
    return with_bytes(s, names, change)


@breaks("segments_begin_with_an_idr")
def _(s):
    s = without_idr(s, ["/high/1019.m4s", "/high/1019.0.m4s"])
    s = edit(s, playlists("high"), r'URI="1019\.0\.m4s",INDEPENDENT=YES', 'URI="1019.0.m4s"')
    return edit(s, announced, "^#EXT-X-INDEPENDENT-SEGMENTS\n", "")


@breaks("dates_map_to_media_times")
def _(s):
    def change(text):
        return re.sub(r"\.(\d{3})Z", lambda m: f".{(int(m[1]) + 4) % 1000:03}Z", text.decode()).encode()
    return s.edited(playlists("high"), lambda e: replace(e, body=change(e.body)))


# Multivariant playlist

def announced(exchange):
    return exchange.purpose == MULTIVARIANT


@breaks("variants_are_followed_by_playlists")
def _(s):
    return edit(s, announced, "(^#EXT-X-STREAM.*\n)low/index.m3u8", r"\1low/index.m3u8\n\1none/index.m3u8")


@breaks("variants_have_their_attributes")
def _(s):
    return edit(s, announced, ",VIDEO-RANGE=SDR", "", count=1)


@breaks("audio_groups_have_the_same_members")
def _(s):
    return edit(s, announced, '(?<=GROUP-ID="b",NAME=)"English"', '"English (stereo)"')


@breaks("groups_exist")
def _(s):
    return edit(s, announced, r"\Z", '#EXT-X-STREAM-INF:BANDWIDTH=199999,AVERAGE-BANDWIDTH=199999,'
                'CODECS="avc1.64001f",RESOLUTION=1280x720,FRAME-RATE=24,VIDEO-RANGE=SDR,CLOSED-CAPTIONS=NONE,'
                'AUDIO="none"\nhigh/index.m3u8\n')


@breaks("codecs_are_those_of_the_variant")
def _(s):
    return edit(s, announced, "avc1.64001f", "avc1.64001e", count=1)


@breaks("resolution_is_that_of_the_variant")
def _(s):
    return edit(s, announced, "=1280x720", "=1920x1080")


@breaks("resolution_is_that_of_the_variant")
def _(s):
    return edit(s, announced, "=242x136", "=240x136")


@breaks("video_range_is_a_known_one")
def _(s):
    return edit(s, announced, "=SDR", "=HDR", count=1)


@breaks("video_range_is_that_of_the_variant")
def _(s):
    return edit(s, announced, "=SDR", "=PQ", count=1)


@breaks("frame_rate_is_that_of_the_variant")
def _(s):
    return edit(s, announced, "=24.000", "=25.000", count=1)


@breaks("bandwidth_is_the_peak")
def _(s):
    return edit(s, announced, r":BANDWIDTH=\d+,AVERAGE-BANDWIDTH=(\d+)", r":BANDWIDTH=\1,AVERAGE-BANDWIDTH=\1")


@breaks("bandwidth_is_not_far_above_the_peak")
def _(s):
    return edit(s, announced, r":BANDWIDTH=(\d+)", r":BANDWIDTH=\g<1>000")


@breaks("average_bandwidth_is_the_average")
def _(s):
    return edit(s, announced, r"AVERAGE-BANDWIDTH=\d", "AVERAGE-BANDWIDTH=", count=1)


@breaks("average_is_below_the_peak")
def _(s):
    return edit(s, announced, "AVERAGE-BANDWIDTH=", "AVERAGE-BANDWIDTH=9", count=1)


@breaks("independent_segments_are_declared")
def _(s):
    return edit(s, announced, "^#EXT-X-INDEPENDENT-SEGMENTS\n", "")


@breaks("independent_segments_are", also=["segments_begin_with_an_idr"])
def _(s):
    s = without_idr(s, ["/high/1019.m4s", "/high/1019.0.m4s"])
    return edit(s, playlists("high"), r'URI="1019\.0\.m4s",INDEPENDENT=YES', 'URI="1019.0.m4s"')


# Renditions

@breaks("one_target_duration_for_all",
        also=["target_duration_never_changes", "hold_back", "skip_boundary_is_far_enough"])
def _(s):
    return edit(s, end("audio"), "TARGETDURATION:1", "TARGETDURATION:2")


@breaks("one_server_control_for_all")
def _(s):
    return edit(s, playlists("audio"), "PART-HOLD-BACK=0.75", "PART-HOLD-BACK=0.76")


@breaks("one_playlist_type_for_all", also=["other_headers_never_change"])
def _(s):
    return edit(s, end("audio"), r"\Z", "#EXT-X-PLAYLIST-TYPE:EVENT\n")


@breaks("part_hold_back_suits_the_longest_parts")
def _(s):
    return edit(s, playlists(), "PART-HOLD-BACK=0.75", "PART-HOLD-BACK=0.7")


@breaks("every_other_rendition_is_reported")
def _(s):
    return edit(s, last(s, plain), "^#EXT-X-RENDITION-REPORT.*\n", "", count=1)


@breaks("reports_are_relative")
def _(s):
    asked = first(s, plain)
    return edit(s, asked, r'REPORT:URI="\.\./low', f'REPORT:URI="{asked.url.rsplit("/", 2)[0]}/low')


@breaks("reports_say_how_far")
def _(s):
    return edit(s, first(s, plain), r",LAST-PART=\d+", "", count=1)


@breaks("reports_are_true")
def _(s):
    return edit(s, delta(s, number=1025), r"LAST-MSN=\d+", "LAST-MSN=1020", count=1)


@breaks("reports_are_true")
def _(s):
    return edit(s, playlists(), r"LAST-PART=([1-9])", lambda m: f"LAST-PART={int(m[1]) - 1}")


@breaks("reports_are_true")
def _(s):
    return edit(s, playlists(), r"LAST-MSN=(\d+),LAST-PART=0", lambda m: f"LAST-MSN={int(m[1]) - 1},LAST-PART=3")


@breaks("reports_are_true")
def _(s):
    return edit(s, playlists(), r"LAST-PART=([0-2])", lambda m: f"LAST-PART={int(m[1]) + 1}")


@breaks("renditions_keep_together", also=["new_part_in_time", "reports_are_true"])
def _(s):
    return without(s, lambda e: e.purpose == FOLLOW and playlists("audio")(e)
                   and (1020, 1) <= e.playlist.position <= (1020, 3))


@breaks("discontinuity_numbers_match")
def _(s):
    return edit(s, playlists("audio"), r"(?<=DISCONTINUITY-SEQUENCE:)\d", lambda m: str(int(m[0]) + 1))
