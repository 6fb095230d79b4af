#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A publisher that is killed takes its window with it; the one that comes next goes on counting by UTC."""

import re
import socket
import time

import checks
import hls
import players
from processes import Origin, require
from sources import audio, video

LIVE = "playlist-type=live linger=-1 segment-duration=1000000000"
ENCODER = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=1000"
SIZES = [(192, 144), (320, 240), (160, 120)]
PART = re.compile(r'#EXT-X-PART:.*URI="([^"]+)"')


class Player:
    """Polls a media playlist as players do, through outages; what a number or a part of it was, it stays."""

    def __init__(self, url):
        self.url = url
        self.names = {}  # "number" or "number.part" -> path
        self.numbers = {}  # number -> address
        self.newest = None  # segment
        self.outages = 0

    def poll_until(self, enough):
        end = time.monotonic() + hls.PATIENCE
        while not enough():
            if time.monotonic() > end:
                raise AssertionError(f"{self.url}: stuck at {sorted(self.numbers)[-3:]} after {self.outages} outages")
            try:
                playlist = hls.media(self.url)
            except (AssertionError, OSError):
                self.outages += 1
            else:
                self.take(playlist)
            time.sleep(hls.POLL_SECONDS)

    def take(self, playlist):
        for uri in PART.findall(playlist.text):
            self.note(uri)
        for segment in playlist.segments:
            self.note(segment.url)
            self.numbers[segment.number] = segment.url
        newest = playlist.segments[-1]
        if newest.number != max(self.numbers):
            raise RuntimeError(f"number {newest.number} after {max(self.numbers)}")
        if self.newest is None or newest.number > self.newest.number:
            try:
                hls.fetch(newest.url)
            except (AssertionError, OSError):
                self.outages += 1  # killed in between
        self.newest = newest

    def note(self, uri):
        run, name = uri.split("/")[-2:]
        known = self.names.setdefault(name, run)
        if known != run:
            raise RuntimeError(f"{name} was of run {known} and is of {run}")

    def is_ahead(self):
        """Whether the newest number is greater than that of its second, which segments last."""
        return self.newest.number > self.newest.date + 0.1


class Restart(checks.TestCase):
    def origin(self, port=0, encoder=ENCODER, steered=False):
        picture = "videotestsrc is-live=true ! capsfilter name=size caps=" + self.caps(*SIZES[-1])
        source = f"{picture} ! {encoder}" if steered else video(encoder, -1, live=True)
        return Origin({"video_0": source, "audio_0": audio("avenc_aac", -1, live=True)}, sink=LIVE, port=port,
                      steered=steered)

    @staticmethod
    def caps(width, height):
        return f"video/x-raw,format=I420,width={width},height={height},framerate=30/1"

    def test_kill_and_restart_of_the_publisher(self):
        require("x264enc", "avenc_aac")
        with self.origin() as first:
            port = first.port
            player = Player(hls.Presentation(first.url).media_url("video_0"))
            player.poll_until(lambda: len(player.numbers) >= 3)
            first.kill()
        last_before = max(player.numbers)
        known = dict(player.numbers)
        with self.assertRaises((AssertionError, OSError)):
            hls.media(player.url)
        with self.origin(port) as second:
            self.assertEqual(second.port, port)
            player.poll_until(lambda: max(player.numbers) > last_before + 2)
            self.assertGreater(min(player.numbers.keys() - known.keys()), last_before)
            # No cache has seen any of the new names.
            self.assertFalse(set(known.values()) & {player.numbers[n] for n in player.numbers.keys() - known.keys()})
            streams, complaints = players.ffprobe(hls.Presentation(second.url).url, "-live_start_index", "0",
                                                  "-read_intervals", "%+3")
            self.assertEqual(complaints, "")
            self.assertEqual(sorted(stream.kind for stream in streams), ["audio", "video"])
            for stream in streams:
                self.assertGreater(len(stream.frames), 60)

    def kill_in_a_row(self, lives, live, **options):
        """Each life ends with SIGKILL, and the next begins at once. Both tracks are followed."""
        require("x264enc", "avenc_aac")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        followed = None
        for _ in range(lives):
            with self.origin(port, **options) as origin:
                followed = followed or {track: Player(origin.url + track + "/index.m3u8")
                                        for track in ("video_0", "audio_0")}
                live(origin, followed)
                origin.kill()
        self.assertEqual(len(set(followed["video_0"].names.values())), lives)

    def test_kills_right_after_the_start(self):
        def live(_, followed):
            for player in followed.values():
                known = len(player.names)
                player.poll_until(lambda player=player, known=known: len(player.names) > known)

        self.kill_in_a_row(5, live)

    def test_kills_after_new_formats(self):
        """Numbers that the cuts put ahead of the clock are not used again, though nobody waits for their time."""
        def live(origin, followed):
            player = followed["video_0"]
            last = max(player.numbers, default=0)
            player.poll_until(lambda: max(player.numbers, default=0) > last + 1)
            for size in SIZES:
                origin.tell(f"set size caps {self.caps(*size)}")
                time.sleep(0.4)
            player.poll_until(player.is_ahead)
            followed["audio_0"].take(hls.media(followed["audio_0"].url))

        self.kill_in_a_row(3, live, steered=True)


if __name__ == "__main__":
    checks.main()
