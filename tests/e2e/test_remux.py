#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that were encoded before: nobody can ask for keyframes, and the container decides what the times look like."""

import tempfile
from pathlib import Path

import checks
import hls
import players
from processes import Origin, launch, require, run
from sources import audio, video

B_FRAMES = "x264enc speed-preset=veryfast bframes=3 b-pyramid=true key-int-max=45"
NO_B_FRAMES = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=60"


class Remux(checks.TestCase):
    def remux(self, muxer, demuxer, name, video_encoder=B_FRAMES, sink="playlist-type=vod linger=-1", tolerance=0.0):
        require(video_encoder.split()[0], "avenc_aac", muxer.split()[0], demuxer.split()[0])
        with tempfile.TemporaryDirectory(prefix="origin-e2e-") as folder:
            film = Path(folder) / name
            run(launch(f"{video(video_encoder, 240)} ! queue ! m. {audio('avenc_aac', 8)} ! queue ! m. "
                       f"{muxer} name=m ! filesink location={film}", "-q"))
            with Origin({"video_0": "d. ! video/x-h264 ! queue", "audio_0": "d. ! audio/mpeg ! queue"},
                        rest=f"filesrc location={film} ! {demuxer} name=d", sink=sink) as origin:
                return self.check_ended(origin, 1 / 30, tolerance)

    def test_mp4(self):
        self.remux("mp4mux", "qtdemux", "film.mp4")

    def test_mp4_without_b_frames(self):
        self.remux("mp4mux", "qtdemux", "film.mp4", NO_B_FRAMES)

    def test_mp4_as_an_event_that_is_not_paced(self):
        self.remux("mp4mux", "qtdemux", "film.mp4", sink="playlist-type=event sync=false linger=-1")

    def test_fragmented_mp4(self):
        # Without B-frames: mp4mux has no edit list for them in fragments, and qtdemux then clips the last picture.
        self.remux("mp4mux fragment-duration=1000", "qtdemux", "film.mp4", NO_B_FRAMES)

    def test_mp4_that_was_trimmed_between_keyframes(self):
        """Its edit list begins between two keyframes: what comes before is decoded, and takes no time."""
        with tempfile.TemporaryDirectory(prefix="origin-e2e-") as folder:
            film, trimmed = Path(folder) / "film.mp4", Path(folder) / "trimmed.mp4"
            run(launch(f"{video('x264enc bframes=2 key-int-max=150', 300)} ! queue ! m. "
                       f"{audio('avenc_aac', 10)} ! queue ! m. mp4mux name=m ! filesink location={film}", "-q"))
            run(["ffmpeg", "-v", "error", "-ss", "1", "-i", str(film), "-c", "copy", str(trimmed)])
            seen = next(stream for stream in players.ffprobe(str(trimmed))[0] if stream.kind == "video").frames
            with Origin({"video_0": "d. ! video/x-h264 ! queue", "audio_0": "d. ! audio/mpeg ! queue"},
                        rest=f"filesrc location={trimmed} ! qtdemux name=d") as origin:
                presentation = hls.Presentation(origin.url)
                played, complaints = players.ffprobe(presentation.url)
        self.assertEqual(complaints, "")
        shown = next(stream for stream in played if stream.kind == "video").frames
        lead_in = len(shown) - len(seen)
        self.assertGreaterEqual(lead_in, 25)
        self.assertLess(shown[lead_in] - shown[0], 1 / 30)
        sound = next(stream for stream in played if stream.kind == "audio")
        self.assertLess(abs(shown[0] - sound.stamps[0]), 1 / 30)
        for mine, expected in zip(shown[lead_in + 1:], seen[1:], strict=True):
            self.assertAlmostEqual(mine - shown[0], expected - seen[0], delta=0.001)

    def test_flac_by_another_muxer(self):
        """ffmpeg's header has metadata blocks that flacparse passes on like frames."""
        require("x264enc", "flacenc")
        with tempfile.TemporaryDirectory(prefix="origin-e2e-") as folder:
            raw, film = Path(folder) / "raw.mkv", Path(folder) / "film.mp4"
            run(launch(f"{video(NO_B_FRAMES, 120)} ! queue ! m. {audio('flacenc', 4)} ! queue ! m. "
                       f"matroskamux name=m ! filesink location={raw}", "-q"))
            run(["ffmpeg", "-v", "error", "-i", str(raw), "-c:v", "copy", "-c:a", "flac", "-strict", "-2", str(film)])
            sent = next(stream for stream in players.ffprobe(str(film))[0] if stream.kind == "audio").frames
            with Origin({"video_0": "d. ! video/x-h264 ! queue", "audio_0": "d. ! audio/x-flac ! queue"},
                        rest=f"filesrc location={film} ! qtdemux name=d", sink="playlist-type=vod linger=-1") as origin:
                played, complaints = players.ffprobe(hls.Presentation(origin.url).url)
        self.assertEqual(complaints, "")
        got = next(stream for stream in played if stream.kind == "audio").frames
        for mine, expected in zip(got, sent, strict=True):
            self.assertAlmostEqual(mine - got[0], expected - sent[0], delta=0.001)
        shown = next(stream for stream in played if stream.kind == "video").frames
        self.assertLess(abs(shown[0] - got[0]), 1 / 30)

    def test_surround_opus(self):
        """Packets of several streams, which opusparse would cut short."""
        with tempfile.TemporaryDirectory(prefix="origin-e2e-") as folder:
            film = Path(folder) / "film.mkv"
            run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=4,pan=5.1|c0=c0|c2=c0|c5=c0", "-c:a",
                 "libopus", "-mapping_family", "1", str(film)])
            sent = players.ffprobe(str(film))[0][0].frames
            with Origin({"audio_0": "d. ! audio/x-opus ! queue"},
                        rest=f"filesrc location={film} ! matroskademux name=d",
                        sink="playlist-type=vod linger=-1") as origin:
                played, complaints = players.ffprobe(hls.Presentation(origin.url).url)
        self.assertEqual(complaints, "")
        self.assertEqual(len(played[0].frames), len(sent))

    def test_transport_stream(self):
        # 90 kHz, and tsdemux's own start of time.
        self.remux("mpegtsmux", "tsdemux", "film.ts", tolerance=0.001)


if __name__ == "__main__":
    checks.main()
