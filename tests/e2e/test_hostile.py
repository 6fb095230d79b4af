#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fifty and more hostile requests for each feature of an origin-server: a clear status, nothing lost, and afterwards the
memory that there was. HOSTILE_UPLOADS=1000 is how many uploads are left half open (200)."""

import base64
import hashlib
import hmac
import http.client
import itertools
import json
import os
import random
import re
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from daemon import PATIENCE, PROGRAM, Server

KEY_TOOL = str(Path(PROGRAM).with_name("origin-key"))
SECRET = "0123456789abcdef0123456789abcdef"
JWT_SECRET = b"another secret of thirty-two bytes"
HALF_OPEN = int(os.environ.get("HOSTILE_UPLOADS", "200"))
LEAST = 50  # of each feature
GOOD = b"A good object that stays as it is."


def encoded(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).decode().rstrip("=")


def jwt(claims, header=None, secret=JWT_SECRET):
    signed = f"{encoded(header or {'alg': 'HS256', 'kid': 'a'})}.{encoded(claims)}"
    return f"{signed}.{encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def signed_url(path="/show/", expiry=4_000_000_000, key="cdn", secret=SECRET):
    signed = f"v1.{key}.{expiry}.{encoded(path.encode())}"
    return f"{signed}.{encoded(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="origin-e2e-")
        cls.addClassCleanup(cls.folder.cleanup)
        made = subprocess.run([KEY_TOOL, "new"], capture_output=True, text=True, check=True, timeout=PATIENCE).stdout
        cls.key, line = re.fullmatch(r"key: (\S+)\n(hash=\S+)\n", made).groups()
        keys = Path(cls.folder.name, "keys.json")
        keys.write_text(json.dumps({"keys": [{"kty": "oct", "kid": "a", "alg": "HS256", "k": encoded(JWT_SECRET)}]}),
                        encoding="utf-8")
        file = Path(cls.folder.name, "origin.conf")
        file.write_text(f"[access]\nopen=/free/\njwks-file=keys.json\nmax-failures=1000000\n"
                        f"[key boss]\n{line}\nrole=admin\npaths=/\n"
                        f"[signing-key cdn]\nsecret={SECRET}\nrole=read\npaths=/show/\n"
                        "[namespace small]\nmax-objects=10\nmax-bytes=10000\n", encoding="utf-8")
        cls.server = Server("--port=0", "--memory-limit=64M", f"--config={file}")
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.asked = 0
        self.assertIn(self.put("/show/good", GOOD), (200, 201))
        self.before = self.status()["memory"]["used"]

    def tearDown(self):
        self.assertGreaterEqual(self.asked, LEAST)
        self.assertEqual(self.get("/show/good"), (200, GOOD))
        deadline = time.monotonic() + PATIENCE
        while True:
            status = self.status()
            if status["uploads"] == 0 and abs(status["memory"]["used"] - self.before) < 64 * 1024:
                break
            self.assertLess(time.monotonic(), deadline, status)
            time.sleep(0.1)

    def request(self, method, path, body=None, headers=None, key=True):
        self.asked += 1
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        credential = {"Authorization": f"Bearer {self.key}"} if key else {}
        connection.request(method, path, body=body, headers={**credential, **(headers or {})})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def put(self, path, body, **options):
        return self.request("PUT", path, body=body, **options)[0]

    def status(self):
        return json.loads(self.get("/api/server")[1])

    def connect(self):
        return self.server.connect()

    def raw(self, data):
        """The status that bytes on a connection of their own get; None: it is closed without one."""
        self.asked += 1
        with self.connect() as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while piece := connection.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass
        match = re.match(rb"HTTP/1\.[01] (\d{3}) ", answer)
        return int(match[1]) if match else None

    def head(self, line, *fields):
        credential = f"Authorization: Bearer {self.key}"
        return "\r\n".join([line, "Host: a", credential, *fields, "", ""]).encode("latin-1")

    def check_refused(self, status, what):
        self.assertTrue(status is None or 400 <= status < 600 and status not in (500, 502), (status, what))

    def test_paths_that_climb(self):
        steps = ["..", ".", "%2e%2e", "%2E%2e", ".%2e", "%2e", "..%2f..", "%2e%2e%2f", "..%5c", "%c0%ae%c0%ae", "%00", "a%00b",
                 "%0d%0aX: 1", "a%0ab", "%ff", "%", "%2", "%zz", "\\..\\", "..;"]
        for step, method in itertools.product(steps, ("GET", "PUT", "DELETE")):
            for path in (f"/show/{step}/good", f"/{step}/show/good"):
                fields = ["Content-Length: 1"] if method == "PUT" else []
                status = self.raw(self.head(f"{method} {path} HTTP/1.1", *fields) + (b"x" if fields else b""))
                # A name that only looks so is a name; it is given back.
                if status == 201:
                    self.raw(self.head(f"DELETE {path} HTTP/1.1"))
                else:
                    self.check_refused(status, (method, path))
        names = [item["key"] for item in json.loads(self.get("/api/objects")[1])["objects"]]
        self.assertEqual(names, ["show/good"])

    def test_heads_that_are_none(self):
        good = "GET /show/good HTTP/1.1"
        fields = ["X: a\nY: b", "X: a\rY: b", "X: \0", "X : a", " X: a", "X\t: a", "X", ": a", "X(: a", "Content-Length: -1",
                  "Content-Length: 1e3", "Content-Length: 99999999999999999999", "Content-Length: 1\r\nContent-Length: 2",
                  "Content-Length: 1, 2", "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip",
                  "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked\r\n folded",
                  "Host: b", "Host: a, b", "X: " + "a" * 17_000, "\r\n".join(f"X-{i}: a" for i in range(101)),
                  "Expect: a miracle", "X: \x7f\x01"]
        lines = ["GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP/9.9", "GET / HTTP/1", "G\0T / HTTP/1.1",
                 "GET /\x01 HTTP/1.1", "GET /a b HTTP/1.1", "GET /#a HTTP/1.1", "/ HTTP/1.1", "GET " + "/" * 5000 + " HTTP/1.1",
                 "A" * 20_000, "GET http:///a HTTP/1.1", "GET http://a:b/ HTTP/1.1", "CONNECT a:1 HTTP/1.1", "TRACE / HTTP/1.1",
                 "PATCH /show/good HTTP/1.1", "PRI * HTTP/2.0", "GET ftp://a/b HTTP/1.1", "gET /show/good HTTP/1.1"]
        requests = [self.head(good, field) for field in fields] + [self.head(line) for line in lines]
        requests += [b"\x16\x03\x01\x02\x00\x01", b"\0" * 100, b"\xff" * 5000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\n" * 100]
        requests += [self.head(good)[:cut] for cut in range(1, 60, 7)]
        for data in requests:
            self.check_refused(self.raw(data), data[:200])

    def test_tokens_that_are_none(self):
        good = jwt({"sub": "v", "exp": 4_000_000_000, "paths": ["/show/"]})
        self.assertEqual(self.get(f"/show/good?token={good}", key=False), (200, GOOD))
        self.assertEqual(self.get(f"/show/good?token={signed_url()}", key=False), (200, GOOD))
        claims = {"sub": "v", "exp": 4_000_000_000, "paths": ["/show/"]}
        header, body, signature = good.split(".")
        bad = [jwt({**claims, "exp": 1}), jwt({**claims, "nbf": 4_000_000_000}), jwt({**claims, "aud": "others"}),
               jwt({**claims, "paths": ["/other/"]}), jwt({**claims, "paths": 1}), jwt({**claims, "paths": []}), jwt({**claims, "exp": "never"}),
               jwt({"sub": "v", "paths": ["/show/"]}), jwt(claims, secret=b"guessed"), jwt(claims, {"alg": "HS256", "kid": "b"}),
               jwt(claims, {"alg": "HS256"}, secret=b""), jwt(claims, {"kid": "a"}), jwt([]), jwt("a"),
               f"{header}.{body}", f"{header}.{body}.", f"{header}..{signature}", f".{body}.{signature}", "..", "...", "a.b.c",
               f"{header}.{body}.{signature}.{signature}", f"{header}.{encoded({**claims, 'paths': ['/']})}.{signature}",
               good + "=", good.replace("-", "+"), "v1", "v1.cdn", "v1....", self.key[:-1], self.key + "a", self.key[::-1],
               "Bearer", "null", "undefined", "A" * 3000]
        bad += [jwt(claims, {"alg": alg, "kid": "a"}) for alg in ("none", "None", "NONE", "HS384", "RS256", "ES256", "EdDSA", "")]
        bad += [f"{encoded({'alg': alg, 'kid': 'a'})}.{body}." for alg in ("none", "nOnE")]
        bad += [good[:cut] for cut in range(1, len(good), len(good) // 8)]
        bad += [signed_url(secret="x" * 32), signed_url(expiry=1), signed_url(path="/"), signed_url(key="none"),
                signed_url(path="/show/..") , signed_url()[:-2], signed_url() + "A",
                signed_url().replace("v1.", "v2."), signed_url().replace("4000000000", "4000000001"),
                signed_url().replace(encoded(b"/show/"), encoded(b"/"))]
        # What was replaced may not have been there.
        for token in set(bad) - {good, signed_url()}:
            for path, headers in ((f"/show/good?token={token}", {}), ("/show/good", {"Authorization": f"Bearer {token}"})):
                status, body = self.get(path, headers=headers, key=False)
                if token in ("v1", "A" * 3000) and status == 400:
                    continue
                allowed = signed_url(path="/") == token and status == 200
                self.assertTrue(allowed or status in (401, 403), (token, status))
                self.assertNotIn(JWT_SECRET, body)
        for method in ("PUT", "DELETE"):
            self.assertEqual(self.request(method, f"/show/good?token={good}", body="x", key=False)[0], 403)

    def test_uploads_that_break_off(self):
        chunked = self.head("PUT /show/good HTTP/1.1", "Transfer-Encoding: chunked") + b"5\r\nabcde\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"
        sized = self.head("PUT /show/good HTTP/1.1", "Content-Length: 40") + b"b" * 40
        for whole in (chunked, sized):
            begin = whole.index(b"\r\n\r\n")
            for cut in [*range(1, begin, 29), *range(begin, len(whole) - 1)]:
                self.raw(whole[:cut])
        self.assertEqual(self.get("/show/good"), (200, GOOD))
        for body in (b"zz\r\n", b"-1\r\n", b"FFFFFFFFFFFFFFFFF\r\n", b"5 \r\nabcde\r\n", b"5\r\nabcdeX", b"5\nabcde\n", b"0x5\r\n", b"\r\n"):
            self.check_refused(self.raw(self.head("PUT /show/good HTTP/1.1", "Transfer-Encoding: chunked") + body), body)
        self.assertEqual(self.put("/show/new", None, headers={"Content-Length": str(65 << 20)}), 413)

    def test_uploads_that_are_left_open(self):
        connections = []
        for number in range(HALF_OPEN):
            connection = self.connect()
            connection.sendall(self.head(f"PUT /show/half-{number} HTTP/1.1", "Content-Length: 1000000") + b"x" * 100)
            connections.append(connection)
            self.asked += 1
        deadline = time.monotonic() + PATIENCE
        while self.status()["uploads"] < HALF_OPEN:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertEqual(self.put("/show/other", b"served as ever"), 201)
        self.assertEqual(self.request("DELETE", "/show/other")[0], 200)
        for connection in connections:
            connection.close()

    def test_writers_of_one_name(self):
        bodies = [bytes([65 + i]) * 20_000 for i in range(4)]
        seen = set()

        def write(body):
            for _ in range(15):
                seen.add(self.put("/show/race", body))

        def delete():
            for _ in range(15):
                seen.add(self.request("DELETE", "/show/race")[0])

        def read():
            for _ in range(30):
                status, body = self.get("/show/race")
                seen.add((status, status != 200 or body in bodies))

        threads = [threading.Thread(target=write, args=(body,)) for body in bodies]
        threads += [threading.Thread(target=delete), threading.Thread(target=read)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # An answer that went along with an upload that lost its name is whole, too.
        self.assertLessEqual(seen, {200, 201, 404, (200, True), (404, True)})
        self.request("DELETE", "/show/race")

    def test_quota_that_is_overrun(self):
        statuses = [self.put(f"/small/{number}", b"x" * 1500) for number in range(60)]
        self.assertEqual((statuses.count(201), statuses.count(507)), (6, 54))
        self.assertEqual([self.put(f"/small/{number}", b"x") for number in (100, 101, 102, 103, 104)], [201] * 4 + [507])
        for number in (*range(6), *range(100, 104)):
            self.assertEqual(self.request("DELETE", f"/small/{number}")[0], 200)

    def test_media_that_is_none(self):
        chance = random.Random(7)
        box = lambda kind, size, body=b"": size.to_bytes(4, "big") + kind + body
        bodies = [b"", b"\0", b"\0" * 1000, b"#EXTM3U\n", b"GIF89a", box(b"ftyp", 8), box(b"moov", 8), box(b"moof", 8), box(b"mdat", 8),
                  box(b"ftyp", 0), box(b"ftyp", 1), box(b"ftyp", 1, b"\xff" * 8), box(b"moov", 0xFFFFFFFF), box(b"styp", 7)]
        bodies += [chance.randbytes(chance.randrange(1, 5000)) for _ in range(25)]
        bodies += [box(b"ftyp", 16, b"cmfc\0\0\0\0") + box(b"moov", size, chance.randbytes(size)) for size in range(8, 208, 12)]
        for number, body in enumerate(bodies):
            status = self.put(f"/_ingest/hostile-{number % 3}/video.cmfv", body, headers={"Content-Type": "video/mp4"})
            self.assertIn(status, (200, 400, 412, 413, 415, 503), body[:50])
        for kind in ("text/html", "image/png"):
            self.assertEqual(self.put("/_ingest/hostile/video.cmfv", b"x", headers={"Content-Type": kind}), 415)
        self.assertNotIn("hostile", self.get("/api/presentations")[1].decode())

    def test_queries_and_fields_that_are_wrong(self):
        queries = ["ttl_seconds=0", "ttl_seconds=-1", "ttl_seconds=x", "ttl_seconds=1&ttl_seconds=2", "ttl_seconds=999999999999",
                   "ttl_seconds=" + "9" * 400]
        for query in queries:
            self.assertEqual(self.put(f"/show/new?{query}", b"x"), 400, query)
        for field, value in (("Origin-Persistence", "forever"), ("Content-Range", "bytes 0-1/2")):
            self.assertEqual(self.put("/show/new", b"x", headers={field: value}), 400, field)
        ranges = ["bytes=", "bytes=-", "bytes=a-b", "bytes=5-1", "bytes=0-0," * 40, "bytes=-0", "bytes=99999999999999999999-",
                  "bytes=0-" + "9" * 300, "octets=0-1", "bytes=0--1", "bytes 0-1", ",", "bytes=1-2-3"]
        for value in ranges:
            status, body = self.get("/show/good", headers={"Range": value})
            # An end beyond the end is none (RFC 9110 14.1.2).
            self.assertTrue(status == 416 or (status in (200, 206) and body == GOOD), (value, status))
        for query in ("prefix=%ff", "prefix=../..&limit=-1", "prefix=&limit=x", "prefix=&after=%00", "prefix=" + "a" * 3000):
            self.assertIn(self.get(f"/show/?{query}")[0], (200, 400, 404), query)
        for terms in ("", "x", "[]", "{", '{"max_bytes":-1}', '{"max_bytes":1e9}', '{"no":1}', '{"max_bytes":"1"}', "[" * 2000,
                      '{"max_ttl":1,"min_ttl":2}', "\0", '{"max_bytes":null}', "9" * 1000, '{"a":' * 500):
            self.assertEqual(self.put("/api/namespaces/small", terms.encode()), 400, terms[:50])
        self.assertEqual(self.put("/api/namespaces/small", b"x" * 5000), 413)
        for path in ("/", "/api/server", "/api/presentations", "/metrics", "/time", "/_web/icon.svg", "/topics/a/b"):
            self.assertEqual(self.put(path, b"x"), 405, path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
