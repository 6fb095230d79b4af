#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A publisher that is killed takes its window with it; the one that comes next goes on counting by UTC."""

import time
import urllib.error

import checks
import hls
import players
from processes import Origin, require
from sources import audio, video

LIVE = "playlist-type=live linger=-1 segment-duration=1000000000"
ENCODER = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=1000"


class Player:
    """Polls a media playlist as players do, through outages, and never asks for the same number twice."""

    def __init__(self, url):
        self.url = url
        self.urls = {}  # number -> address
        self.outages = 0

    def poll_until(self, enough):
        end = time.monotonic() + hls.PATIENCE
        while not enough():
            if time.monotonic() > end:
                raise AssertionError(f"{self.url}: stuck at {sorted(self.urls)[-3:]} after {self.outages} outages")
            try:
                for segment in hls.media(self.url).segments:
                    self.take(segment)
            except (AssertionError, OSError):
                self.outages += 1
            time.sleep(hls.POLL_SECONDS)

    def take(self, segment):
        known = self.urls.setdefault(segment.number, segment.url)
        if known != segment.url:
            raise RuntimeError(f"number {segment.number} was {known} and is {segment.url}")
        if segment.number == max(self.urls):
            hls.fetch(segment.url)


class Restart(checks.TestCase):
    def origin(self, port=0):
        return Origin({"video_0": video(ENCODER, -1, live=True), "audio_0": audio("avenc_aac", -1, live=True)},
                      sink=LIVE, port=port)

    def test_kill_and_restart_of_the_publisher(self):
        require("x264enc", "avenc_aac")
        with self.origin() as first:
            port = first.port
            player = Player(hls.Presentation(first.url).media_url("video_0"))
            player.poll_until(lambda: len(player.urls) >= 3)
            first.kill()
        last_before = max(player.urls)
        known = dict(player.urls)
        with self.assertRaises((AssertionError, OSError)):
            hls.media(player.url)
        with self.origin(port) as second:
            self.assertEqual(second.port, port)
            player.poll_until(lambda: max(player.urls) > last_before + 2)
            self.assertGreater(min(player.urls.keys() - known.keys()), last_before)
            # No cache has seen any of the new names.
            self.assertFalse(set(known.values()) & {player.urls[n] for n in player.urls.keys() - known.keys()})
            streams, complaints = players.ffprobe(hls.Presentation(second.url).url, "-live_start_index", "0",
                                                  "-read_intervals", "%+3")
            self.assertEqual(complaints, "")
            self.assertEqual(sorted(stream.kind for stream in streams), ["audio", "video"])
            for stream in streams:
                self.assertGreater(len(stream.frames), 60)


if __name__ == "__main__":
    checks.main()
