#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Three rungs and two languages: one presentation, cut alike, each rendition played to its end."""

import checks
import hls
import players
from processes import Origin, require
from sources import audio, picture

RUNGS = {"video_0": (320, 240, 600), "video_1": (240, 180, 350), "video_2": (160, 120, 200)}
LANGUAGES = {"audio_0": "en", "audio_1": "de"}


class Ladder(checks.TestCase):
    def test_ladder_of_three_rungs_and_two_languages(self):
        require("x264enc", "avenc_aac")
        encoder = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=1000 bitrate"
        branches = {pad: f"picture. ! queue ! videoscale ! video/x-raw,width={width},height={height} ! {encoder}={rate}"
                    for pad, (width, height, rate) in RUNGS.items()}
        branches |= {pad: audio("avenc_aac", 8, frequency=440 * (index + 1)) +
                     f" ! taginject tags=language-code={language}"
                     for index, (pad, language) in enumerate(LANGUAGES.items())}
        with Origin(branches, rest=picture(240, size=(320, 240), pattern="ball") + " ! tee name=picture") as origin:
            presentation, playlists = self.check_ended(origin, 1 / 30)
            self.check_attributes(presentation, playlists)
            self.check_cut_alike([playlists[pad] for pad in RUNGS])
            self.check_each_variant(origin, presentation)

    def check_attributes(self, presentation, playlists):
        for pad, (width, height, _) in RUNGS.items():
            variant = presentation.variants[pad]
            self.assertEqual(variant["RESOLUTION"], f"{width}x{height}")
            self.assertAlmostEqual(float(variant["FRAME-RATE"]), 30, places=3)
            peak = max(self.bit_rate(segment) for segment in playlists[pad].segments)
            self.assertGreaterEqual(int(variant["BANDWIDTH"]), peak)
            self.assertGreaterEqual(int(variant["BANDWIDTH"]), int(variant["AVERAGE-BANDWIDTH"]))
        rates = [int(presentation.variants[pad]["BANDWIDTH"]) for pad in RUNGS]
        self.assertEqual(rates, sorted(rates, reverse=True))
        self.assertEqual({pad: rendition["LANGUAGE"] for pad, rendition in presentation.renditions.items()}, LANGUAGES)
        groups = {rendition["GROUP-ID"] for rendition in presentation.renditions.values()}
        self.assertEqual(groups, {variant["AUDIO"] for variant in presentation.variants.values()})
        self.assertEqual([r["DEFAULT"] for r in presentation.renditions.values()].count("YES"), 1)

    @staticmethod
    def bit_rate(segment):
        return 8 * sum(sample.size for sample in segment.samples) / segment.duration

    def check_cut_alike(self, playlists):
        starts = [[segment.samples[0].pts for segment in playlist.segments] for playlist in playlists]
        self.assertEqual(starts[0], starts[1])
        self.assertEqual(starts[0], starts[2])
        self.assertEqual(len(starts[0]), 4)

    def check_each_variant(self, origin, presentation):
        for pad, (width, _, _) in RUNGS.items():
            stream, = players.ffprobe(presentation.media_url(pad))[0]
            self.assertEqual(stream.width, width)
            self.assertEqual(len(stream.frames), len(origin.went_in(pad)))
        for pad in LANGUAGES:
            # An alternative rendition is a playlist of its own to GStreamer.
            stream, = players.hlsdemux2(presentation.media_url(pad), ["audio"])
            self.assertGreaterEqual(len(stream.frames), len(origin.went_in(pad)) - 2)
            self.assertTrue(hls.media(presentation.media_url(pad)).ended)


if __name__ == "__main__":
    checks.main()
