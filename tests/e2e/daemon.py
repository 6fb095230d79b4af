# SPDX-License-Identifier: LGPL-2.1-or-later
"""An origin-server in the background. ORIGIN_SERVER is the program."""

import os
import re
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

# Only ends a test that hangs.
PATIENCE = 60
PROGRAM = os.environ.get("ORIGIN_SERVER", "origin-server")
LISTENING = re.compile(r"^origin-server: http://(\S+):(\d+)/$")


class Server:
    """A daemon in the background, and what it prints; leaves nothing behind."""

    def __init__(self, *options, environment=None):
        self.output, self.log = [], []
        self._changed = threading.Condition()
        self._open = 2  # output and log
        self.process = subprocess.Popen([PROGRAM, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        self._readers = [threading.Thread(target=self._read, args=pair) for pair in
                         ((self.process.stdout, self.output), (self.process.stderr, self.log))]
        for reader in self._readers:
            reader.start()
        try:
            match = self.wait_for(self.output, LISTENING)
        except AssertionError:
            self.close()
            raise
        self.host, self.port = match[1], int(match[2])

    def _read(self, file, lines):
        for line in file:
            with self._changed:
                lines.append(line.rstrip())
                self._changed.notify_all()
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def wait_for(self, lines, pattern):
        """The first match of a pattern in the lines of its output or its log."""
        def found():
            return next(filter(None, (re.search(pattern, line) for line in lines)), None)
        with self._changed:
            self._changed.wait_for(lambda: found() or not self._open, timeout=PATIENCE)
            match = found()
        if not match:
            raise AssertionError(f"never printed {pattern}: {self.output} {self.log}")
        return match

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.host}:{self.port}{path}", timeout=PATIENCE) as answer:
            return answer.read()

    def connect(self):
        return socket.create_connection((self.host, self.port), timeout=PATIENCE)

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self):
        """Its exit status."""
        return self.process.wait(PATIENCE)

    def listeners(self):
        """The local addresses of the sockets that listen on its port, as the kernel writes them."""
        found = []
        for table in ("tcp", "tcp6"):
            for line in Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]:
                address, port = line.split()[1].split(":")
                if int(port, 16) == self.port and line.split()[3] == "0A":
                    found.append(address)
        return found

    def wait_until_deaf(self):
        """Until it accepts no more."""
        deadline = time.monotonic() + PATIENCE
        while self.listeners():
            assert time.monotonic() < deadline, "still accepts"
            time.sleep(0.01)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
