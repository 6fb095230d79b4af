# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each playlist has to be by itself."""

from parser import BEFORE_PARTS

from .registry import clause

# Durations and dates are written in decimal.
ROUNDING = 0.0011
SHORTEST_PART = 0.85


def judged(session):
    """Every media playlist, its exchange and a name for people."""
    for exchange in session.playlists:
        yield exchange, exchange.playlist, f"{exchange.rendition}: {exchange.name}"


@clause("4.1")
def syntax(session):
    """Playlists have the syntax of section 4: tags, attributes and their types, what comes once, what comes first."""
    for exchange in session.multivariants + session.playlists:
        faults = exchange.playlist.faults
        yield f"{exchange.name}: {'; '.join(faults[:3])}" if faults else ""


@clause("4")
def playlist_media_type(session):
    """Playlists are UTF-8 of type application/vnd.apple.mpegurl or audio/mpegurl."""
    for exchange in session.multivariants + session.playlists:
        kind = exchange.headers.get("content-type", "").split(";")[0].strip().lower()
        try:
            exchange.body.decode()
        except UnicodeDecodeError as error:
            yield f"{exchange.name}: {error}"
            continue
        known = kind in ("application/vnd.apple.mpegurl", "audio/mpegurl")
        yield "" if known else f"{exchange.name} is of type {kind!r}"


@clause("8")
def version_is_enough(session):
    """EXT-X-VERSION is what the tags need: 6 for EXT-X-MAP, 9 for EXT-X-SKIP, 10 for skipped date ranges."""
    for exchange, playlist, name in judged(session):
        needed = 6 if playlist.tag("EXT-X-MAP") else 3
        if playlist.skip:
            needed = 10 if playlist.skip.get("RECENTLY-REMOVED-DATERANGES") is not None else 9
        yield "" if playlist.version >= needed else f"{name} has version {playlist.version}, needs {needed}"


@clause("4.4.3.1")
def segments_within_target(session):
    """Each EXTINF, rounded, is at most the target duration."""
    for _, playlist, name in judged(session):
        for segment in playlist.segments:
            good = int(segment.duration + 0.5) <= playlist.target
            yield "" if good else f"{name}: segment {segment.number} of {segment.duration} s"


@clause("4.4.3.7")
def part_target_is_declared(session):
    """A playlist with EXT-X-PART has EXT-X-PART-INF."""
    for _, playlist, name in judged(session):
        if playlist.parts:
            yield "" if playlist.part_target else f"{name} has parts and no PART-TARGET"


@clause("4.4.3.8")
def part_hold_back(session):
    """PART-HOLD-BACK is there with EXT-X-PART-INF and is at least twice the part target."""
    for _, playlist, name in judged(session):
        if playlist.part_target:
            value = playlist.control("PART-HOLD-BACK")
            good = value is not None and value >= 2 * playlist.part_target - 1e-9
            yield "" if good else f"{name}: {value} with a part target of {playlist.part_target}"


@clause("4.4.3.8")
def hold_back(session):
    """HOLD-BACK is at least three target durations."""
    for _, playlist, name in judged(session):
        value = playlist.control("HOLD-BACK")
        if value is not None:
            yield "" if value >= 3 * playlist.target else f"{name}: {value}, target {playlist.target}"


@clause("4.4.3.8")
def skip_boundary_is_far_enough(session):
    """CAN-SKIP-UNTIL is at least six target durations."""
    for _, playlist, name in judged(session):
        value = playlist.control("CAN-SKIP-UNTIL")
        if value is not None:
            yield "" if value >= 6 * playlist.target else f"{name}: {value}, target {playlist.target}"


@clause("4.4.3.8")
def skipping_dateranges_needs_skipping(session):
    """CAN-SKIP-DATERANGES comes with CAN-SKIP-UNTIL."""
    for _, playlist, name in judged(session):
        if "CAN-SKIP-DATERANGES" in playlist.server_control:
            yield "" if "CAN-SKIP-UNTIL" in playlist.server_control else f"{name} has CAN-SKIP-DATERANGES alone"


@clause("B.1")
def parts_come_with_blocking_reload(session):
    """A low-latency playlist offers blocking reload."""
    for _, playlist, name in judged(session):
        if playlist.part_target:
            yield "" if playlist.can_block else f"{name} has parts and no CAN-BLOCK-RELOAD=YES"


@clause("4.4.4.5")
def map_before_first_segment(session):
    """Fragmented MP4 segments have an EXT-X-MAP."""
    for _, playlist, name in judged(session):
        if playlist.listed and not playlist.skip:
            yield "" if playlist.listed[0].map_uri else f"{name}: none before the first segment"


@clause("4.4.4.9")
def parts_within_target(session):
    """No part is longer than PART-TARGET."""
    for _, playlist, name in judged(session):
        for part in playlist.parts if playlist.part_target else []:
            good = part.duration <= playlist.part_target + 1e-6
            yield "" if good else f"{name}: part {part.place} of {part.duration} s, {playlist.part_target} allowed"


