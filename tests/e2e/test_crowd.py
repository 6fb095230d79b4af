#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many clients of the worse kind at once, while a stream goes on for who behaves.

ORIGIN_CROWD=1: for a minute, 200 readers of one byte a second, 200 that say nothing and 1,000 idle keep-alive
connections; without it a tenth of them, for seconds."""

import concurrent.futures
import contextlib
import os
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import checks
import hls
import players
from processes import require
from real_time import RealTime
from sources import audio, video

WHOLE = os.environ.get("ORIGIN_CROWD") == "1"
READERS, SILENT, IDLE = (200, 200, 1000) if WHOLE else (20, 20, 100)
SECONDS = 60 if WHOLE else 10
BUDGET = 64 << 20
# The short stream is there to its end, for a viewer on a busy machine may fall behind; of the long one the budget would
# not hold more.
WINDOW = 10 if WHOLE else 60
LIVE = f"playlist-type=live linger=-1 segment-duration=1000000000 window={WINDOW}000000000 memory-limit={BUDGET}"
# A segment is more than fits into the buffers of a connection.
ENCODER = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 pass=quant quantizer=20"
# What the budget does not count: connections, and what the pipeline itself comes to need.
MOST_GROWTH = BUDGET + (READERS + SILENT + IDLE) * (32 << 10) + (32 << 20)


class Process:
    def __init__(self, pid):
        self.folder = Path("/proc") / str(pid)

    def descriptors(self):
        return len(list((self.folder / "fd").iterdir()))

    def resident(self):
        line = next(line for line in (self.folder / "status").read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) << 10


class Crowd:
    """Clients that are no good, each with one connection."""

    def __init__(self, port, target):
        self._address = ("127.0.0.1", port)
        self.slow = [self._connect(4096) for _ in range(READERS)]
        self.silent = [self._connect() for _ in range(SILENT)]
        self.idle = [self._connect() for _ in range(IDLE)]
        self.taken = 0
        for one in self.slow:
            self._ask(one, "GET", target)
        self.ask_again()
        self._stop = threading.Event()
        self._trickle = threading.Thread(target=self._read_slowly)
        self._trickle.start()

    def _connect(self, buffer=None):
        one = socket.socket()
        if buffer:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        one.settimeout(hls.PATIENCE)
        one.connect(self._address)
        return one

    @staticmethod
    def _ask(one, method, target):
        one.sendall(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def _read_slowly(self):
        while not self._stop.wait(1):
            for one in self.slow:
                # Who takes too little is cut off in the end.
                with contextlib.suppress(ConnectionError):
                    self.taken += len(one.recv(1))

    def ask_again(self):
        """Who was idle is served on the same connection."""
        for one in self.idle:
            self._ask(one, "HEAD", "/healthz")
        for one in self.idle:
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                received = one.recv(4096)
                if not received:
                    raise AssertionError(f"closed after {answer}")
                answer += received
            if not answer.startswith(b"HTTP/1.1 200 "):
                raise AssertionError(answer.decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._trickle.join()
        for one in [*self.slow, *self.silent, *self.idle]:
            one.close()


class Crowds(RealTime, checks.TestCase):
    def test_stream_goes_on_in_a_crowd(self):
        require("x264enc", "avenc_aac")
        branches = {"video_0": video(ENCODER, SECONDS * 30, live=True, size=(640, 360), pattern="snow"),
                    "audio_0": audio("avenc_aac", SECONDS, live=True)}
        with checks.begun_together(branches, sink=LIVE) as origin, concurrent.futures.ThreadPoolExecutor() as pool:
            presentation = hls.Presentation(origin.url)
            playlist = hls.media_when(presentation.media_url("video_0"), lambda p: len(p.segments) >= 2)
            process = Process(origin.pid)
            descriptors, resident = process.descriptors(), process.resident()
            watched = pool.submit(players.ffprobe, presentation.url, "-live_start_index", "0")
            with Crowd(origin.port, urlsplit(playlist.segments[-1].url).path) as crowd:
                self.assertGreaterEqual(process.descriptors(), descriptors + IDLE)
                while not watched.done():
                    crowd.ask_again()
                    time.sleep(2)
                self.assertLess(process.resident(), resident + MOST_GROWTH)
                self.assertGreater(crowd.taken, READERS)
            streams, complaints = watched.result()
            self.assertEqual(complaints, "")
            for stream in streams:
                track = f"{stream.kind}_0"
                whole = hls.media_when(presentation.media_url(track), lambda p: p.ended).load_segments()
                went_in = self.without_beginning(origin.went_in(track), whole)
                self.assertEqual(len(stream.packets), len(went_in), track)
            end = time.monotonic() + hls.PATIENCE
            while process.descriptors() > descriptors and time.monotonic() < end:
                time.sleep(hls.POLL_SECONDS)
            self.assertLessEqual(process.descriptors(), descriptors)


if __name__ == "__main__":
    checks.main()
