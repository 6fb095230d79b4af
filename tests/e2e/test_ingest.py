#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Encoders that push CMAF to an origin-server, and the presentations that players find there."""

import http.client
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import hls
from daemon import PATIENCE, PROGRAM, Server
from processes import require

SECONDS = 9
PICTURES = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=25"]
TONE = ["-f", "lavfi", "-i", "sine=sample_rate=48000"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "50"]
STREAM = ["-f", "mp4", "-movflags", "+cmaf+frag_every_frame+delay_moov", "-method", "POST"]
DASH = ["-f", "dash", "-seg_duration", "2", "-method", "PUT", "-http_persistent", "1"]
FRAGMENTS = "mp4mux fragment-duration=200 streamable=true ! fdsink"


class Ingest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="origin-e2e-")
        self.addCleanup(self.folder.cleanup)

    def serve(self, *options):
        self.server = Server("--port=0", *options)
        self.addCleanup(self.server.close)
        self.root = f"http://127.0.0.1:{self.server.port}"
        self.point = self.root + "/_ingest/live"
        return self.server

    def ffmpeg(self, *arguments):
        process = subprocess.Popen(["ffmpeg", "-v", "error", "-nostdin", *arguments], stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def ends_well(self, process):
        _, said = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, said)

    def playlist_when(self, track, wanted):
        # Before the first picture has come, it is not known that there will be any.
        deadline = time.monotonic() + PATIENCE
        while f'"name":"{track}"' not in self.server.get("/api/presentations").decode():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        return hls.media_when(f"{self.root}/live/{track}/index.m3u8", wanted)

    def check_frames(self, playlist, least):
        """All samples follow each other, but at discontinuities."""
        samples = 0
        for before, segment in zip([None, *playlist.load_segments().real_segments], playlist.real_segments):
            if before and not segment.discontinuity:
                last = before.samples[-1]
                self.assertEqual(segment.samples[0].dts, last.dts + last.duration)
            samples += len(segment.samples)
        self.assertGreaterEqual(samples, least)

    def check_live(self, tracks):
        for track in tracks:
            playlist = self.playlist_when(track, lambda playlist: len(playlist.real_segments) >= 3)
            self.assertFalse(playlist.ended)
            self.assertFalse([segment for segment in playlist.segments if segment.gap or segment.discontinuity])
        self.assertEqual(set(hls.Presentation(self.root + "/live/").tracks), set(tracks))

    def test_streams_of_ffmpeg(self):
        self.serve()
        encoder = self.ffmpeg("-re", *PICTURES, "-re", *TONE, "-t", str(SECONDS), "-map", "0:v", *H264, *STREAM,
                              self.point + "/video.cmfv", "-t", str(SECONDS), "-map", "1:a", "-c:a", "aac", *STREAM,
                              self.point + "/audio.cmfa")
        self.check_live(["video", "audio"])
        self.ends_well(encoder)
        # It says that it has ended.
        self.check_frames(self.playlist_when("video", lambda playlist: playlist.ended), 25 * (SECONDS - 2))
        self.check_frames(self.playlist_when("audio", lambda playlist: playlist.ended), 46 * (SECONDS - 2))

    def test_dash_of_ffmpeg(self):
        for streaming in ([], ["-ldash", "1", "-streaming", "1"]):
            with self.subTest(streaming=streaming):
                self.serve()
                encoder = self.ffmpeg("-re", *PICTURES, "-re", *TONE, *H264, "-c:a", "aac", *DASH, *streaming,
                                      self.point + "/live.mpd")
                self.check_live(["stream0", "stream1"])
                encoder.kill()
                self.assertEqual(self.request("DELETE", "/_ingest/live").status, 200)
                self.check_frames(self.playlist_when("stream0", lambda playlist: playlist.ended), 100)

    def test_pipe_of_gstreamer(self):
        require("x264enc", "mp4mux")
        self.serve()
        source = f"videotestsrc num-buffers={30 * SECONDS} is-live=true ! x264enc tune=zerolatency key-int-max=60"
        pipe = subprocess.Popen(["gst-launch-1.0", "-q", *f"{source} ! {FRAGMENTS}".split()], stdout=subprocess.PIPE)
        sender = subprocess.run(["curl", "-sf", "-T", "-", self.point + "/video.mp4"], stdin=pipe.stdout, check=False,
                                timeout=PATIENCE)
        pipe.stdout.close()
        self.assertEqual(pipe.wait(PATIENCE), 0)
        self.assertEqual(sender.returncode, 0)
        # A stream may go on in another request, unless somebody says that it does not.
        self.assertFalse(self.playlist_when("video", lambda playlist: len(playlist.segments) >= 3).ended)
        self.assertEqual(self.request("DELETE", "/_ingest/live/video.mp4").status, 200)
        self.check_frames(self.playlist_when("video", lambda playlist: playlist.ended), 30 * (SECONDS - 2))

    def test_film_is_there_from_its_first_frame_on(self):
        self.serve()
        query = "?playlist_type=vod&segment_duration=4"
        self.ends_well(self.ffmpeg(*PICTURES, *TONE, "-t", "30", "-map", "0:v", *H264, *STREAM,
                                   f"{self.point}/video.cmfv{query}", "-t", "30", "-map", "1:a", "-c:a", "aac", *STREAM,
                                   f"{self.point}/audio.cmfa{query}"))
        playlist = self.playlist_when("video", lambda playlist: playlist.ended)
        self.assertIn("#EXT-X-PLAYLIST-TYPE:VOD", playlist.text)
        self.assertEqual({segment.duration for segment in playlist.segments[:-1]}, {4.0})
        self.check_frames(playlist, 750)

    def test_encoder_that_is_killed_and_returns(self):
        self.serve()
        for discontinuities in (0, 1):
            encoder = self.ffmpeg("-re", *PICTURES, *H264, *STREAM, self.point + "/video.cmfv")
            playlist = self.playlist_when("video", lambda playlist: (
                len(playlist.real_segments) >= 3 and sum(s.discontinuity for s in playlist.segments) >= discontinuities
                and not playlist.segments[-1].gap))
            self.assertEqual(sum(segment.discontinuity for segment in playlist.segments), discontinuities)
            encoder.send_signal(signal.SIGKILL)
            encoder.wait()

    def request(self, method, path, body=b"", **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in fields.items()})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        return answer

    def test_statuses(self):
        self.serve()
        film = Path(self.folder.name, "film.mp4")
        self.ends_well(self.ffmpeg(*PICTURES, "-t", "3", *H264, *STREAM[:4], str(film)))
        stream = film.read_bytes()
        header = stream[:stream.index(b"moof") - 4]
        media = stream[len(header):]
        video = "/_ingest/live/video.cmfv"
        for status, arguments, reason in [
                (200, ("POST", "/_ingest/live"), ""),
                (200, ("PUT", video), ""),
                (412, ("PUT", video, media), "track 'video' has no CMAF header"),
                (415, ("PUT", video, header, "text/html"), "not text/html"),
                (415, ("PUT", video, header.replace(b"avc1", b"encv")), "encv"),
                (400, ("PUT", video, b"<html><body></body></html>"), "box"),
                (400, ("PUT", video, header[:-1]), "the end comes"),
                (400, ("PUT", video + "?segment_duration=fast"), "segment_duration=fast"),
                (400, ("PUT", "/_ingest/live/a%20b.cmfv"), "name 'a b'"),
                (400, ("PUT", "/_ingest/_live/video.cmfv"), "_live"),
                (404, ("DELETE", "/_ingest/other"), "nothing is pushed to 'other'"),
                (404, ("GET", video), "there is no"),
                (200, ("PUT", video, stream, "video/mp4"), ""),
                (409, ("PUT", "/live/notes.txt", b"x"), "live"),
                (200, ("PUT", "/show/notes.txt", b"x"), ""),
                (200, ("PUT", "/_ingest/show/video.cmfv", header), ""),
                (409, ("PUT", "/_ingest/show/video.cmfv", media), "objects are stored below /show/")]:
            with self.subTest(arguments[:2], reason=reason):
                method, path, body, kind = (*arguments, b"", None)[:4] if len(arguments) < 4 else arguments
                fields = {"Content_Type": kind} if kind else {}
                answer = self.request(method, path, body, **fields)
                # An object is new.
                self.assertEqual(answer.status, 201 if "notes" in path and status == 200 else status, answer.text)
                self.assertIn(reason, answer.text)
        self.assertTrue(hls.media(f"{self.root}/live/video/index.m3u8").ended)

    def test_who_may_push(self):
        made = subprocess.run([str(Path(PROGRAM).with_name("origin-key")), "new"], check=True, capture_output=True,
                              text=True, timeout=PATIENCE).stdout.split()
        configuration = Path(self.folder.name, "origin.conf")
        configuration.write_text(f"[key studio]\n{made[2]}\nrole=publish\npaths=/live/\n[access]\nopen=/\n", encoding="utf-8")
        self.serve(f"--config={configuration}")
        for status, path, fields in [
                (401, "/_ingest/live/video.cmfv", {}),
                (403, "/_ingest/live/video.cmfv", {"Authorization": "Bearer " + "x" * 43}),
                (403, "/_ingest/other/video.cmfv", {"Authorization": "Bearer " + made[1]}),
                (200, "/_ingest/live/video.cmfv", {"Authorization": "Bearer " + made[1]})]:
            with self.subTest(status, path=path):
                self.assertEqual(self.request("POST", path, **fields).status, status)
        target = f"http://studio:{made[1]}@127.0.0.1:{self.server.port}/_ingest/live/video.cmfv"
        encoder = self.ffmpeg("-re", *PICTURES, *H264, *STREAM, target)
        self.check_live(["video"])
        # What is taken back ends what it began.
        configuration.write_text("[key other]\n" + made[2][:-1] + "0\nrole=publish\npaths=/live/\n[access]\nopen=/\n",
                                 encoding="utf-8")
        self.server.signal(signal.SIGHUP)
        encoder.communicate(timeout=PATIENCE)
        self.assertNotEqual(encoder.returncode, 0)

    def test_memory_of_what_breaks_off_is_given_back(self):
        self.serve()
        film = Path(self.folder.name, "film.mp4")
        self.ends_well(self.ffmpeg(*PICTURES, "-t", "2", *H264, *STREAM[:4], str(film)))
        stream = film.read_bytes()
        for _ in range(2):
            for cut in range(0, len(stream), max(1, len(stream) // 100)):
                connection = self.server.connect()
                connection.sendall(b"PUT /_ingest/live/video.cmfv HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                                   + str(len(stream)).encode() + b"\r\n\r\n" + stream[:cut])
                connection.close()
        deadline = time.monotonic() + PATIENCE
        while b'"uploads":0' not in self.server.get("/api/server"):
            self.assertLess(time.monotonic(), deadline)
        self.check_frames(hls.media(f"{self.root}/live/video/index.m3u8"), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
