# SPDX-License-Identifier: LGPL-2.1-or-later
"""The multivariant playlist against the media that it announces."""

import re
import statistics

import cmaf
import tracks
from observations import join

from .registry import clause

# What Apple's validator allows live presentations.
PEAK_OVER_DECLARED = 1.25
AVERAGE_OVER_DECLARED = 1.10
FEWEST_SEGMENTS_FOR_AN_AVERAGE = 5
# So many times the peak that was measured, over so many seconds at least: nobody could know it was so little. An origin
# may expect more than it has measured, and what it measured before this client came may have been more.
DECLARED_OVER_PEAK = 4
SECONDS_FOR_A_PEAK = 10
CODEC_OF_SAMPLE_ENTRY = {"avc1": r"avc1\.[0-9a-fA-F]{6}", "hvc1": r"hvc1\..+", "av01": r"av01\..+",
                         "vp09": r"vp09\..+", "mp4a": r"mp4a\.40\.\d+", "Opus": r"[Oo]pus", "fLaC": r"fLaC",
                         "ac-3": r"ac-3", "ec-3": r"ec-3"}

# 4.4.6.1.1: of members of one name in several groups.
MAY_DIFFER = {"GROUP-ID", "URI", "CHANNELS", "BIT-DEPTH", "SAMPLE-RATE"}

# ISO/IEC 23091-2 8.2
VIDEO_RANGES = {"SDR", "HLG", "PQ"}
RANGE_OF_TRANSFER = {16: "PQ", 18: "HLG"}


def variants(session):
    """(tag, its media playlist's rendition, the renditions of its audio group) of each variant."""
    if not session.multivariant:
        return
    playlist, base = session.multivariant.playlist, session.multivariant.url
    for tag, uri in playlist.variants:
        audio = [session.by_url.get(join(base, media.get("URI") or "")) for media in playlist.all("EXT-X-MEDIA")
                 if media.get("TYPE") == "AUDIO" and media.get("GROUP-ID") == tag.get("AUDIO")]
        own = session.by_url.get(join(base, uri))
        # What has nothing but sound is a member of its own group, and others are played in its place.
        yield tag, own, [] if own in audio else [rendition for rendition in audio if rendition]


def init_of(rendition):
    """The init segment in force at the end."""
    return rendition.body(rendition.newest.listed[-1].map_uri) if rendition and rendition.newest else None


@clause("4.4.6.2")
def variants_are_followed_by_playlists(session):
    """Every variant and every rendition of the multivariant playlist is a media playlist that can be fetched."""
    if session.multivariant:
        playlist, base = session.multivariant.playlist, session.multivariant.url
        uris = [uri for _, uri in playlist.variants] + [
            tag.get("URI") for tag in playlist.all("EXT-X-MEDIA") if tag.get("URI")]
        for uri in uris:
            rendition = session.by_url.get(join(base, uri))
            yield "" if rendition and rendition.complete else f"nothing came from {uri}"


@clause("4.4.6.2")
def variants_have_their_attributes(session):
    """A variant has BANDWIDTH, AVERAGE-BANDWIDTH and CODECS; with video RESOLUTION, FRAME-RATE, VIDEO-RANGE and
    CLOSED-CAPTIONS."""
    for tag, rendition, _ in variants(session):
        wanted = ["BANDWIDTH", "AVERAGE-BANDWIDTH", "CODECS"]
        init = init_of(rendition)
        if init and cmaf.Init(init).handler == "vide":
            wanted += ["RESOLUTION", "FRAME-RATE", "VIDEO-RANGE", "CLOSED-CAPTIONS"]
        missing = [name for name in wanted if tag.get(name) is None]
        yield f"{tag.value} lacks {missing}" if missing else ""


@clause("4.4.6.2")
def groups_exist(session):
    """The AUDIO group of a variant is one that EXT-X-MEDIA tags make."""
    for tag, _, _ in variants(session):
        if tag.get("AUDIO"):
            made = {media.get("GROUP-ID") for media in session.multivariant.playlist.all("EXT-X-MEDIA")
                    if media.get("TYPE") == "AUDIO"}
            yield "" if tag.get("AUDIO") in made else f"no group {tag.get('AUDIO')}"