@clause("4.4.4.9")
def parts_long_enough(session):
    """A part lasts at least 85 % of PART-TARGET, unless it is INDEPENDENT, a GAP, before a GAP, or the last of its
    segment."""
    for _, playlist, name in judged(session):
        parts = playlist.parts
        for part, after in zip(parts, parts[1:]):
            if part.independent or part.gap or after.gap or after.number != part.number:
                continue
            good = part.duration >= SHORTEST_PART * (playlist.part_target or 0) - 1e-6
            yield "" if good else f"{name}: part {part.place} of {part.duration} s, target {playlist.part_target}"


@clause("4.4.4.9")
def segment_tags_before_parts(session):
    """EXT-X-DISCONTINUITY, EXT-X-KEY, EXT-X-MAP and EXT-X-PROGRAM-DATE-TIME come before the segment's first part."""
    for _, playlist, name in judged(session):
        for segment in playlist.listed:
            if segment.parts:
                late = [tag.name for tag in segment.tags
                        if tag.name in BEFORE_PARTS and tag.line > segment.parts[0].tag.line]
                yield f"{name}: {late[0]} of segment {segment.number} after its first part" if late else ""


@clause("4.4.4.9")
def parts_fill_their_segment(session):
    """The durations of a whole segment's parts add up to its EXTINF."""
    for _, playlist, name in judged(session):
        for segment in playlist.segments:
            if segment.parts:
                total = sum(part.duration for part in segment.parts)
                good = abs(total - segment.duration) <= ROUNDING
                yield "" if good else f"{name}: segment {segment.number}: {total:.6f} of {segment.duration} s"


@clause("6.2.1")
def gap_segments_have_gap_parts(session):
    """Parts of a segment with EXT-X-GAP have GAP=YES."""
    for _, playlist, name in judged(session):
        for segment in playlist.segments:
            if segment.gap and segment.parts:
                good = all(part.gap for part in segment.parts)
                yield "" if good else f"{name}: segment {segment.number} is a gap, its parts are not"


@clause("6.2.2")
def old_parts_are_dropped(session):
    """EXT-X-PART tags of segments further than three target durations from the end of the last one are gone."""
    for _, playlist, name in judged(session):
        distance = 0.0
        for segment in reversed(playlist.segments):
            if distance > 3 * playlist.target + ROUNDING:
                yield f"{name}: segment {segment.number} has parts" if segment.parts else ""
            distance += segment.duration


@clause("B.1")
def next_part_is_hinted(session):
    """A live playlist with parts has one EXT-X-PRELOAD-HINT of TYPE=PART, for something that is not listed yet."""
    for _, playlist, name in judged(session):
        if not playlist.part_target or playlist.ended:
            continue
        hints = [tag.get("URI") for tag in playlist.all("EXT-X-PRELOAD-HINT") if tag.get("TYPE") == "PART"]
        if len(hints) != 1:
            yield f"{name} has {len(hints)} hints of a part"
        else:
            known = hints[0] in [part.uri for part in playlist.parts]
            yield f"{name} hints {hints[0]}, which it lists" if known else ""


@clause("6.2.6")
def one_hint_of_a_type(session):
    """There is at most one EXT-X-PRELOAD-HINT of each TYPE, and none once the playlist has ended."""
    for _, playlist, name in judged(session):
        kinds = [tag.get("TYPE") for tag in playlist.all("EXT-X-PRELOAD-HINT")]
        good = kinds.count("MAP") < 2 and not (playlist.ended and kinds)
        yield "" if good else f"{name} has hints of {kinds}"


@clause("B.1")
def dates_everywhere(session):
    """Every playlist has EXT-X-PROGRAM-DATE-TIME, also on each discontinuity (6.2.1)."""
    for _, playlist, name in judged(session):
        if playlist.listed:
            undated = [s.number for s in playlist.listed if s.discontinuity and not s.dated]
            bare = not any(segment.dated for segment in playlist.listed)
            yield f"{name}: no date{f' at {undated}' if undated else ''}" if bare or undated else ""


@clause("4.4.4.6")
def dates_follow_durations(session):
    """Each date is the date before plus the durations between, but at discontinuities."""
    for _, playlist, name in judged(session):
        for before, segment in zip(playlist.listed, playlist.listed[1:]):
            if before.date is None or not segment.dated or segment.discontinuity:
                continue
            off = segment.date - before.date - before.known_duration
            yield "" if abs(off) <= 2 * ROUNDING else f"{name}: segment {segment.number} is {off * 1000:.1f} ms off"


@clause("6.2.1")
def dates_only_overlap_a_little(session):
    """Dates do not go back: at a discontinuity by less than a second."""
    for _, playlist, name in judged(session):
        for before, segment in zip(playlist.listed, playlist.listed[1:]):
            if before.date is not None and segment.dated and segment.discontinuity:
                overlap = before.date + before.known_duration - segment.date
                good = overlap < min(1, before.known_duration)
                yield "" if good else f"{name}: segment {segment.number} begins {overlap:.3f} s before that"


@clause("players")
def whole_segment_is_listed(session):
    """A playlist has at least one whole segment: hls.js and ffmpeg refuse others."""
    for _, playlist, name in judged(session):
        yield "" if playlist.segments or playlist.skipped else f"{name} has none"
