#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""originsink location=…: the presentation is at another server, as if it had been made there.

PUBLISH_OUTAGE=20 has the connection away for 20 s.
"""

import os
import select
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import hls
from daemon import PATIENCE, PROGRAM, Server
from processes import Pipeline, require
from sources import audio, video

OUTAGE = float(os.environ.get("PUBLISH_OUTAGE", 4))
ENCODER = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=1000 bitrate=300"


class Link:
    """A TCP proxy on loopback that can be cut."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs, self.up, self.over = [], True, False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.over:
            sockets = [self.listener, *(one for pair in self.pairs for one in pair)]
            for ready in select.select(sockets, [], [], 0.05)[0]:
                if ready is self.listener:
                    self._accept()
                else:
                    self._pass(ready)
            if not self.up:
                self._cut()
        self._cut()
        self.listener.close()

    def _accept(self):
        client = self.listener.accept()[0]
        if self.up:
            self.pairs.append((client, socket.create_connection(("127.0.0.1", self.target))))
        else:
            client.close()

    def _pass(self, ready):
        pair = next((pair for pair in self.pairs if ready in pair), None)
        if not pair:
            return
        try:
            data = ready.recv(1 << 16)
            pair[pair[0] is ready].sendall(data)
        except OSError:
            data = b""
        if not data:
            self.pairs.remove(pair)
            for one in pair:
                one.close()

    def _cut(self):
        for pair in self.pairs:
            for one in pair:
                one.close()
        self.pairs = []

    def close(self):
        self.over = True
        self.thread.join()


class Publish(unittest.TestCase):
    def setUp(self):
        require("x264enc", "avenc_aac")
        self.folder = tempfile.TemporaryDirectory(prefix="origin-e2e-")
        self.addCleanup(self.folder.cleanup)

    def serve(self, *options):
        self.server = Server("--port=0", *options)
        self.addCleanup(self.server.close)
        return f"http://127.0.0.1:{self.server.port}"

    def publish(self, sink, *feeds):
        pipeline = Pipeline(f"originsink name=o {sink} " + " ".join(f"{feed} ! queue ! o." for feed in feeds))
        self.addCleanup(pipeline.kill)
        return pipeline

    def live(self, frames=-1):
        sound = audio("avenc_aac", -1 if frames < 0 else frames / 30, live=True)
        return video(ENCODER, frames, live=True), sound + " ! taginject tags=language-code=de,title=Kommentar"

    def playlist_when(self, track, wanted):
        deadline = time.monotonic() + PATIENCE
        while f'"name":"{track}"' not in self.server.get("/api/presentations").decode():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        return hls.media_when(f"http://127.0.0.1:{self.server.port}/live/{track}/index.m3u8", wanted)

    def check_media(self, playlist):
        """Samples follow each other in all that is there, but for holes."""
        before = None
        samples = 0
        playlist.load_segments()
        for segment in playlist.segments:
            if segment.gap:
                before = None
                continue
            if before and not segment.discontinuity:
                self.assertEqual(segment.samples[0].dts, before.samples[-1].dts + before.samples[-1].duration)
            before = segment
            samples += len(segment.samples)
        return samples

    def test_live(self):
        root = self.serve()
        with self.publish(f"location={root}", *self.live(frames=270)) as pipeline:
            pipeline.wait_for(f"originsink: {root}/live/")
            for track in ("video_0", "audio_0"):
                playlist = self.playlist_when(track, lambda playlist: len(playlist.real_segments) >= 3)
                self.assertEqual(playlist.target, 2)
                self.assertIn("#EXT-X-PART-INF", playlist.text)
                self.assertFalse([s for s in playlist.segments if s.gap or s.discontinuity], playlist.text)
                for segment in playlist.segments[1:]:
                    self.assertAlmostEqual(segment.date % 2, 0, delta=0.05) if segment.date % 2 < 1 else (
                        self.assertAlmostEqual(segment.date % 2, 2, delta=0.05))
            sound = hls.Presentation(f"{root}/live/").renditions["audio_0"]
            self.assertEqual((sound["LANGUAGE"], sound["NAME"]), ("de", "Kommentar"))
            pipeline.wait()
        for track in ("video_0", "audio_0"):
            playlist = self.playlist_when(track, lambda playlist: playlist.ended)
            self.assertGreater(self.check_media(playlist), 200)

    def test_connection_that_drops(self):
        root = self.serve()
        link = Link(self.server.port)
        self.addCleanup(link.close)
        with self.publish(f"location=http://127.0.0.1:{link.port} segment-duration=1000000000", *self.live()) as pipeline:
            self.playlist_when("video_0", lambda playlist: len(playlist.real_segments) >= 3)
            link.up = False
            pipeline.wait_for("nothing is taken by")
            time.sleep(OUTAGE)
            link.up = True
            cut = time.time()
            for track in ("video_0", "audio_0"):
                playlist = self.playlist_when(track, lambda playlist: (
                    [s for s in playlist.real_segments if s.date > cut + 1] and not playlist.segments[-1].gap))
                numbers = [segment.number for segment in playlist.segments]
                self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
                self.check_media(playlist)
            self.assertTrue(pipeline.running())

    def test_server_that_is_started_again(self):
        root = self.serve()
        with self.publish(f"location={root}", *self.live()) as pipeline:
            self.playlist_when("video_0", lambda playlist: len(playlist.real_segments) >= 2)
            port = self.server.port
            self.server.close()
            self.server = Server(f"--port={port}")
            self.addCleanup(self.server.close)
            playlist = self.playlist_when("video_0", lambda playlist: len(playlist.real_segments) >= 3)
            self.assertFalse(playlist.segments[-1].gap)
            self.assertTrue(pipeline.running())

    def test_key(self):
        made = subprocess.run([str(Path(PROGRAM).with_name("origin-key")), "new"], check=True, capture_output=True,
                              text=True, timeout=PATIENCE).stdout.split()
        configuration = Path(self.folder.name, "origin.conf")
        configuration.write_text(f"[key studio]\n{made[2]}\nrole=publish\npaths=/live/\n[access]\nopen=/\n", encoding="utf-8")
        root = self.serve(f"--config={configuration}")
        with self.publish(f"location={root} api-key=wrong", *self.live()) as pipeline:
            pipeline.wait_for("does not take it: .*40[13]")
            self.assertNotIn("api-key=wrong", "\n".join(pipeline.lines))
        with self.publish(f"location={root} api-key={made[1]}", *self.live()):
            self.playlist_when("video_0", lambda playlist: len(playlist.real_segments) >= 2)

    def test_film_loses_nothing(self):
        root = self.serve()
        with self.publish(f"location={root} playlist-type=vod", video(ENCODER, 3000), audio("avenc_aac", 100)) as pipeline:
            pipeline.wait()
        playlist = self.playlist_when("video_0", lambda playlist: playlist.ended)
        self.assertEqual(self.check_media(playlist), 3000)
        self.assertGreaterEqual(self.check_media(self.playlist_when("audio_0", lambda playlist: playlist.ended)), 4687)

    def test_location_that_cannot_be(self):
        with self.publish("location=ftp://127.0.0.1/", *self.live()) as pipeline:
            pipeline.wait_for("ftp://127.0.0.1/")
            pipeline.wait()


if __name__ == "__main__":
    unittest.main(verbosity=2)