def members(playlist, group):
    """What has to be the same in all groups of a type, of each member."""
    return {tag.get("NAME"): {name: value for name, value in tag.attributes.items() if name not in MAY_DIFFER}
            for tag in playlist.all("EXT-X-MEDIA") if tag.get("GROUP-ID") == group and tag.get("TYPE") == "AUDIO"}


@clause("4.4.6.1.1")
def audio_groups_have_the_same_members(session):
    """All groups of audio have members of the same names, which differ in URI and format only."""
    if session.multivariant:
        playlist = session.multivariant.playlist
        groups = dict.fromkeys(tag.get("GROUP-ID") for tag in playlist.all("EXT-X-MEDIA") if tag.get("TYPE") == "AUDIO")
        found = {group: members(playlist, group) for group in groups}
        for group in list(found)[1:]:
            first = next(iter(found))
            yield "" if found[group] == found[first] else (
                f"{first} has {found[first]}, {group} has {found[group]}")


@clause("6.2.4")
def codecs_are_those_of_the_variant(session):
    """CODECS has every format of the variant and its audio group, exactly as the init segments say, and no other."""
    for tag, rendition, audio in variants(session):
        inits = [init_of(one) for one in [rendition, *audio]]
        if not all(inits) or tag.get("CODECS") is None:
            continue
        declared = tag.get("CODECS").split(",")
        wanted = {codec_pattern(init) for init in inits}
        missing = [pattern for pattern in wanted if not any(re.fullmatch(pattern, codec) for codec in declared)]
        foreign = [codec for codec in declared if not any(re.fullmatch(pattern, codec) for pattern in wanted)]
        yield f"{tag.get('CODECS')} lacks {missing}, has {foreign} too many" if missing or foreign else ""


def codec_pattern(init):
    track = tracks.Track(init)
    if track.avc_profile_and_level:
        return f"avc1\\.(?i:{track.avc_profile_and_level})"
    return CODEC_OF_SAMPLE_ENTRY.get(track.sample_entry, re.escape(track.sample_entry))


@clause("4.4.6.2")
def resolution_is_that_of_the_variant(session):
    """RESOLUTION is the picture as displayed: the size in the sample entry, its width as its pixels have it."""
    for tag, rendition, _ in variants(session):
        init = init_of(rendition)
        if init and tag.get("RESOLUTION"):
            size = tracks.Track(init).resolution
            yield "" if tag.get("RESOLUTION") == size else f"{tag.get('RESOLUTION')}, the init segment says {size}"


@clause("4.4.6.2")
def video_range_is_a_known_one(session):
    """VIDEO-RANGE is SDR, HLG or PQ."""
    for tag, _, _ in variants(session):
        if tag.get("VIDEO-RANGE") is not None:
            yield "" if tag.get("VIDEO-RANGE") in VIDEO_RANGES else f"{tag.get('VIDEO-RANGE')} is none"


@clause("4.4.6.2")
def video_range_is_that_of_the_variant(session):
    """VIDEO-RANGE follows from the transfer characteristics of the sample entry, where it has some."""
    for tag, rendition, _ in variants(session):
        init, declared = init_of(rendition), tag.get("VIDEO-RANGE")
        transfer = tracks.Track(init).transfer_characteristics if init and declared in VIDEO_RANGES else None
        if transfer is not None:
            wanted = RANGE_OF_TRANSFER.get(transfer, "SDR")
            yield "" if declared == wanted else (
                f"{declared}, the init segment has transfer characteristics {transfer}: {wanted}")


@clause("4.4.6.2")
def frame_rate_is_that_of_the_variant(session):
    """FRAME-RATE is the highest of the frames, rounded to three decimal places: some may be skipped."""
    for tag, rendition, _ in variants(session):
        segments = tracks.whole_segments(rendition) if tag.get("FRAME-RATE") and rendition else []
        lasting = [sample.duration / media.track.timescale for media in segments for sample in media.samples]
        if lasting:
            rate = 1 / statistics.median(lasting)
            good = abs(float(tag.get("FRAME-RATE")) / rate - 1) < 0.02
            yield "" if good else f"{tag.get('FRAME-RATE')}, measured {rate:.3f}"


def rates(rendition):
    """Bits per second of each whole segment that was fetched."""
    return [(media.size * 8, media.duration) for media in tracks.whole_segments(rendition)]


