# SPDX-License-Identifier: LGPL-2.1-or-later
"""Playlist delta updates that do not give what the full playlist has."""

from observations import FOLLOW
from synthetic import NEW_FORMAT

from .session import breaks, changed, delta, edit, first


@breaks("deltas_are_given")
def _(s):
    asked = delta(s)
    full = first(s, lambda e: e.purpose == FOLLOW and e.rendition == asked.rendition and e.is_playlist
                 and e.playlist.position == asked.playlist.position)
    return changed(s, asked, body=full.body)


@breaks("deltas_only_where_offered", also=["deltas_give_the_full_playlist"])
def _(s):
    return edit(s, delta(s), "CAN-SKIP-UNTIL=6,CAN-SKIP-DATERANGES=YES", "X-NONE=YES")


@breaks("deltas_skip_up_to_the_boundary")
def _(s):
    asked = delta(s, number=NEW_FORMAT + 5)
    segment = r"#EXT-X-PROGRAM-DATE-TIME.*\n#EXTINF.*\n.*\n"
    return edit(s, asked, rf"SKIPPED-SEGMENTS=1\n({segment}){{2}}", "SKIPPED-SEGMENTS=3\n")


@breaks("deltas_give_the_full_playlist")
def _(s):
    return edit(s, delta(s), r"^\d+\.m4s", "other.m4s", count=1)


@breaks("deltas_keep_dateranges")
def _(s):
    return edit(s, delta(s), '^#EXT-X-DATERANGE:ID="staying".*\n', "")


@breaks("v2_leaves_out_old_dateranges")
def _(s):
    return edit(s, delta(s, "v2", number=1022), r"\Z", '#EXT-X-DATERANGE:ID="staying"\n')


@breaks("v2_says_that_it_skips_dateranges")
def _(s):
    return edit(s, delta(s, "v2"), ",RECENTLY-REMOVED-DATERANGES=.*", "")


@breaks("v2_names_removed_dateranges")
def _(s):
    return edit(s, delta(s, "v2", number=1022), 'DATERANGES="going"', 'DATERANGES=""')
