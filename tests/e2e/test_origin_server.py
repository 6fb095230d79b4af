#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon from its command line to its last byte: what it listens on, what it takes from options and file, and what
signals do to it. ORIGIN_SERVER is the program."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
from pathlib import Path

from daemon import PATIENCE, PROGRAM, Server

ASSET = "/_web/player.js"
# Far more answers than fit into the buffers of a connection.
REQUESTS = 500


def run(*options):
    return subprocess.run([PROGRAM, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=PATIENCE, check=False)


@contextlib.contextmanager
def file_with(text):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "origin-server.conf")
        file.write_text(text, encoding="utf-8")
        yield file


@contextlib.contextmanager
def slow_reader(server):
    """Somebody whose answers are on their way, and do not fit into the buffers between."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(PATIENCE)
        client.connect((server.host, server.port))
        head = f"GET {ASSET} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        sender = threading.Thread(target=send, args=(client, head * REQUESTS))
        sender.start()
        assert client.recv(1) == b"H"
        yield client
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        sender.join()


def send(client, data):
    with contextlib.suppress(OSError):
        client.sendall(data)


def read_answers(client):
    """The bodies of the answers until the connection ends, of which one has given its first byte already."""
    data = b"H"
    with contextlib.suppress(ConnectionResetError):
        while chunk := client.recv(4096):
            data += chunk
    bodies = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head)[1])
        assert len(rest) >= length, f"answer {len(bodies)} was cut: {len(rest)} of {length} bytes"
        bodies.append(rest[:length])
        data = rest[length:]
    return bodies


class Starting(unittest.TestCase):
    def test_without_a_file_it_serves_on_loopback_only(self):
        with Server("--port=0") as server:
            self.assertEqual(server.host, "127.0.0.1")
            self.assertEqual(set(server.listeners()), {"0100007F"})
            self.assertEqual(json.loads(server.get("/healthz")), {"live": True, "ready": True})
            self.assertEqual(json.loads(server.get("/api/server"))["memory"]["limit"], 1 << 30)

    def test_options_are_obeyed(self):
        with Server("--port=0", "--host=127.0.0.2", "--threads=3", "--memory-limit=32M") as server:
            self.assertEqual(server.listeners(), ["0200007F"] * 3)
            self.assertEqual(json.loads(server.get("/api/server"))["memory"]["limit"], 32 << 20)

    def test_the_command_line_goes_before_the_file(self):
        text = "[server]\nport=1\nthreads=2\nmemory-limit=64M\n[limits]\nmax-target-bytes=300\n"
        with file_with(text) as file, Server(f"--config={file}", "--port=0", "--threads=1") as server:
            self.assertEqual(len(server.listeners()), 1)
            self.assertEqual(json.loads(server.get("/api/server"))["memory"]["limit"], 64 << 20)
            with self.assertRaises(urllib.error.HTTPError) as refused:
                server.get("/" + "a" * 300)
            self.assertEqual(refused.exception.code, 414)
            refused.exception.close()

    def test_a_command_line_that_is_wrong(self):
        for option, why in (("--prot=1", "did you mean 'port'"), ("--port=x", "from 0 to 65535"),
                            ("--check-config", "--config=FILE")):
            with self.subTest(option):
                result = run(option)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertRegex(result.stderr, rf"^origin-server: .*{why}.*\n$")

    def test_help_and_version(self):
        self.assertIn("Usage: origin-server", run("--help").stdout)
        self.assertRegex(run("--version").stdout, r"^origin-server \d+\.\d+\.\d+\n$")

    def test_check_config(self):
        with file_with("[limits]\nmax-held=5\n") as file:
            result = run("--check-config", f"--config={file}")
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, f"{file}: ok\n", ""))
        with file_with("[limits]\nmax-held=many\n") as file:
            wrong = f"origin-server: {file}: [limits] max-held='many' is not a number from 1 to 4294967295\n"
            for options in (["--check-config"], []):
                result = run(*options, "--port=0", f"--config={file}")
                self.assertEqual((result.returncode, result.stdout, result.stderr), (1, "", wrong))
        result = run("--check-config", "--config=/nowhere/at-all")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nowhere/at-all", result.stderr)

    def test_an_address_that_is_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            result = run(f"--port={port}")
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertRegex(result.stderr,
                             rf"^origin-server: cannot listen on 127\.0\.0\.1 port {port}: .*--port.*\n$")


class TwoListeners(unittest.TestCase):
    def test_one_is_for_playing(self):
        with Server("--port=0", "--play-host=localhost", "--play-port=0") as server:
            playing = int(server.wait_for(server.output, r"http://localhost:(\d+)/$")[1])
            for port, status in ((server.port, 201), (playing, 405)):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
                connection.request("PUT", "/notes/1", body=b"x")
                self.assertEqual(connection.getresponse().status, status)
                connection.close()

    def test_ports_differ(self):
        failed = run("--port=8080", "--play-host=127.0.0.1", "--play-port=8080")
        self.assertEqual(failed.returncode, 1)
        self.assertRegex(failed.stderr, "play-port is 8080 as port is")


class Reloading(unittest.TestCase):
    def test_a_file_is_read_again(self):
        with file_with("[limits]\nmax-held=5\n") as file, Server(f"--config={file}", "--port=0") as server:
            file.write_text("[limits]\nmax-held=no\n", encoding="utf-8")
            server.signal(signal.SIGHUP)
            server.wait_for(server.log, f"{file}: .limits. max-held='no' .*; the configuration stays as it is")
            file.write_text("[server]\nport=81\n[limits]\nmax-held=6\nstop-grace=2\n", encoding="utf-8")
            for changes in (1, 2):
                server.signal(signal.SIGHUP)
                # A port of the command line is none of the changes.
                deadline = time.monotonic() + PATIENCE
                while sum(f"{file} was read again: 2 changes" in line for line in server.log) < changes:
                    self.assertLess(time.monotonic(), deadline, server.log)
                    time.sleep(0.01)
            server.wait_for(server.log, r"\[limits\] max-held changed from 5 to 6, which needs a restart")
            server.wait_for(server.log, r"\[limits\] stop-grace changed from 1s to 2s, which needs a restart")
            server.get("/healthz")

    def test_namespaces_count_at_once(self):
        limits = "[namespace notes]\nmax-bytes={}\n"
        with file_with(limits.format(5)) as file, Server(f"--config={file}", "--port=0") as server:
            def put(name):
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
                connection.request("PUT", f"/notes/{name}", body=b"1234")
                status = connection.getresponse().status
                connection.close()
                return status

            self.assertEqual((put("1"), put("2")), (201, 507))
            file.write_text(limits.format("1K"), encoding="utf-8")
            server.signal(signal.SIGHUP)
            server.wait_for(server.log, "was read again: .* 1 namespaces")
            self.assertEqual(put("2"), 201)

    def test_without_a_file(self):
        with Server("--port=0") as server:
            server.signal(signal.SIGHUP)
            server.wait_for(server.log, "no file to read again")
            server.get("/healthz")


class Stopping(unittest.TestCase):
    def test_while_nothing_is_on_its_way(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), Server("--port=0") as server, server.connect() as client:
                client.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertTrue(client.recv(4096).endswith(b"\r\n\r\n"))
                server.signal(number)
                self.assertEqual(server.ended(), 0)
                self.assertEqual(client.recv(1), b"")

    def test_an_answer_on_its_way_is_ended(self):
        with (file_with(f"[limits]\nstop-grace={PATIENCE}\n") as file,
              Server("--port=0", f"--config={file}") as server):
            asset = server.get(ASSET)
            with slow_reader(server) as client:
                server.signal(signal.SIGTERM)
                server.wait_until_deaf()
                self.assertIsNone(server.process.poll())
                bodies = read_answers(client)
                self.assertLess(len(bodies), REQUESTS)
                self.assertEqual(set(bodies), {asset})
            self.assertEqual(server.ended(), 0)

    def test_who_waits_is_told_so(self):
        with Server("--port=0") as server, server.connect() as sender, server.connect() as waiting:
            sender.sendall(b"PUT /notes/1.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
                           b"Expect: 100-continue\r\n\r\n")
            # Only a name that is on its way is waited for.
            self.assertRegex(sender.recv(4096), rb"^HTTP/1\.1 100 ")
            waiting.sendall(b"HEAD /notes/1.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
            deadline = time.monotonic() + PATIENCE
            while json.loads(server.get("/api/server"))["held"] == 0:
                self.assertLess(time.monotonic(), deadline)
            server.signal(signal.SIGTERM)
            self.assertRegex(waiting.recv(4096), rb"^HTTP/1\.1 503 ")
            self.assertEqual(server.ended(), 0)

    def test_who_does_not_read_is_cut(self):
        with (file_with("[limits]\nstop-grace=200ms\n") as file, Server("--port=0", f"--config={file}") as server,
              slow_reader(server)):
            server.signal(signal.SIGTERM)
            self.assertEqual(server.ended(), 0)

    def test_a_second_signal_ends_it_at_once(self):
        with (file_with("[limits]\nstop-grace=3600\n") as file, Server("--port=0", f"--config={file}") as server,
              slow_reader(server)):
            server.signal(signal.SIGTERM)
            server.wait_until_deaf()
            server.signal(signal.SIGHUP)
            server.signal(signal.SIGTERM)
            self.assertEqual(server.ended(), 1)
            server.wait_for(server.log, "at a second signal")


class ServiceManager(unittest.TestCase):
    def check(self, name):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, file_with("") as file:
            manager.settimeout(PATIENCE)
            manager.bind(name.replace("@", "\0", 1))
            options = ("--port=0", f"--config={file}")
            with Server(*options, environment={"NOTIFY_SOCKET": name}) as server:
                self.assertEqual(manager.recv(4096), b"READY=1")
                server.signal(signal.SIGHUP)
                self.assertRegex(manager.recv(4096), rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
                self.assertEqual(manager.recv(4096), b"READY=1")
                server.signal(signal.SIGTERM)
                self.assertRegex(manager.recv(4096), rb"^STOPPING=1\nEXTEND_TIMEOUT_USEC=\d+$")
                self.assertEqual(server.ended(), 0)

    def test_it_is_told_at_a_path(self):
        with tempfile.TemporaryDirectory() as folder:
            self.check(f"{folder}/notify")

    def test_it_is_told_at_an_abstract_name(self):
        self.check(f"@origin-server-test-{os.getpid()}")

    def test_one_that_is_gone_does_no_harm(self):
        with Server("--port=0", environment={"NOTIFY_SOCKET": "/nowhere/at-all"}) as server:
            server.wait_for(server.log, "NOTIFY_SOCKET=/nowhere/at-all")
            server.get("/healthz")


if __name__ == "__main__":
    unittest.main(verbosity=2)
