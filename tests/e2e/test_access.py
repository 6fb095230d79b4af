#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys of an origin-server: made by origin-key, shown by curl and ffmpeg, taken back by SIGHUP."""

import json
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import daemon

KEY_TOOL = str(Path(daemon.PROGRAM).with_name("origin-key"))
SECRET = "0123456789abcdef0123456789abcdef"
RECIPE = r"""signed=v1.cdn.4000000000.$(printf /show/ | basenc --base64url -w0 | tr -d =)
printf %s "$signed" | openssl dgst -sha256 -hmac SECRET -binary | basenc --base64url -w0 | tr -d = | sed "s/^/$signed./"
"""


def output_of(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=daemon.PATIENCE, **options).stdout


def new_key():
    key, line = re.fullmatch(r"key: (\S{43})\n(hash=sha256:[0-9a-f]{64})\n", output_of(KEY_TOOL, "new")).groups()
    assert output_of(KEY_TOOL, "hash", input=key + "\n") == line + "\n"
    return key, line


class Access(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = Path(self.folder.name, "origin.conf")
        self.studio, studio_hash = new_key()
        self.viewer, viewer_hash = new_key()
        self.studio_group = f"[key studio]\n{studio_hash}\nrole=readwrite\npaths=/show/\n"
        self.rest = (f"[access]\nopen=/free/\n[key viewer]\n{viewer_hash}\nrole=read\npaths=/show/\n"
                     f"[signing-key cdn]\nsecret={SECRET}\nrole=read\npaths=/show/\n")
        self.file.write_text(self.studio_group + self.rest, encoding="utf-8")
        self.server = daemon.Server(f"--config={self.file}", "--port=0")
        self.addCleanup(self.server.close)
        self.root = f"http://127.0.0.1:{self.server.port}"

    def status(self, *arguments):
        return int(output_of("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *arguments))

    def put(self, path, *arguments, body="Hello."):
        file = Path(self.folder.name, "body")
        file.write_text(body, encoding="utf-8")
        return self.status("-T", str(file), *arguments, self.root + path)

    def test_curl(self):
        self.assertEqual(self.put("/show/a"), 401)
        self.assertEqual(self.put("/show/a", "-H", f"Authorization: Bearer {self.viewer}"), 403)
        self.assertEqual(self.put("/show/a", "-u", f"anybody:{self.studio}"), 201)
        self.assertEqual(self.put("/show/a", "-H", f"Authorization: {self.studio}"), 200)
        self.assertEqual(self.put("/elsewhere/a", "-u", f"anybody:{self.studio}"), 403)
        self.assertEqual(self.status(f"{self.root}/show/a"), 401)
        self.assertEqual(self.status(f"{self.root}/show/a?token={self.viewer}"), 200)
        self.assertEqual(self.status(f"{self.root}/_token/{self.viewer}/show/a"), 200)
        self.assertEqual(self.status(f"{self.root}/show/a?token={'x' * 43}"), 403)

    def test_tokens_are_the_same_however_they_are_made(self):
        self.assertEqual(self.put("/show/a", "-u", f":{self.studio}"), 201)
        recipe = output_of("sh", "-c", RECIPE.replace("SECRET", SECRET)).strip()
        self.assertEqual(self.status(f"{self.root}/_token/{recipe}/show/a"), 200)
        self.assertEqual(self.status(f"{self.root}/_token/{recipe[:-1]}A/show/a"), 403)
        made = output_of(KEY_TOOL, "sign", f"--config={self.file}", "--key=cdn", "--path=/show/", "--for=60s").strip()
        self.assertEqual(self.status(f"{self.root}/_token/{made}/show/a"), 200)
        short = output_of(KEY_TOOL, "sign", f"--config={self.file}", "--key=cdn", "--path=/show/", "--for=1").strip()
        time.sleep(2)
        self.assertEqual(self.status(f"{self.root}/_token/{short}/show/a"), 403)

    def test_ffmpeg_pushes_with_a_password_and_plays_with_a_token(self):
        target = f"http://studio:{self.studio}@127.0.0.1:{self.server.port}/show/index.m3u8"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=4:rate=25", "-c:v", "libx264",
                        "-g", "25", "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", "-method", "PUT",
                        "-auth_type", "basic", target], check=True, timeout=daemon.PATIENCE)
        token = output_of(KEY_TOOL, "sign", f"--config={self.file}", "--key=cdn", "--path=/show/", "--for=60s").strip()
        probed = output_of("ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets",
                           "-of", "json", f"{self.root}/_token/{token}/show/index.m3u8")
        self.assertEqual(json.loads(probed)["streams"][0]["nb_read_packets"], "100")

    def test_key_that_is_taken_back(self):
        self.assertEqual(self.put("/show/a", "-u", f":{self.studio}"), 201)
        upload = self.server.connect()
        self.addCleanup(upload.close)
        upload.sendall(f"PUT /show/long HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.studio}\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n".encode())
        self.file.write_text(self.rest, encoding="utf-8")
        self.server.signal(signal.SIGHUP)
        self.server.wait_for(self.server.log, "1 keys, 1 signing keys, 0 token keys")
        self.assertIn(b" 403 ", upload.recv(4096))
        self.assertEqual(self.put("/show/a", "-u", f":{self.studio}"), 403)
        self.assertEqual(self.status(f"{self.root}/show/a?token={self.viewer}"), 200)
        self.assertEqual(self.status(f"{self.root}/show/long?token={self.viewer}"), 404)

    def tearDown(self):
        self.server.signal(signal.SIGTERM)
        self.assertEqual(self.server.ended(), 0)
        for secret in (self.studio, self.viewer, SECRET):
            self.assertNotIn(secret, "\n".join(self.server.output + self.server.log))


if __name__ == "__main__":
    unittest.main()
