#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Live presentations, played while they grow and to their end."""

import concurrent.futures
import time

import checks
import hls
import players
from processes import require
from real_time import RealTime
from sources import audio, video

LIVE = "playlist-type=live linger=-1 window=0 segment-duration=1000000000 part-duration=200000000"
ZERO_LATENCY = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=1000"
LOOK_AHEAD = "x264enc speed-preset=veryfast bframes=2 key-int-max=1000"


class Live(RealTime, checks.TestCase):
    def play(self, encoder):
        require("x264enc", "avenc_aac")
        started = time.time()
        branches = {"video_0": video(encoder, 300, live=True), "audio_0": audio("avenc_aac", 10, live=True)}
        with (checks.begun_together(branches, sink=LIVE) as origin,
              concurrent.futures.ThreadPoolExecutor() as pool):
            presentation = hls.Presentation(origin.url)
            for track in origin.pads:
                hls.media_when(presentation.media_url(track), lambda p: len(p.segments) >= 2)
            # Both follow the live edge until the presentation ends.
            watched = pool.submit(players.ffprobe, presentation.url, "-live_start_index", "0")
            demuxed = pool.submit(players.hlsdemux2, presentation.url, ["video", "audio"])
            streams, complaints = watched.result()
            edge = dict(zip(("video_0", "audio_0"), demuxed.result()))
            self.assertEqual(complaints, "")
            went_in, playlists = self.check_tracks(origin, hls.Presentation(origin.url), live=True)
            self.check_grid(playlists, started)
            named = {f"{stream.kind}_0": stream for stream in streams}
            self.check_streams(named, went_in, 1 / 30, "ffmpeg")
            self.check_edge(edge, playlists)

    def check_grid(self, playlists, started):
        """Segments start with the first frame of a second of UTC, which is their number."""
        for track, playlist in playlists.items():
            frame = 1024 / 48000 if track == "audio_0" else 1 / 30
            for segment in playlist.segments:
                first = segment.samples[0].pts / segment.init.timescale
                self.assertAlmostEqual(segment.date, first, delta=0.0011, msg=playlist.text)
                self.assertLess(abs(first - round(first)), frame, f"{track} {segment.number} starts at {first}")
                self.assertEqual(segment.number, round(first))
            self.assertGreater(playlist.segments[0].date, started - 1)
            self.assertLess(playlist.segments[-1].date, time.time() + 1)

    def test_encoder_without_latency(self):
        self.play(ZERO_LATENCY)

    def test_encoder_with_b_frames_and_look_ahead(self):
        self.play(LOOK_AHEAD)


if __name__ == "__main__":
    checks.main()