def measured(tag, rendition, audio, summary):
    """Of a variant with the heaviest of its audio group; None where nothing was fetched."""
    own = rates(rendition) if rendition else []
    if not own:
        return None
    return summary(own) + max((summary(rates(one)) for one in audio if rates(one)), default=0)


def peak(segments):
    return max(bits / seconds for bits, seconds in segments if seconds > 0)


def average(segments):
    return sum(bits for bits, _ in segments) / sum(seconds for _, seconds in segments)


@clause("4.4.6.2", excused_by=["unmeasured"])
def bandwidth_is_the_peak(session):
    """BANDWIDTH is the peak rate of segments, video plus audio group: measured at most 25 % more."""
    for tag, rendition, audio in variants(session):
        rate = measured(tag, rendition, audio, peak)
        if rate:
            good = rate <= int(tag.get("BANDWIDTH") or 0) * PEAK_OVER_DECLARED
            yield "" if good else f"{tag.get('BANDWIDTH')}, measured {rate:.0f}"


@clause("4.4.6.2")
def bandwidth_is_not_far_above_the_peak(session):
    """BANDWIDTH is no more than four times the peak rate of segments, video plus audio group, measured over ten seconds
    or more: players would never choose the variant."""
    for tag, rendition, audio in variants(session):
        if rendition and sum(seconds for _, seconds in rates(rendition)) >= SECONDS_FOR_A_PEAK:
            rate = measured(tag, rendition, audio, peak)
            good = int(tag.get("BANDWIDTH") or 0) <= rate * DECLARED_OVER_PEAK
            yield "" if good else f"{tag.get('BANDWIDTH')}, measured {rate:.0f}"


@clause("4.4.6.2", excused_by=["unmeasured"])
def average_bandwidth_is_the_average(session):
    """AVERAGE-BANDWIDTH is the mean rate, video plus audio group: measured at most 10 % more."""
    for tag, rendition, audio in variants(session):
        rate = measured(tag, rendition, audio, average)
        if rate and tag.get("AVERAGE-BANDWIDTH") and len(rates(rendition)) >= FEWEST_SEGMENTS_FOR_AN_AVERAGE:
            good = rate <= int(tag.get("AVERAGE-BANDWIDTH")) * AVERAGE_OVER_DECLARED
            yield "" if good else f"{tag.get('AVERAGE-BANDWIDTH')}, measured {rate:.0f}"


@clause("4.4.6.2")
def average_is_below_the_peak(session):
    """AVERAGE-BANDWIDTH is at most BANDWIDTH."""
    for tag, _, _ in variants(session):
        if tag.get("AVERAGE-BANDWIDTH"):
            good = int(tag.get("AVERAGE-BANDWIDTH")) <= int(tag.get("BANDWIDTH") or 0)
            yield "" if good else f"{tag.get('AVERAGE-BANDWIDTH')} above {tag.get('BANDWIDTH')}"


def says_independent(exchanges):
    return any(exchange.playlist.tag("EXT-X-INDEPENDENT-SEGMENTS") for exchange in exchanges)


@clause("4.4.2.1")
def independent_segments_are_declared(session):
    """Where every segment that was seen begins with a sync sample, EXT-X-INDEPENDENT-SEGMENTS has been declared of each
    rendition, by the multivariant playlist or its own."""
    seen = {rendition: tracks.whole_segments(rendition) for rendition in session.renditions}
    # It is given up for good where a segment does not: that may have been before, or in one rendition alone.
    if all(media.samples[0].sync for segments in seen.values() for media in segments):
        for rendition in [rendition for rendition, segments in seen.items() if segments]:
            good = says_independent(session.multivariants + rendition.complete)
            yield "" if good else f"{rendition.name}: {len(seen[rendition])} segments, all independent, undeclared"


@clause("4.4.2.1")
def independent_segments_are(session):
    """Where EXT-X-INDEPENDENT-SEGMENTS is declared, every segment begins with a sync sample."""
    everywhere = says_independent(session.multivariants)
    for rendition in session.renditions:
        declared = {join(rendition.url, segment.uri) for exchange in rendition.complete
                    if everywhere or says_independent([exchange]) for segment in exchange.playlist.segments}
        for media in tracks.whole_segments(rendition):
            if media.name in declared:
                yield "" if media.samples[0].sync else f"{rendition.name}: {media.name} does not"
