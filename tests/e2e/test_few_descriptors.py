#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An origin that may open 300 files, and somebody with more bad connections than that leaves room for: who behaves is
served all the same. From another address, however often the bad ones come again: each request, and a player to its last
frame. From the same address: as soon as the origin can tell who does not read from who has only just begun."""

import concurrent.futures
import contextlib
import itertools
import socket
import threading
import urllib.request
from urllib.parse import urlsplit

import checks
import hls
import players
from processes import require
from real_time import RealTime
from sources import audio, video

DESCRIPTORS = 300
CONNECTIONS = 200
VISITS = 60
SECONDS_TO_TELL = 2
SECONDS = 30
LIVE = "playlist-type=live linger=-1 segment-duration=1000000000 window=60000000000"
REFUSED = b"HTTP/1.1 503"
# A segment is more than fits into the buffers of a connection.
ENCODER = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 pass=quant quantizer=20"


class Bad:
    """One client that keeps the origin waiting. What it does once a second is in `tick`."""

    receive_buffer = None

    def __init__(self, source, address, target):
        self.target = target
        self.socket = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET)
        if self.receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        self.socket.settimeout(hls.PATIENCE)
        self.socket.bind((source, 0))
        self.socket.connect(address)
        self.socket.setblocking(False)
        self.begin()

    def begin(self):
        pass

    def tick(self):
        """Whether the origin still puts up with it. Raises BlockingIOError if nothing has come."""
        return self.socket.recv(len(REFUSED)) not in (b"", REFUSED)


class Silent(Bad):
    pass


class HalfSent(Bad):
    def begin(self):
        self.socket.sendall(b"GET / HTTP/1.1\r\nHost: local")


class SlowSender(Bad):
    def begin(self):
        self._rest = iter("GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + "a" * 1000)

    def tick(self):
        self.socket.sendall(next(self._rest).encode())
        return super().tick()


class SlowReader(Bad):
    receive_buffer = 4096

    def begin(self):
        self.socket.sendall(f"GET {self.target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self._begun = False

    def tick(self):
        if not self._begun:
            self._begun = super().tick()
            return self._begun
        return self.socket.recv(1) != b""


class Attack:
    """Connections of several kinds from one address. If `stubborn`, those that the origin closes come again."""

    def __init__(self, kinds, stubborn, *where):
        self.lost = 0
        self._stubborn = stubborn
        self._where = where
        self._seconds = threading.Semaphore(0)
        self._clients = [self._come(kind) for kind, _ in zip(itertools.cycle(kinds), range(CONNECTIONS))]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on)
        self._thread.start()

    def _come(self, kind):
        while True:
            with contextlib.suppress(ConnectionError):
                return kind(*self._where)

    def _go_on(self):
        while not self._stop.wait(1):
            for index, client in enumerate(self._clients):
                if client.socket.fileno() >= 0 and not self._tick(client):
                    self.lost += 1
                    client.socket.close()
                    if self._stubborn:
                        self._clients[index] = self._come(type(client))
            self._seconds.release()

    @staticmethod
    def _tick(client):
        try:
            return client.tick()
        except BlockingIOError:
            return True
        except ConnectionError:
            return False

    def last(self, seconds):
        """Waits until it has lasted that long."""
        for _ in range(seconds):
            self._seconds.acquire()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        for client in self._clients:
            client.socket.close()


class FewDescriptors(RealTime, checks.TestCase):
    def check(self, host, bad, good):
        """`bad` and `good` are the addresses that clients connect from, and `good` the one that they connect to."""
        require("x264enc", "avenc_aac")
        branches = {"video_0": video(ENCODER, SECONDS * 30, live=True, size=(640, 360), pattern="snow"),
                    "audio_0": audio("avenc_aac", SECONDS, live=True)}
        with (checks.begun_together(branches, sink=f"{LIVE} host={host}", descriptors=DESCRIPTORS) as origin,
              concurrent.futures.ThreadPoolExecutor() as pool):
            url = f"http://{f'[{good}]' if ':' in good else good}:{origin.port}{urlsplit(origin.url).path}"
            presentation = hls.Presentation(url)
            playlist = hls.media_when(presentation.media_url("video_0"), lambda p: len(p.segments) >= 2)
            watched = pool.submit(players.ffprobe, presentation.url, "-live_start_index", "0")
            target = urlsplit(playlist.segments[-1].url).path
            address = (bad if ":" in bad else good, origin.port)
            for kinds in ([Silent], [HalfSent], [SlowSender], [SlowReader], [Silent, HalfSent, SlowSender, SlowReader]):
                with (self.subTest([kind.__name__ for kind in kinds]),
                      Attack(kinds, bad != good, bad, address, target) as attack):
                    if bad == good:
                        attack.last(SECONDS_TO_TELL)
                    self.visit(playlist.url)
                    self.assertGreater(attack.lost, 0)
            streams, complaints = watched.result()
            if bad == good:
                return
            self.assertEqual(complaints, "")
            for stream in streams:
                url = presentation.media_url(f"{stream.kind}_0")
                there = hls.media_when(url, lambda p: p.ended).load_segments()
                samples = sum(len(segment.samples) for segment in there.real_segments)
                self.assertEqual(len(stream.packets), samples, stream.kind)

    def visit(self, url):
        """A new connection for each request."""
        pause = threading.Event()
        for _ in range(VISITS):
            with urllib.request.urlopen(url, timeout=hls.PATIENCE) as response:
                self.assertGreater(len(response.read()), 0)
            pause.wait(0.05)

    def test_bad_connections_of_another_address(self):
        self.check("127.0.0.1", "127.0.0.2", "127.0.0.1")

    def test_bad_connections_of_the_same_address(self):
        self.check("127.0.0.1", "127.0.0.1", "127.0.0.1")

    def test_bad_connections_over_ipv6(self):
        self.check("::", "::1", "127.0.0.1")

    def test_bad_connections_of_the_same_address_over_ipv6(self):
        self.check("::", "::1", "::1")


if __name__ == "__main__":
    checks.main()
