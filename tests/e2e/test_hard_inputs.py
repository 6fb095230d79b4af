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
OPEN_X264 = "x264enc speed-preset=veryfast bframes=3 key-int-max=30 option-string=open-gop=1:scenecut=0"
OPEN_X265 = ("x265enc speed-preset=ultrafast key-int-max=30 "
             "option-string=open-gop=1:bframes=3:b-adapt=0:scenecut=0")
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

    def check_open(self, presentation, playlist, count):
        """Cut at its groups, of which the decoder that begins there may not get everything."""
        self.assertEqual(len(playlist.segments), count, playlist.text)
        self.assertFalse(playlist.independent, playlist.text)
        self.assertNotIn("INDEPENDENT", presentation.text)
        self.assertTrue(all(segment.samples[0].sync for segment in playlist.segments), playlist.text)

    def test_open_gops_of_x264(self):
        presentation, playlists = self.play(OPEN_X264, 300)
        self.check_open(presentation, playlists["video_0"], 5)

    def test_open_gops_of_x265(self):
        presentation, playlists = self.play(OPEN_X265, 300)
        self.check_open(presentation, playlists["video_0"], 5)

    def test_intra_refresh(self):
        presentation, playlists = self.play(FAST + " intra-refresh=true key-int-max=30", 300)
        self.assertGreaterEqual(len(playlists["video_0"].segments), 4, playlists["video_0"].text)
        self.assertNotIn("INDEPENDENT", presentation.text)

    def test_open_gops_live(self):
        """They are listed as soon as there is a whole segment, and never said to stand alone."""
        for encoder in (OPEN_X264, OPEN_X265):
            require(encoder.split()[0])
            with self.subTest(encoder), Origin({"video_0": video(encoder, 240, live=True)},
                                               sink="linger=-1 window=0 send-keyframe-requests=false") as origin:
                presentation = hls.Presentation(origin.url)
                playlist = hls.media(presentation.media_url("video_0"))
                self.assertFalse(playlist.ended)
                self.assertLessEqual(len(playlist.segments), 3, playlist.text)
                # Only the first group may be closed.
                self.assertLessEqual(playlist.text.count("INDEPENDENT"), 1, playlist.text)
                self.assertNotIn("INDEPENDENT", presentation.text)
                ended = hls.media_when(presentation.media_url("video_0"), lambda p: p.ended).load_segments()
                self.check_playlist(ended)
                self.check_samples(ended, self.without_beginning(origin.went_in("video_0"), ended))


class Joined(checks.TestCase):
    """A transport stream that is cut in the midst of a group, and has no closed one."""

    def play(self, encoder, parser):
        require(encoder.split()[0], "mpegtsmux", "tsparse", "tsdemux")
        with tempfile.TemporaryDirectory(prefix="origin-e2e-") as folder:
            whole, cut = Path(folder) / "whole.ts", Path(folder) / "cut.ts"
            run(launch(f"{video(encoder, 300)} ! {parser} config-interval=-1 ! mpegtsmux ! filesink location={whole}",
                       "-q"))
            packets = whole.stat().st_size // 188
            cut.write_bytes(whole.read_bytes()[packets // 3 * 188:])
            with Origin({"video_0": f"filesrc location={cut} ! tsparse ! tsdemux ! {parser}"}) as origin:
                presentation = hls.Presentation(origin.url)
                playlist = hls.media_when(presentation.media_url("video_0"), lambda p: p.ended).load_segments()
                self.check_playlist(playlist)
                self.assertGreaterEqual(len(playlist.segments), 3, playlist.text)
                samples = [sample for segment in playlist.segments for sample in segment.samples]
                entry = samples[0]
                self.assertTrue(entry.sync)
                self.assertEqual(min(sample.pts for sample in samples), entry.pts)
                # Left out is what came before the entry, and what is shown before it.
                went_in = sorted(buffer.pts for buffer in origin.went_in("video_0"))
                shown = sorted(sample.pts / playlist.segments[0].init.timescale for sample in samples)
                self.assertGreater(len(shown), 120)
                self.assertLess(len(shown), len(went_in))
                apart = [out - into for out, into in zip(shown, went_in[-len(shown):])]
                self.assertLess(max(apart) - min(apart), 0.001)
                stream, = players.ffprobe(presentation.url)[0]
                self.assertEqual(len(stream.frames), len(shown))
                played, = players.hlsdemux2(presentation.url, ["video"])
                self.assertEqual(len(played.frames), len(shown))

    def test_open_gops_of_x264(self):
        self.play(OPEN_X264, "h264parse")

    def test_open_gops_of_x265(self):
        self.play(OPEN_X265, "h265parse")


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
