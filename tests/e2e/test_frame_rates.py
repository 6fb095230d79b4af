#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frame rates whose frames last no whole number of anything, and frames that last as long as they like."""

import checks
from processes import Origin, require
from sources import audio, picture, video

ENCODER = "x264enc speed-preset=ultrafast tune=zerolatency key-int-max=1000"


class FrameRates(checks.TestCase):
    def play(self, over, frames=600):
        require("x264enc")
        rate = f"{over}/1001"
        with Origin({"video_0": video(ENCODER, frames, rate=rate, size=(64, 48)),
                     "audio_0": audio("avenc_aac", frames * 1001 / over)}) as origin:
            presentation, playlists = self.check_ended(origin, 1001 / over)
            shown = f"{over / 1001:.3f}"
            self.assertEqual(presentation.variants["video_0"]["FRAME-RATE"], shown)
            self.check_no_drift(playlists["video_0"], over)

    def check_no_drift(self, playlist, over):
        """Frame n is at n frame durations, rounded once: whole ticks, or within half of one."""
        scale = playlist.segments[0].init.timescale
        times = [sample.pts for segment in playlist.segments for sample in segment.samples]
        for index, pts in enumerate(times):
            self.assertLessEqual(abs(pts - times[0] - index * 1001 * scale / over), 1)

    def test_24000_over_1001(self):
        self.play(24000)

    def test_30000_over_1001(self):
        self.play(30000)

    def test_60000_over_1001(self):
        self.play(60000, frames=900)

    def test_variable_frame_rate(self):
        require("x264enc")
        # Frames go missing before the encoder, which keeps the times of the others.
        source = f"{picture(300, size=(64, 48))} ! identity drop-probability=0.4 ! {ENCODER}"
        with Origin({"video_0": source, "audio_0": audio("avenc_aac", 10)}) as origin:
            _, playlists = self.check_ended(origin, 1 / 30)
            durations = {sample.duration for segment in playlists["video_0"].segments for sample in segment.samples}
            self.assertGreater(len(durations), 1)

    def test_rate_that_changes_on_the_way(self):
        require("x264enc", "videorate")
        source = f"{picture(300, size=(64, 48))} ! videorate drop-only=true max-rate=7 ! {ENCODER}"
        with Origin({"video_0": source}) as origin:
            self.check_ended(origin, 1 / 7)

    def test_segments_of_one_frame(self):
        require("x264enc")
        source = video("x264enc speed-preset=ultrafast tune=zerolatency key-int-max=1", 50, rate="5/1")
        with Origin({"video_0": source, "audio_0": audio("avenc_aac", 10)},
                    sink="playlist-type=vod linger=-1 segment-duration=200000000 part-duration=0") as origin:
            _, playlists = self.check_ended(origin, 0.2)
            self.assertEqual([len(segment.samples) for segment in playlists["video_0"].segments], [1] * 50)


if __name__ == "__main__":
    checks.main()
