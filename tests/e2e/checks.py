# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares what came out of an origin with what went in."""

import contextlib
import os
import re
import sys
import unittest
from itertools import pairwise
from statistics import median

import hls
import players
from processes import Origin

# Containers and players round times to their own ticks.
PLAYER_ROUNDING = 0.0015
# How often live sources are started until their tracks begin in the same second.
STARTS = 5
# Seconds that a frame may have to be decoded before it is shown.
MOST_REORDERING = 0.5
CODECS = {
    "h264": r"avc1\.[0-9a-f]{6}",
    "hevc": r"hvc1\.[ABC]?\d+\.[0-9A-F]+\.[LH]\d+(\.[0-9A-F]{1,2})*",
    "av1": r"av01\.\d\.\d\d[MH]\.\d\d(\.\d\.\d{3}(\.\d\d){3}\.\d)?",
    "vp9": r"vp09\.\d\d\.\d\d\.\d\d(\.\d\d){0,5}",
    "aac": r"mp4a\.40\.2",
    "opus": r"[Oo]pus",
    "flac": r"fLaC",
    "ac3": r"ac-3",
    "eac3": r"ec-3",
}


class TestCase(unittest.TestCase):
    maxDiff = None

    def check_playlist(self, playlist):
        """RFC 8216bis 4.4.3.1 and 4.4.4.1, and every border between two segments."""
        segments = playlist.real_segments
        self.assertTrue(segments, playlist.text)
        for index, segment in enumerate(segments):
            place = f"{segment.url}\n{playlist.text}"
            scale = segment.init.timescale
            self.assertLessEqual(int(segment.duration + 0.5), playlist.target, place)
            decoded = (segment.chunks[-1].end - segment.chunks[0].dts) / scale
            # Where reordered frames begin, they are decoded in the first ticks that are free.
            begins = index == 0 or segment.discontinuity
            squeezed = MOST_REORDERING if begins and segment.samples[0].duration < scale / 1000 else 0
            self.assertGreater(segment.duration, decoded - 0.6 / scale - 1e-6, place)
            self.assertLess(segment.duration, decoded + squeezed + 0.6 / scale + 1e-6, place)
            for first, second in pairwise(segment.chunks):
                self.assertEqual(first.end, second.dts, f"between the chunks of {place}")
            if playlist.independent:
                self.assertTrue(segment.samples[0].sync, f"starts without a keyframe: {place}")
        for first, second in pairwise(playlist.segments):
            if first.gap or second.gap or second.discontinuity:
                continue
            self.assertEqual(first.init_url, second.init_url, playlist.text)
            self.assertEqual(first.chunks[-1].end, second.chunks[0].dts,
                             f"between {first.url} and {second.url}\n{playlist.text}")

    def check_length(self, playlist):
        """What EXTINF adds up to is how long the track is shown."""
        samples = [(sample, segment.init.timescale) for segment in playlist.segments for sample in segment.samples]
        shown = (max((sample.pts + sample.duration) / scale for sample, scale in samples) -
                 min(sample.pts / scale for sample, scale in samples))
        longest = max(sample.duration / scale for sample, scale in samples)
        listed = sum(segment.duration for segment in playlist.segments)
        self.assertLess(abs(listed - shown), longest + 0.001, playlist.text)

    def check_samples(self, playlist, went_in, tolerance=0.0):
        """Same number, same distances. Gives UTC (or presentation time) minus running time."""
        samples = [(sample, segment.init.timescale) for segment in playlist.real_segments
                   for sample in segment.samples]
        self.assertEqual(len(samples), len(went_in), f"samples in {playlist.url}")
        offsets = [sample.pts / scale - buffer.pts for (sample, scale), buffer in zip(samples, went_in)]
        tick = 1 / samples[0][1]
        spread = max(offsets) - min(offsets)
        self.assertLessEqual(spread, tick + tolerance + 1e-6,
                             f"presentation times moved by {spread * 1000:.3f} ms in {playlist.url}")
        self.assertTrue(all(sample.duration > 0 for sample, _ in samples), playlist.url)
        return median(offsets)

    def without_beginning(self, went_in, playlist):
        """What a live source sends before the first boundary is left out."""
        listed = sum(len(segment.samples) for segment in playlist.real_segments)
        self.assertLess(went_in[-listed].pts - went_in[0].pts, playlist.target + 0.5, playlist.text)
        return went_in[-listed:]

    def check_tracks(self, origin, presentation, tolerance=0.0, live=False):
        """Every track by its boxes. Gives what went in and the media playlists, by track."""
        went_in, playlists, offsets = {}, {}, {}
        for track in origin.pads:
            self.assertIn(track, presentation.tracks, presentation.text)
            playlists[track] = hls.media_when(presentation.media_url(track), lambda p: p.ended).load_segments()
            went_in[track] = origin.went_in(track)
            if live:
                went_in[track] = self.without_beginning(went_in[track], playlists[track])
            self.check_playlist(playlists[track])
            self.check_length(playlists[track])
            offsets[track] = self.check_samples(playlists[track], went_in[track], tolerance)
        self.assertLessEqual(max(offsets.values()) - min(offsets.values()), 0.0001 + tolerance,
                             f"tracks are apart: {offsets}")
        return went_in, playlists

    def check_codecs(self, presentation, streams):
        for track, attributes in presentation.variants.items():
            own = attributes["CODECS"].split(",")
            for codec in own:
                self.assertTrue(any(re.fullmatch(pattern, codec) for pattern in CODECS.values()), codec)
            for kind in ("video", "audio"):
                for name in {stream.codec for stream in streams if stream.kind == kind}:
                    matches = [codec for codec in own if re.fullmatch(CODECS[name], codec)]
                    self.assertEqual(len(matches), 1, f"{name} of {track}: {own}")
        for stream in streams:
            if stream.codec == "h264":
                indications = {"Baseline": "42", "Constrained Baseline": "42", "Main": "4d", "High": "64"}
                pattern = rf"avc1\.{indications[stream.profile]}[0-9a-f]{{2}}{stream.level:02x}"
                self.assertRegex(presentation.text, pattern)
            if stream.codec == "hevc":
                self.assertRegex(presentation.text, rf"hvc1\.1\.[0-9A-F]+\.L{stream.level}")

    def check_streams(self, streams, went_in, frame_duration, what, tolerance=0.0, decoder_trims=0):
        """Streams of a player against the pads they must be of: by track."""
        offsets = {}
        for track, stream in streams.items():
            expected = sorted(buffer.pts for buffer in went_in[track])
            if stream.packets:
                self.assertEqual(len(stream.packets), len(expected), f"{what}: packets of {track}")
                decode = [dts for _, dts in stream.packets]
                self.assertEqual(decode, sorted(set(decode)), f"{what}: decode times of {track}")
                times = sorted(pts for pts, _ in stream.packets)
                offsets[track] = self._check_times(times, expected, f"{what}: packets of {track}", tolerance)
            missing = len(expected) - len(stream.frames)
            # Decoders leave out what encoders put in front (priming), and may add what they still hold.
            allowed = range(-2, 3 + decoder_trims) if stream.kind == "audio" else range(1)
            self.assertIn(missing, allowed, f"{what}: {len(stream.frames)} frames of {track}, {len(expected)} in")
            if stream.kind == "video":
                offsets[track] = self._check_times(stream.frames, expected, f"{what}: frames of {track}", tolerance)
            else:
                offsets.setdefault(track, stream.frames[0] - expected[0])
        for track, offset in offsets.items():
            self.assertLess(abs(offset - min(offsets.values())), frame_duration * 0.9 + tolerance,
                            f"{what}: {track} is {(offset - min(offsets.values())) * 1000:.1f} ms apart; {offsets}")
        return offsets

    def _check_times(self, times, expected, what, tolerance):
        offsets = [out - into for out, into in zip(times, expected)]
        self.assertLessEqual(max(offsets) - min(offsets), PLAYER_ROUNDING + tolerance, f"times of {what}")
        return median(offsets)

    def check_ffmpeg(self, url, presentation, went_in, frame_duration, tolerance=0.0):
        streams, complaints = players.ffprobe(url)
        self.assertEqual(complaints, "")
        self.assertEqual(players.ffmpeg(url), "")
        named = {track: stream for track, stream in zip(presentation.variants, by_kind(streams, "video"))}
        for track in presentation.renditions:
            name = presentation.renditions[track]["NAME"]
            named[track] = next(stream for stream in streams if stream.name == name)
        if not named.keys() >= went_in.keys():
            named = dict(zip(went_in, streams))
        self.check_streams(named, went_in, frame_duration, "ffmpeg", tolerance)
        return streams

    def check_hlsdemux2(self, url, went_in, frame_duration, tracks, tolerance=0.0):
        kinds = [track.split("_")[0] for track in tracks]
        streams = dict(zip(tracks, players.hlsdemux2(url, kinds)))
        self.check_streams(streams, went_in, frame_duration, "hlsdemux2", tolerance)
        return list(streams.values())

    def check_in_step(self, url, went_in, tracks):
        """hlsdemux2 begins where the video does: of the audio before, and of what is in one segment with it, nothing
        is left, with or without dates, and a leading gap is an error for it. What is left has its own times."""
        played = dict(zip(tracks, players.hlsdemux2(url, [track.split("_")[0] for track in tracks])))
        for track, stream in played.items():
            expected = sorted(buffer.pts for buffer in went_in[track])
            if track.startswith("video"):
                self.assertEqual(len(stream.stamps), len(expected))
            self.assertGreater(len(stream.stamps), len(expected) / 3)
            offsets = [out - into for out, into in zip(reversed(stream.stamps), reversed(expected))]
            self.assertLess(max(map(abs, offsets)), 0.03, f"{track} is out of step: {offsets}")

    def check_edge(self, edge, playlists):
        """A player that joined at the live edge saw everything from there on, once, and in its time."""
        for track, stream in edge.items():
            samples = sorted(sample.pts / segment.init.timescale for segment in playlists[track].segments
                             for sample in segment.samples)
            # The first decoded audio may have been cut to where the video begins.
            second = min(range(len(samples)), key=lambda i: abs(samples[i] - stream.stamps[1]))
            seen = list(zip(stream.stamps[1:], samples[second:]))
            self.assertEqual(len(seen), len(stream.stamps) - 1, f"{track}: more came out than went in")
            for out, meant in seen:
                self.assertAlmostEqual(out, meant, delta=0.0015, msg=track)
            # hlsdemux2 stops reading renditions once the variant's playlist has ended.
            unread = 0 if stream.kind == "video" else 3 * playlists[track].target
            self.assertLessEqual(samples[-1] - stream.stamps[-1], unread + 0.0015, track)

    def check_ended(self, origin, frame_duration, tolerance=0.0, start_apart=False):
        """A presentation that ended, by its bytes and by the players."""
        presentation = hls.Presentation(origin.url)
        went_in, playlists = self.check_tracks(origin, presentation, tolerance)
        streams = self.check_ffmpeg(presentation.url, presentation, went_in, frame_duration, tolerance)
        self.check_codecs(presentation, streams)
        first_of_each = {track.split("_")[0]: track for track in reversed(origin.pads)}.values()
        if start_apart:
            for track in first_of_each:
                self.check_hlsdemux2(presentation.media_url(track), went_in, frame_duration, [track], tolerance)
            self.check_in_step(presentation.url, went_in, list(first_of_each))
        else:
            self.check_hlsdemux2(presentation.url, went_in, frame_duration, list(first_of_each), tolerance)
        return presentation, playlists


@contextlib.contextmanager
def begun_together(*arguments, **settings):
    """An Origin of live sources whose tracks begin in the same segment. They do not where a second begins between the
    first picture and the first sound; ffmpeg leaves out what is before the first segment of the video then, and
    hlsdemux2 is out of step."""
    for _ in range(STARTS):
        with Origin(*arguments, **settings) as origin:
            presentation = hls.Presentation(origin.url)
            firsts = {track: hls.media_when(presentation.media_url(track), lambda p: p.segments).segments[0].number
                      for track in origin.pads}
            if len(set(firsts.values())) == 1:
                yield origin
                return
    raise AssertionError(f"tracks never begin together: {firsts}")


def by_kind(streams, kind):
    return [stream for stream in streams if stream.kind == kind]


def main():
    """As unittest.main(), but a file of which nothing could run is a skipped test to meson."""
    result = unittest.main(module="__main__", exit=False, verbosity=2).result
    if result.wasSuccessful() and result.testsRun and len(result.skipped) == result.testsRun:
        sys.exit(77)
    sys.stdout.flush()
    os._exit(0 if result.wasSuccessful() else 1)
