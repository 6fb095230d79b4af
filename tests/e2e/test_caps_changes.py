#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Caps that change on the way: players go on in the new format, and nothing is lost at the seam."""

from itertools import pairwise

import checks
import hls
from processes import Origin, require
from sources import audio, video

SECOND = 1_000_000_000
KEYFRAMES = "key-int-max=30"
FAST = f"x264enc speed-preset=ultrafast tune=zerolatency {KEYFRAMES}"
B_FRAMES = f"x264enc bframes=2 b-adapt=false {KEYFRAMES}"


class CapsChanges(checks.TestCase):
    def play(self, branches, changing, formats, ffmpeg_follows=True):
        """Plays across the seams of the track that changes. Gives the number of pictures by width."""
        with Origin(branches) as origin:
            presentation = hls.Presentation(origin.url)
            went_in, playlists = self.check_tracks(origin, presentation)
            self.check_seams(playlists[changing], formats)
            demuxed = self.check_hlsdemux2(presentation.url, went_in, 1 / 30, list(origin.pads))
            widths, = (stream.widths for stream in demuxed if stream.kind == "video")
            if ffmpeg_follows:
                shown = self.check_ffmpeg(presentation.url, presentation, went_in, 1 / 30)
                self.assertIn(widths, [stream.widths for stream in shown])
            return widths

    def check_seams(self, playlist, count):
        """A new init segment is a discontinuity, and the time goes on."""
        changes = [(first, second) for first, second in pairwise(playlist.segments)
                   if first.init_url != second.init_url]
        self.assertEqual(len(changes), count - 1, playlist.text)
        for first, second in changes:
            self.assertTrue(second.discontinuity, playlist.text)
            end = first.chunks[-1].end / first.init.timescale
            self.assertAlmostEqual(second.chunks[0].dts / second.init.timescale, end, delta=0.1)

    def test_resolution_changes(self):
        require("x264enc", "concat")
        sizes = [(160, 120), (320, 240), (192, 144)]
        clips = [video(FAST, 90, size=size, offset=3 * SECOND * index) for index, size in enumerate(sizes)]
        widths = self.play({"video_0": clips, "audio_0": audio("avenc_aac", 9)}, "video_0", len(sizes))
        self.assertEqual(widths, {width: 90 for width, _ in sizes})

    def test_codec_data_changes(self):
        require("x264enc", "concat")
        clips = [video(f"{B_FRAMES} speed-preset={preset}", 90, offset=at)
                 for preset, at in (("ultrafast", 0), ("veryfast", 3 * SECOND))]
        self.play({"video_0": clips, "audio_0": audio("avenc_aac", 6)}, "video_0", len(clips))

    def test_reordering_begins(self):
        """Pictures are decoded ahead from the seam on."""
        require("x264enc", "concat")
        clips = [video(FAST, 90), video(f"{B_FRAMES} speed-preset=veryfast", 90, offset=3 * SECOND)]
        self.play({"video_0": clips, "audio_0": audio("avenc_aac", 6)}, "video_0", len(clips))

    def test_sample_rate_changes(self):
        """ffmpeg ignores init segments but the first, and reads all times in the ticks of that."""
        require("x264enc", "concat")
        # avenc_aac makes 151 frames of what would fill 150.
        clips = [audio("avenc_aac", 3.2), audio("avenc_aac", 3.2, rate=44100, offset=151 * 1024 * SECOND // 48000)]
        self.play({"video_0": video(FAST, 192), "audio_0": clips}, "audio_0", len(clips), ffmpeg_follows=False)


if __name__ == "__main__":
    checks.main()
