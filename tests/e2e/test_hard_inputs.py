#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inputs as they come from real life: decode times missing or negative, late starts, jumps, GOPs of any length."""

import tempfile
from pathlib import Path

import checks
import hls
import players
from processes import Origin, launch, require, run
from sources import audio, video

FAST = "x264enc speed-preset=ultrafast tune=zerolatency"
SECOND = 1_000_000_000


class DecodeTimes(checks.TestCase):
    def test_negative_decode_times(self):
        """x264enc lets the first pictures decode before running time 0."""
        require("x264enc")
        with Origin({"video_0": video("x264enc speed-preset=veryfast bframes=4 b-pyramid=true key-int-max=40", 150),
                     "audio_0": audio("avenc_aac", 5)}) as origin:
            self.check_ended(origin, 1 / 30)
            self.assertLess(origin.went_in("video_0")[0].dts, 0)

    def test_missing_decode_times(self):
        """Matroska has none, and its presentation times are whole milliseconds."""
        require("x264enc", "matroskamux", "matroskademux")
        with tempfile.TemporaryDirectory(prefix="origin-e2e-") as folder:
            film = Path(folder) / "film.mkv"
            run(launch(f"{video('x264enc speed-preset=veryfast bframes=3 key-int-max=40', 180)} ! h264parse ! m. "
                       f"{audio('avenc_aac', 6)} ! m. matroskamux name=m ! filesink location={film}", "-q"))
            with Origin({"video_0": "d.video_0 ! queue", "audio_0": "d.audio_0 ! queue"},
                        rest=f"filesrc location={film} ! matroskademux name=d") as origin:
                self.check_ended(origin, 1 / 30, tolerance=0.022)
                self.assertTrue(any(b.dts is None for b in origin.went_in("video_0")))


class Starts(checks.TestCase):
    """hlsdemux2 plays what is there from the start of the video on."""

    def test_audio_three_seconds_before_video(self):
        require("x264enc")
        with Origin({"video_0": video(FAST + " key-int-max=60", 150, offset=3 * SECOND),
                     "audio_0": audio("avenc_aac", 8)}) as origin:
            self.check_ended(origin, 1 / 30, start_apart=True)
            first = origin.went_in("video_0")[0].pts
            self.assertAlmostEqual(first, 3, places=3)

    def test_video_three_seconds_before_audio(self):
        require("x264enc")
        with Origin({"video_0": video(FAST + " key-int-max=60", 240),
                     "audio_0": audio("avenc_aac", 5, offset=3 * SECOND)}) as origin:
            self.check_ended(origin, 1 / 30, start_apart=True)


class Jumps(checks.TestCase):
    """Two clips one after the other, on both pads, with a step in running time between them."""

    def play(self, first, second):
        require("x264enc", "concat")
        starts = (first, second)
        with Origin({"video_0": [f"{video(FAST, 90, offset=start)} key-int-max=30 ! h264parse" for start in starts],
                     "audio_0": [audio("avenc_aac", 3, offset=start) for start in starts]}) as origin:
            presentation = hls.Presentation(origin.url)
            before_and_after = {}
            for track in origin.pads:
                playlist = hls.media(presentation.media_url(track)).load_segments()
                self.check_playlist(playlist)
                went_in = origin.went_in(track)
                samples = [(sample.pts / s.init.timescale, s.init.timescale)
                           for s in playlist.segments for sample in s.samples]
                self.assertEqual(len(samples), len(went_in))
                breaks = [index for index, segment in enumerate(playlist.segments) if segment.discontinuity]
                self.assertEqual(len(breaks), 1, playlist.text)
                # A clip's times keep their distances; what changed at the jump is how they map.
                at = sum(len(segment.samples) for segment in playlist.segments[:breaks[0]])
                offsets = [out - buffer.pts for (out, _), buffer in zip(samples, went_in)]
                self.assertLess(max(offsets[:at]) - min(offsets[:at]), 0.001)
                self.assertLess(max(offsets[at:]) - min(offsets[at:]), 0.001)
                before_and_after[track] = (offsets[0], offsets[-1])
            for video_offset, audio_offset in zip(before_and_after["video_0"], before_and_after["audio_0"]):
                self.assertLess(abs(video_offset - audio_offset), 1 / 30)
            streams, complaints = players.ffprobe(presentation.url)
            self.assertEqual(complaints, "")
            self.assertEqual(sorted(len(stream.packets) for stream in streams),
                             sorted(len(origin.went_in(track)) for track in origin.pads))
            played, = players.hlsdemux2(presentation.media_url("video_0"), ["video"])
            self.assertEqual(len(played.frames), len(origin.went_in("video_0")))

    def test_jump_forward(self):
        self.play(0, 60 * SECOND)

    def test_jump_back(self):
        self.play(60 * SECOND, 0)


class Gops(checks.TestCase):
    """Encoders that make keyframes where they like, as if they ignored requests."""

    def play(self, encoder, frames, rate="30/1", sink="playlist-type=vod linger=-1", audio_seconds=None):
        require(encoder.split()[0])
        over, under = map(int, rate.split("/"))
        with Origin({"video_0": video(encoder, frames, rate=rate),
                     "audio_0": audio("avenc_aac", audio_seconds or frames * under / over)},
                    sink=sink + " send-keyframe-requests=false") as origin:
            return self.check_ended(origin, under / over)

    def test_gops_of_one_and_a_half_seconds(self):
        _, playlists = self.play(FAST + " key-int-max=47 option-string=scenecut=0", 360)
        # 47 frames are 1.567 s: segments end at the first keyframe behind each 2 s.
        durations = [segment.duration for segment in playlists["video_0"].segments]
        for duration in durations[:-1]:
            self.assertAlmostEqual(duration * 30 / 47, round(duration * 30 / 47), places=3)
        self.assertTrue(playlists["video_0"].independent)

    def test_gops_of_twelve_seconds(self):
        _, playlists = self.play(FAST + " key-int-max=300 option-string=scenecut=0", 900, rate="25/1")
        durations = [segment.duration for segment in playlists["video_0"].segments]
        self.assertEqual([round(duration, 3) for duration in durations], [12, 12, 12])

    def test_gops_of_one_and_a_half_seconds_as_an_event(self):
        _, playlists = self.play(FAST + " key-int-max=47 option-string=scenecut=0", 360,
                                 sink="playlist-type=event sync=false linger=-1")
        self.assertTrue(playlists["video_0"].independent)

    def test_gops_of_twelve_seconds_as_an_event(self):
        self.play(FAST + " key-int-max=300 option-string=scenecut=0", 900, rate="25/1",
                  sink="playlist-type=event sync=false linger=-1")

    def test_open_gops_of_x264(self):
        self.play("x264enc speed-preset=veryfast bframes=3 key-int-max=30 option-string=open-gop=1:scenecut=0", 150)

    def test_open_gops_of_x265(self):
        options = "open-gop=1:bframes=3:b-adapt=0:scenecut=0"
        self.play(f"x265enc speed-preset=ultrafast key-int-max=30 option-string={options}", 150)


class BigFrames(checks.TestCase):
    def test_pictures_of_two_megabytes(self):
        require("x264enc")
        noise = video("x264enc speed-preset=ultrafast tune=zerolatency pass=quant quantizer=38 key-int-max=4",
                      16, rate="4/1", size=(3840, 2160), pattern="snow")
        with Origin({"video_0": noise, "audio_0": audio("avenc_aac", 4)}) as origin:
            self.check_ended(origin, 1 / 4)
            self.assertGreater(min(buffer.size for buffer in origin.went_in("video_0")), 2_000_000)


if __name__ == "__main__":
    checks.main()
