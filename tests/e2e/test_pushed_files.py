#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Encoders that push what they write as files, over HTTP, and players that play it from there."""

import http.client
import json
import subprocess
import time
import unittest
import urllib.parse

from daemon import PATIENCE, Server
from processes import require

PICTURES = ["-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25"]
TONE = ["-f", "lavfi", "-i", "sine"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25"]
SECONDS = 7


def ffmpeg(*arguments):
    return subprocess.Popen(["ffmpeg", "-v", "error", "-nostdin", *arguments], stderr=subprocess.PIPE, text=True)


def probe(url):
    """The codecs that a player finds, and how long it finds them."""
    found = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_entries", "stream=codec_name:format=duration",
                            url], capture_output=True, text=True, timeout=PATIENCE, check=True)
    document = json.loads(found.stdout)
    return {stream["codec_name"] for stream in document["streams"]}, float(document["format"].get("duration", 0))


class PushedFiles(unittest.TestCase):
    def setUp(self):
        self.server = Server("--port", "0")
        self.addCleanup(self.server.close)
        self.base = f"http://127.0.0.1:{self.server.port}/show"

    def keys(self, prefix=""):
        listing = json.loads(self.server.get("/show/?prefix=" + urllib.parse.quote(prefix)))
        return {item["key"]: item for item in listing["objects"]}

    def wait_for(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def ends_well(self, process):
        _, said = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, said)

    def test_hls_of_ffmpeg(self):
        encoder = ffmpeg(*PICTURES, *TONE, "-t", str(SECONDS), *H264, "-c:a", "aac", "-f", "hls", "-hls_time", "1",
                         "-hls_list_size", "3", "-hls_flags", "delete_segments", "-hls_segment_type", "fmp4",
                         "-method", "PUT", "-http_persistent", "1", self.base + "/live.m3u8")
        self.wait_for(lambda: self.keys("live2"))
        self.assertEqual(probe(self.base + "/live.m3u8")[0], {"h264", "aac"})
        self.ends_well(encoder)
        keys = self.keys()
        self.assertEqual(keys["live.m3u8"]["content_type"], "application/vnd.apple.mpegurl")
        playlist = self.server.get("/show/live.m3u8").decode()
        listed = [line for line in playlist.splitlines() if line and not line.startswith("#")]
        self.assertTrue(set(listed) <= set(keys), (listed, keys))
        # What has left the playlist for a while is deleted.
        self.assertNotIn("live0.m4s", keys)
        self.assertAlmostEqual(probe(self.base + "/live.m3u8")[1], len(listed), delta=0.5)

    def test_low_latency_dash_of_ffmpeg_is_read_while_it_is_pushed(self):
        encoder = ffmpeg(*PICTURES, "-t", str(SECONDS), *H264, "-b:v", "300k", "-f", "dash", "-ldash", "1", "-streaming", "1",
                         "-seg_duration", "2", "-frag_type", "duration", "-frag_duration", "0.2", "-use_template", "1",
                         "-use_timeline", "0", "-utc_timing_url", f"http://127.0.0.1:{self.server.port}/time", "-write_prft", "1",
                         "-method", "PUT", "-http_persistent", "1", self.base + "/live.mpd")
        self.wait_for(lambda: self.keys("chunk-stream0-00001"))
        growing = "chunk-stream0-00002.m4s"
        reader = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        self.addCleanup(reader.close)
        while True:
            reader.request("GET", "/show/" + growing)
            answer = reader.getresponse()
            if answer.status == 200:
                break
            answer.read()
            time.sleep(0.05)
        # The answer has begun before the object is whole.
        early = growing not in self.keys("chunk")
        content = answer.read()
        self.assertTrue(early)
        self.assertEqual(answer.getheader("Transfer-Encoding"), "chunked")
        self.ends_well(encoder)
        self.assertEqual(content, self.server.get("/show/" + growing))
        self.assertEqual(self.keys("live.mpd")["live.mpd"]["content_type"], "application/dash+xml")

    def test_souphttpclientsink(self):
        # A request for each buffer: a picture is one.
        require("souphttpclientsink", "jpegenc")
        subprocess.run(["gst-launch-1.0", "-q", *"videotestsrc num-buffers=3 ! jpegenc ! souphttpclientsink".split(),
                        f"location={self.base}/picture.jpg"], check=True, timeout=PATIENCE)
        self.assertEqual(self.keys()["picture.jpg"]["content_type"], "image/jpeg")
        self.assertEqual(probe(self.base + "/picture.jpg")[0], {"mjpeg"})

    def test_curl(self):
        subprocess.run(["curl", "-sf", "-T", __file__, self.base + "/test.py"], check=True, timeout=PATIENCE)
        with open(__file__, "rb") as file:
            self.assertEqual(self.server.get("/show/test.py"), file.read())


if __name__ == "__main__":
    unittest.main(verbosity=2)
