#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The edges of examples/edge between an origin-server with a live presentation and its viewers."""

import itertools
import json
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from urllib.parse import urljoin

import edges
import hls
from daemon import PATIENCE, PROGRAM, Server
from processes import has_element, run
from real_time import RealTime

PUSH = ["-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-c:v", "libx264", "-preset", "ultrafast",
        "-tune", "zerolatency", "-g", "50", "-f", "mp4", "-movflags", "+cmaf+frag_every_frame+delay_moov",
        "-method", "POST"]
PLAYLIST = "/live/video/index.m3u8"
HINT = re.compile(r'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="(\S+/(\d+)\.(\d+)\.m4s)"')
OBJECT = "/show/1.m4s"
VIEWERS = 20
PIECE = b"x" * 10_000
PLAYER = Path(__file__).with_name("play_unverified.py")
# A test that is tried again finds nothing of the time before.
NUMBERS = itertools.count(1)


def new_key():
    lines = run([Path(PROGRAM).with_name("origin-key"), "new"])[0].splitlines()
    return lines[0].removeprefix("key: "), lines[1]


def has_come(playlist, number, part):
    """Whether a playlist has that part, or has gone beyond it."""
    parts = re.findall(r'#EXT-X-PART:.*URI="\S+/(\d+)\.(\d+)\.m4s"', playlist)
    return any((int(its_number), int(its_part)) >= (number, part) for its_number, its_part in parts)


class Upload:
    """An object that is being written, piece by piece."""

    def __init__(self, server, path):
        self.connection = server.connect()
        self.connection.sendall(f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode())

    def send(self, piece):
        self.connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def end(self):
        self.connection.sendall(b"0\r\n\r\n")
        status = self.connection.recv(4096).split()[1]
        self.connection.close()
        return int(status)


class Origin:
    """An origin-server with a listener for playing."""

    def __init__(self, *options):
        self.server = Server("--port=0", "--play-host=127.0.0.1", "--play-port=0", *options)
        pattern = rf"^origin-server: http://127\.0\.0\.1:((?!{self.server.port}/)\d+)/$"
        self.play_port = int(self.server.wait_for(self.server.output, pattern)[1])
        self.root = f"http://127.0.0.1:{self.server.port}"

    def counters(self):
        return json.loads(self.server.get("/api/server"))

    def put(self, path, *options, body="Hello."):
        run(["curl", "-sf", "--data-binary", body, *options, self.root + path])


def origin_with_keys(test):
    """An origin whose one object is read with either of the two keys, and with no other."""
    studio, studio_hash = new_key()
    old, old_hash = new_key()
    new, new_hash = new_key()
    with tempfile.TemporaryDirectory(prefix="origin-e2e-") as folder:
        configuration = Path(folder, "origin.conf")
        configuration.write_text(f"[access]\nopen=/api/\n[key studio]\n{studio_hash}\nrole=readwrite\npaths=/show/\n"
                                 f"[key cdn-1]\n{old_hash}\nrole=read\npaths=/show/\n"
                                 f"[key cdn-2]\n{new_hash}\nrole=read\npaths=/show/\n", encoding="utf-8")
        origin = Origin(f"--config={configuration}")
    test.addCleanup(origin.server.close)
    origin.put(OBJECT, "-H", f"Authorization: Bearer {studio}")
    url = f"http://127.0.0.1:{origin.play_port}{OBJECT}"
    test.assertEqual(run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url])[0], "401")
    return origin, old, new


