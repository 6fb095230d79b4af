#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proves of each check that it passes what obeys its clause and reports what does not, and of the client that it
brings about what the checks need to see."""

import asyncio
import dataclasses
import gzip
import os
import pathlib
import re
import sys
import unittest

sys.path.append(os.fspath(pathlib.Path(__file__).parents[1] / "e2e"))

import broken
import clauses
import client
import observations
import synthetic
import transport
import virtual_time
from parser import parse

SLACK = 0.05
# Where time is real, nothing is said of it.
NEVER_LATE = 60


def record(origin):
    follower = client.Client(virtual_time.Transport(origin), "http://origin.example/index.m3u8")
    return observations.Session(virtual_time.run(follower.run(60)), SLACK)


def violated(session):
    return {name: finding.violations[0] for name, finding in clauses.judge(session).items() if finding.violations}


class Checks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.good = record(synthetic.Origin())

    def test_good_session_obeys_every_clause(self):
        for name, finding in clauses.judge(self.good).items():
            with self.subTest(name):
                self.assertEqual(finding.violations[:3], [])
                self.assertGreater(finding.seen, 0, "there was nothing to see")

    def test_every_clause_can_be_violated(self):
        self.assertEqual(sorted(broken.WAYS), sorted(clauses.CLAUSES))

    def test_broken_sessions_are_reported_by_the_clause_they_break(self):
        for name, ways in broken.WAYS.items():
            for index, (way, expected) in enumerate(ways):
                with self.subTest(name, way=index):
                    found = violated(way(self.good))
                    self.assertEqual(set(found), expected, found)

    def test_known_situations_are_tolerated(self):
        (way, expected), = broken.WAYS["new_part_in_time"]
        session = observations.Session(way(self.good).exchanges, SLACK, ["stall"])
        findings = clauses.judge(session)
        self.assertEqual({findings[name].outcome for name in expected}, {"tolerated"})


    def test_old_reports_are_seen_whatever_the_slack(self):
        def behind(text):
            return re.sub(r"(?<=LAST-MSN=)\d+", lambda number: str(int(number[0]) - 1), text)
        for slack in (SLACK, 1.0, NEVER_LATE):
            with self.subTest(slack):
                session = observations.Session(self.good.exchanges, slack).edited(
                    lambda e: e.purpose == observations.FOLLOW and e.is_playlist and "/high/" in e.url,
                    lambda e: dataclasses.replace(e, body=behind(e.body.decode()).encode()))
                self.assertIn("reports_are_true", violated(session))


class Parser(unittest.TestCase):
    HEAD = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"

    def check(self, rest, fault):
        self.assertRegex("; ".join(parse(self.HEAD + rest).faults), fault)

    def test_faults_have_their_line(self):
        self.check('#EXT-X-PART:DURATION=1,URI="a",URI="b"\n', "line 3: URI twice")
        self.check("#EXT-X-PART:DURATION=1,URI=a\n", "line 3: URI=a is no string")
        self.check('#EXT-X-PART:DURATION=1, URI="a"\n', "line 3: no attribute list")
        self.check('#EXT-X-PART:URI="a"\n', "line 3: EXT-X-PART without DURATION")
        self.check('#EXT-X-PART:DURATION=1,URI="a",INDEPENDENT=NO\n', "INDEPENDENT=NO is no yes")
        self.check("a.m4s\n", "line 3: 0 EXTINF")
        self.check("#EXTINF:1\na.m4s\n", "line 3: no duration")
        self.check("#EXTINF:1,\na.m4s\n#EXT-X-MEDIA-SEQUENCE:3\n", "line 5: EXT-X-MEDIA-SEQUENCE after the first")
        self.check("#EXTINF:1,\n", "EXTINF or EXT-X-BYTERANGE without a URI")
        self.check("#EXT-X-ENDLIST\n#EXTINF:1,\na.m4s\n", "line 5: a segment after EXT-X-ENDLIST")
        self.check("#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00\n#EXTINF:1,\na.m4s\n", "line 3: no date")
        self.check('#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a"\n', "media playlist in a multivariant")
        self.assertEqual(parse("#EXT-X-TARGETDURATION:2\n").faults, ["line 1: no #EXTM3U"])

    def test_segment_being_written(self):
        playlist = parse(self.HEAD + '#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:1.5,\na.m4s\n#EXT-X-DISCONTINUITY\n'
                         '#EXT-X-PART:DURATION=0.5,URI="b.0",INDEPENDENT=YES\n#EXT-X-PART:DURATION=0.5,URI="b.1"\n')
        self.assertEqual(playlist.faults, [])
        self.assertEqual((playlist.position, playlist.last_number), ((8, 2), 7))
        self.assertEqual([(part.place, part.independent) for part in playlist.parts], [((8, 0), True), ((8, 1), False)])
        self.assertEqual([segment.discontinuity_number for segment in playlist.listed], [0, 1])


class Connections(unittest.TestCase):
    """The client over sockets."""

    async def serve(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request, *lines = head.decode().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                status, fields, body = await self.origin.answer(request.split()[1], headers)
                if fields.get("content-encoding") == "gzip":
                    body = gzip.compress(body)
                fields = fields | {"content-length": len(body)}
                writer.write(f"HTTP/1.1 {status} -\r\n".encode()
                             + "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
                             + b"\r\n" + body)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def follow(self, seconds):
        self.origin = synthetic.Origin()
        self.origin.opening.clear()
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        http = transport.Http()
        follower = client.Client(http, f"http://127.0.0.1:{port}/index.m3u8")
        exchanges = await follower.run(seconds)
        http.close()
        server.close()
        return observations.Session(exchanges, NEVER_LATE)

    def test_good_origin_over_sockets(self):
        session = asyncio.run(self.follow(4))
        self.assertEqual(violated(session), {})
        self.assertGreater(len(session.playlists), 20)

    def test_no_answer_is_a_fault(self):
        async def ask(reply):
            async def serve(reader, writer):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(reply)
                writer.close()
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            http = transport.Http()
            exchange = await http.get("probe", url)
            http.close()
            server.close()
            return exchange
        for reply in (b"", b"no HTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfour",
                      b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"):
            with self.subTest(reply):
                exchange = asyncio.run(ask(reply))
                self.assertEqual(exchange.status, 0)
                self.assertTrue(exchange.fault)
        chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
        whole = asyncio.run(ask(chunked))
        self.assertEqual((whole.status, whole.body, whole.fault), (200, b"abcd", ""))


if __name__ == "__main__":
    unittest.main()
