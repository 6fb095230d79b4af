#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that were encoded before: nobody can ask for keyframes, and the container decides what the times look like."""

import tempfile
from pathlib import Path

import checks
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

    def test_transport_stream(self):
        # 90 kHz, and tsdemux's own start of time.
        self.remux("mpegtsmux", "tsdemux", "film.ts", tolerance=0.001)


if __name__ == "__main__":
    checks.main()
