#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Live presentations that break off on the way and go on, while players watch."""

import concurrent.futures
import re
import time

import checks
import hls
import players
from processes import require
from real_time import RealTime
from sources import audio, picture

LIVE = "playlist-type=live linger=-1 window=0 segment-duration=1000000000 part-duration=200000000"
ENCODER = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=1000"
RATE = 30
# Shorter and longer than what the origin waits before it says that media is missing.
PAUSE_SECONDS, OUTAGE_SECONDS = 0.7, 10
# ffmpeg does not know EXT-X-GAP, asks for what is not there, and goes on.
ABOUT_GAPS = re.compile(r"HTTP error 404 Not Found|Failed to open segment (\d+) of playlist")


class Interruptions(RealTime, checks.TestCase):
    def play(self, interrupt, live=True, lost=None):
        """Players see all that is in the playlists, in its time. Gives the media playlists by track.

        `lost` is how many of a track's buffers may not have got there."""
        require("x264enc", "avenc_aac", "valve")
        branches = {"video_0": f"{picture(-1, live=live)} ! valve name=valve ! {ENCODER}",
                    "audio_0": audio("avenc_aac", -1, live=live)}
        with (checks.begun_together(branches, sink=LIVE, steered=True) as origin,
              concurrent.futures.ThreadPoolExecutor() as pool):
            presentation = hls.Presentation(origin.url)
            self.wait_for_segments(presentation, 3)
            watched = pool.submit(players.ffprobe, presentation.url, "-live_start_index", "0")
            demuxed = pool.submit(players.hlsdemux2, presentation.url, ["video", "audio"])
            self.wait_for_segments(presentation, 2)
            interrupt(origin)
            self.wait_for_segments(presentation, 4)
            origin.tell("eos")
            streams, complaints = watched.result()
            playlists = {track: hls.media_when(presentation.media_url(track), lambda p: p.ended).load_segments()
                         for track in origin.pads}
            self.check_complaints(complaints, playlists)
            self.assertEqual(sorted(stream.kind for stream in streams), ["audio", "video"])
            for stream in streams:
                track = f"{stream.kind}_0"
                self.check_playlist(playlists[track])
                self.check_edge({track: stream}, playlists)
                went_in = origin.went_in(track)
                missing = len(went_in) - len(stream.packets)
                # A live presentation begins with a whole segment of a second.
                left_out = sum(buffer.pts < went_in[0].pts + 1 for buffer in went_in) if live else 0
                self.assertIn(missing, range(left_out + (lost or {}).get(track, 0) + 1))
                if stream.kind == "video":
                    self.assertEqual(len(stream.frames), len(stream.packets))
            self.check_edge(dict(zip(("video_0", "audio_0"), demuxed.result())), playlists)
            self.assertTrue(playlists["video_0"].independent, playlists["video_0"].text)
            return playlists

    @staticmethod
    def wait_for_segments(presentation, more):
        wanted = {url: len(hls.media(url).real_segments) + more
                  for url in map(presentation.media_url, presentation.tracks)}
        for url, count in wanted.items():
            hls.media_when(url, lambda p: len(p.real_segments) >= count)

    def check_complaints(self, complaints, playlists):
        gaps = {segment.number for playlist in playlists.values() for segment in playlist.segments if segment.gap}
        for line in complaints.splitlines():
            about = ABOUT_GAPS.search(line)
            self.assertTrue(about and (not about[1] or int(about[1]) in gaps), complaints)

    def test_pause_and_resume_of_the_pipeline(self):
        def interrupt(origin):
            origin.tell("state PAUSED")
            time.sleep(PAUSE_SECONDS)
            origin.tell("state PLAYING")

        # A picture that was on its way when the pause came arrives after it, where only a keyframe can begin.
        playlists = self.play(interrupt, lost={"video_0": 2})
        for playlist in playlists.values():
            self.assertFalse([segment for segment in playlist.segments if segment.gap])
            seam, = (index for index, segment in enumerate(playlist.segments) if segment.discontinuity)
            before, after = playlist.segments[seam - 1:seam + 1]
            hole = after.date - before.date - before.duration
            self.assertGreater(hole, PAUSE_SECONDS - 0.1, playlist.text)

    def test_flushing_seek_of_a_paced_pipeline(self):
        # A flush takes what waits for the clock.
        playlists = self.play(lambda origin: origin.tell("seek o 0"), live=False, lost={"video_0": 2, "audio_0": 2})
        for playlist in playlists.values():
            self.assertEqual(sum(segment.discontinuity for segment in playlist.segments), 1, playlist.text)

    def test_pad_that_stops_and_comes_back(self):
        def interrupt(origin):
            origin.tell("set valve drop true")
            time.sleep(OUTAGE_SECONDS)
            origin.tell("set valve drop false")

        playlists = self.play(interrupt, lost={"video_0": RATE})
        gaps = [segment for segment in playlists["video_0"].segments if segment.gap]
        missing = sum(segment.duration for segment in gaps)
        self.assertAlmostEqual(missing, OUTAGE_SECONDS, delta=1, msg=playlists["video_0"].text)
        for playlist in playlists.values():
            self.assertFalse([segment for segment in playlist.segments if segment.discontinuity], playlist.text)
        self.assertFalse([segment for segment in playlists["audio_0"].segments if segment.gap])


if __name__ == "__main__":
    checks.main()