class CommonTests:
    """What is the same for all edges."""

    edge_class = None

    @classmethod
    def setUpClass(cls):
        if missing := cls.edge_class.missing():
            raise unittest.SkipTest("no " + ", ".join(missing))
        cls.origin = Origin()
        cls.addClassCleanup(cls.origin.server.close)
        encoder = subprocess.Popen(["ffmpeg", "-v", "error", "-nostdin", *PUSH,
                                    cls.origin.root + "/_ingest/live/video.cmfv"])
        cls.addClassCleanup(encoder.wait)
        cls.addClassCleanup(encoder.kill)
        cls.edge = cls.started(cls.origin)
        while '"name":"video"' not in cls.origin.server.get("/api/presentations").decode():
            assert encoder.poll() is None, "ffmpeg has ended"
            time.sleep(0.1)
        hls.media_when(cls.origin.root + PLAYLIST, lambda playlist: len(playlist.segments) >= 3)

    @classmethod
    def started(cls, origin, key=None):
        folder = tempfile.TemporaryDirectory(prefix="origin-e2e-")
        cls.addClassCleanup(folder.cleanup)
        edge = cls.edge_class(Path(folder.name), origin.play_port, key)
        cls.addClassCleanup(edge.close)
        return edge

    def get(self, path, *options):
        answer = self.edge.get(path, *options)
        self.assertEqual((answer.status, answer.version), (200, "2"), answer.body[:500])
        return answer

    def cost(self, use):
        """How many requests the origin has had because of it."""
        before = self.origin.counters()["requests"]
        use()
        return self.origin.counters()["requests"] - before - 1

    def next_part(self):
        """Its path, the number of its segment and its own, and the path of the playlist that will have it."""
        # The edge's may be of a moment ago.
        hint = HINT.search(self.origin.server.get(PLAYLIST).decode())
        path = urljoin(PLAYLIST, hint[1])
        return path, int(hint[2]), int(hint[3]), f"{PLAYLIST}?_HLS_msn={hint[2]}&_HLS_part={hint[3]}"

    def test_forms_of_a_playlist(self):
        for first, second in (([], ["--compressed"]), (["--compressed"], []), (["-H", "Accept-Encoding: br, gzip;q=0"], [])):
            path = f"{PLAYLIST}?nobody-else={len(first)}-{len(second)}"
            for options in (first, second):
                answer = self.get(path, *options)
                self.assertTrue(answer.text.startswith("#EXTM3U\n"))
                self.assertEqual(answer.headers.get("content-encoding"), "gzip" if "--compressed" in options else None)
                self.assertEqual(answer.headers["access-control-allow-origin"], "*")

    def test_ffmpeg_plays(self):
        found = json.loads(run(["ffprobe", "-v", "error", "-tls_verify", "0", "-read_intervals", "%+#100", "-show_entries",
                                "packet=pts_time", "-of", "json", self.edge.root + "/live/index.m3u8"])[0])
        self.assertGreaterEqual(len(found["packets"]), 100)

    def test_gstreamer_plays(self):
        if not has_element("hlsdemux2"):
            self.skipTest("no hlsdemux2")
        run(["/usr/bin/python3", PLAYER, self.edge.root + "/live/index.m3u8", "100"])

    def test_held_playlist(self):
        for _ in range(4):
            _, number, part, playlist = self.next_part()
            self.assertTrue(has_come(self.get(playlist).text, number, part))

    def test_held_part(self):
        path, number, part, playlist = self.next_part()
        body = self.get(path).body
        self.assertTrue(has_come(self.get(playlist).text, number, part))
        self.assertEqual(self.origin.server.get(path), body)

    def test_crowd_that_waits_for_the_same(self):
        _, number, _, _ = self.next_part()
        path = f"{PLAYLIST}?_HLS_msn={number + 1}"
        texts = []
        cost = self.cost(lambda: texts.extend(map(bytes.decode, self.edge.get_at_once(path, VIEWERS))))
        for text in texts:
            self.assertTrue(has_come(text, number + 1, 0))
        if self.edge.collapses:
            self.assertEqual((cost, len(set(texts))), (1, 1))
        # Where they waited each for themselves, the answer has been kept all the same.
        self.assertEqual(self.cost(lambda: self.get(path)), 0)

    def test_crowd_that_waits_for_a_part(self):
        path, _, _, _ = self.next_part()
        bodies = []
        cost = self.cost(lambda: bodies.extend(self.edge.get_at_once(path, VIEWERS)))
        self.assertEqual(set(bodies), {self.origin.server.get(path)})
        if self.edge.collapses:
            self.assertEqual(cost, 1)

    def test_media_is_cached(self):
        segment = hls.media(self.origin.root + PLAYLIST).segments[-1].url.removeprefix(self.origin.root)
        first = self.get(segment).body
        # Nothing depends on what its viewers accept.
        self.assertEqual(self.cost(lambda: self.assertEqual(self.get(segment, "--compressed").body, first)), 0)

    def test_object_that_grows(self):
        path = f"/files/grows-{next(NUMBERS)}.bin"
        upload = Upload(self.origin.server, path)
        upload.send(PIECE)
        # Neither reader waits for the other, nor for the end.
        readers = [subprocess.Popen(self.edge.curl("-N", *options, self.edge.root + path), stdout=subprocess.PIPE)
                   for options in ([], ["--http1.1"])]
        for reader in readers:
            self.addCleanup(reader.communicate)
            self.addCleanup(reader.kill)
        for reader in readers:
            self.assertEqual(reader.stdout.read(len(PIECE)), PIECE)
        upload.send(b"and the end")
        self.assertEqual(upload.end(), 201)
        for reader in readers:
            self.assertEqual(reader.stdout.read(), b"and the end")
            self.assertEqual(reader.wait(PATIENCE), 0)

    def test_what_is_missing_may_come(self):
        # nginx keeps what has a name like the second one.
        paths = [f"/files/{next(NUMBERS)}.txt", f"/files/{next(NUMBERS)}.m4s"]
        for path in paths:
            self.assertEqual(self.edge.get(path).status, 404)
            self.origin.put(path)
        # The origin says one second.
        time.sleep(3)
        for path in paths:
            self.assertEqual(self.get(path).text, "Hello.")

    def test_what_is_for_operators(self):
        for path in ("/", "/metrics", "/api/server", "/api/presentations", "/api/connections"):
            self.assertEqual(self.edge.get(path).status, 404, path)
        self.assertEqual(self.edge.get("/files/written.txt", "--data-binary", "Hello.").status, 405)
        for path in ("/live/", "/api/presentations/live", "/time"):
            self.get(path)

    def test_viewers_are_told_apart_by_their_address(self):
        name = f"counted-{next(NUMBERS)}"
        for number, (options, viewers) in enumerate([([], 1), (["-H", "X-Forwarded-For: 192.0.2.1"], 1),
                                                     (["--interface", "127.0.0.2"], 2)]):
            self.origin.put(f"/{name}/{number}")
            self.get(f"/{name}/{number}", *options)
            self.assertEqual(self.origin.counters()["viewers"][name], viewers)

    def test_key_of_the_edge(self):
        origin, old, new = origin_with_keys(self)
        for key in (old, new):
            edge = self.started(origin, key)
            self.assertEqual(edge.get(OBJECT).text, "Hello.")
            before = origin.counters()["requests"]
            # What viewers show opens nothing, and keeps nothing out of the cache.
            self.assertEqual(edge.get(OBJECT, "-H", "Authorization: Bearer nonsense").text, "Hello.")
            self.assertEqual(edge.get("/elsewhere/1.m4s").status, 403)
            self.assertEqual(origin.counters()["requests"] - before, 2)


class Nginx(CommonTests, RealTime):
    edge_class = edges.Nginx


class Haproxy(CommonTests, RealTime):
    edge_class = edges.Haproxy


class Varnish(CommonTests, RealTime):
    edge_class = edges.Varnish


class TlsForCdn(RealTime):
    def test_each_request_shows_its_own_key(self):
        if missing := edges.HitchAlone.missing():
            self.skipTest("no " + ", ".join(missing))
        origin, old, new = origin_with_keys(self)
        with tempfile.TemporaryDirectory(prefix="origin-e2e-") as folder:
            edge = edges.HitchAlone(Path(folder), origin.play_port)
            self.addCleanup(edge.close)
            for key in (old, new):
                self.assertEqual(edge.get(OBJECT, "-H", f"Authorization: Bearer {key}").text, "Hello.")
                self.assertEqual(edge.get(OBJECT).status, 401)
            edge.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
