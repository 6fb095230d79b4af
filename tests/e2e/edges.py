# SPDX-License-Identifier: LGPL-2.1-or-later
"""The edges of examples/edge, started with their own files: only ports are others. Each is an HTTPS server on loopback."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from daemon import PATIENCE

EXAMPLES = Path(__file__).parents[2] / "examples" / "edge"
VIEWERS, ORIGIN, BEHIND_HITCH = "8443", "8081", "8442"
# Debian's servers are there, and a user's path has it not.
PATH = os.environ["PATH"] + ":/usr/sbin"
IS_ROOT = os.geteuid() == 0
# It refuses to work as root.
HITCH = ["hitch", "--config=hitch.conf", *(["--user=nobody", "--group=nogroup"] if IS_ROOT else [])]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def make_certificate(folder):
    """Of nobody's: edge.pem, as all of the examples want it."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2",
                    "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
                   check=True, capture_output=True, timeout=PATIENCE)
    (folder / "edge.pem").write_text((folder / "certificate.pem").read_text() + (folder / "key.pem").read_text())


@dataclass
class Answer:
    status: int
    version: str
    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode()


class Edge:
    """Behind `origin_port` is the origin's listener for playing. `key` is what the edge shows there."""

    name = ""
    collapses = True
    programs = ()
    files = ()
    # What stands in the file without a key, and with one.
    without_key, with_key = "", ""

    @classmethod
    def missing(cls):
        return [name for name in (*cls.programs, "openssl", "curl") if not shutil.which(name, path=PATH)]

    def __init__(self, folder, origin_port, key=None):
        self.folder = folder
        self.port = free_port()
        self.root = f"https://127.0.0.1:{self.port}"
        self._ports = {VIEWERS: self.port, ORIGIN: origin_port, BEHIND_HITCH: free_port()}
        self._processes = []
        make_certificate(folder)
        for file in self.files:
            (folder / file).write_text(self._filled_in((EXAMPLES / file).read_text(encoding="utf-8"), key),
                                       encoding="utf-8")
        try:
            for command in self.commands():
                self._start(command)
            self._await_start()
        except BaseException:
            self.close()
            raise

    def _filled_in(self, text, key):
        if key:
            text = text.replace(self.without_key, self.with_key).replace("Bearer KEY", f"Bearer {key}")
        return re.sub("|".join(self._ports), lambda match: str(self._ports[match[0]]), text)

    def commands(self):
        raise NotImplementedError

    def _start(self, command):
        with open(self.folder / "edge.log", "ab") as log:
            # A group of its own, so that no child of it stays.
            self._processes.append(subprocess.Popen(
                list(map(str, command)), cwd=self.folder, env={**os.environ, "PATH": PATH}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True))

    def _await_start(self):
        deadline = time.monotonic() + PATIENCE
        while subprocess.run(["curl", "-skf", "-o", os.devnull, "--max-time", str(PATIENCE), self.root + "/time"],
                             check=False).returncode:
            if any(process.poll() is not None for process in self._processes) or time.monotonic() > deadline:
                raise AssertionError(f"{self.name} does not answer: {self.log()}")
            time.sleep(0.05)

    def log(self):
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("*.log"))[-5000:]

    def curl(self, *options):
        return ["curl", "-sk", "--http2", "--max-time", str(PATIENCE), *options]

    def get(self, path, *options):
        head = self.folder / "head"
        done = subprocess.run(self.curl("-D", head, "-w", "%{stderr}%{http_version}", *options, self.root + path),
                              check=True, capture_output=True, timeout=2 * PATIENCE)
        lines = head.read_text().splitlines()
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        return Answer(int(lines[0].split()[1]), done.stderr.decode(), headers, done.stdout)

    def get_at_once(self, path, count):
        """What as many viewers get who ask at the same time, each on a connection of its own."""
        files = [self.folder / f"viewer-{number}" for number in range(count)]
        viewers = [subprocess.Popen(self.curl("-f", "-o", file, self.root + path)) for file in files]
        statuses = [viewer.wait(2 * PATIENCE) for viewer in viewers]
        assert not any(statuses), f"curl ended with {statuses}: {self.log()}"
        return [file.read_bytes() for file in files]

    def close(self):
        for process in reversed(self._processes):
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes = []


class Nginx(Edge):
    name = "nginx"
    programs = ("nginx",)
    files = ("nginx.conf",)
    without_key, with_key = 'Authorization ""', 'Authorization "Bearer KEY"'

    def commands(self):
        # As root, its workers would be somebody whom this folder is closed to.
        return [["nginx", "-p", f"{self.folder}/", "-c", "nginx.conf", "-g",
                 "daemon off;" + (" user root;" if IS_ROOT else "")]]


class Haproxy(Edge):
    name = "HAProxy"
    collapses = False
    programs = ("haproxy",)
    files = ("haproxy.cfg",)
    without_key, with_key = '#http-request set-header Auth', 'http-request set-header Auth'

    def commands(self):
        return [["haproxy", "-db", "-f", "haproxy.cfg"]]


class Varnish(Edge):
    name = "Varnish"
    programs = ("varnishd", "hitch")
    files = ("varnish.vcl", "hitch.conf")
    without_key, with_key = '#set bereq', 'set bereq'

    def commands(self):
        # Nobody else can enter this folder.
        varnish = ["varnishd", "-F", "-j", "none", "-n", self.folder / "varnish", "-f", self.folder / "varnish.vcl",
                   "-a", f"127.0.0.1:{self._ports[BEHIND_HITCH]},PROXY", "-p", "feature=+http2", "-s", "malloc,64m"]
        return [varnish, HITCH]


class HitchAlone(Edge):
    """Between a CDN and the origin."""

    name = "hitch"
    collapses = False
    programs = ("hitch",)
    files = ("hitch.conf",)

    def commands(self):
        return [[*HITCH, f"--backend=[127.0.0.1]:{self._ports[ORIGIN]}", "--write-proxy-v2=off",
                 "--alpn-protos=http/1.1"]]
