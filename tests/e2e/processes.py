# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that the tests start: each is ended by its process id, whatever happened."""

import os
import re
import select
import shlex
import subprocess
import threading
import unittest
from pathlib import Path

import gdp

# Only ends a test that hangs.
PATIENCE = 90
# Debian's Python has the introspection bindings; another one on the path may not.
STEERED_LAUNCH = ["/usr/bin/python3", str(Path(__file__).parents[1] / "steered_launch.py")]
LISTENING = re.compile(r"originsink: (http://[^/\s]+:(\d+)/\S*)")


def has_element(name):
    return subprocess.run(["gst-inspect-1.0", "--exists", name], check=False).returncode == 0


def require(*elements):
    missing = [name for name in elements if not has_element(name)]
    if missing:
        raise unittest.SkipTest("no " + ", ".join(missing))


def run(command):
    """Standard output and standard error of a program that has to succeed."""
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                                timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as hung:
        said = (hung.stderr or b"").decode(errors="replace")
        raise AssertionError(f"{shlex.join(map(str, command))}\nnever ended\n{said[-3000:]}") from hung
    if result.returncode != 0:
        raise AssertionError(
            f"{shlex.join(map(str, command))}\nended with {result.returncode}\n{result.stderr[-3000:]}")
    return result.stdout, result.stderr


def launch(description, *options):
    """The command for a pipeline."""
    return ["gst-launch-1.0", *options, *shlex.split(description)]


class Pipeline:
    """A gst-launch-1.0 process in the background, or one that takes commands; leaves nothing behind."""

    def __init__(self, description, *options, pass_fds=(), steered=False, descriptors=None):
        self.description = description
        self.lines = []
        self._changed = threading.Condition()
        self._ended = False
        command = [*STEERED_LAUNCH, description] if steered else launch(description, *options)
        if descriptors:
            command = ["prlimit", f"--nofile={descriptors}:{descriptors}", *command]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, text=True, errors="replace", pass_fds=pass_fds)
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            with self._changed:
                self.lines.append(line.rstrip())
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, pattern, since=0):
        """The first match of a pattern in the lines that the process prints."""
        def found():
            return next(filter(None, (re.search(pattern, line) for line in self.lines[since:])), None)
        with self._changed:
            self._changed.wait_for(lambda: found() or self._ended, timeout=PATIENCE)
            match = found()
        if not match:
            raise AssertionError(f"never printed '{pattern}': {self.report()}")
        return match

    def tell(self, command):
        """Has a steered pipeline do it."""
        since = len(self.lines)
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        self.wait_for(f"^did {command}$", since)

    def running(self):
        return self._process.poll() is None

    def wait(self):
        self._process.wait(PATIENCE)
        self._reader.join()

    def interrupt(self):
        """As Ctrl-C does."""
        self._process.send_signal(2)

    def kill(self):
        if self.running():
            self._process.kill()
        self.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def report(self):
        return "\n".join([f"gst-launch-1.0 {self.description}", *self.lines[-40:]])

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        self.kill()
        if error:
            error.add_note(self.report())


class Recording:
    """What passes one pad, read from a pipe: a file would tell encoders that they may seek in what they wrote."""

    def __init__(self):
        self._output, self.input = os.pipe()
        os.set_blocking(self._output, False)
        self._data = bytearray()
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def start(self):
        os.close(self.input)
        self._reader.start()

    def _read(self):
        while True:
            select.select([self._output], [], [])
            with self._lock:
                if not self._drain():
                    os.close(self._output)
                    self._output = -1
                    break

    def _drain(self):
        """Whether there may be more to come."""
        try:
            while data := os.read(self._output, 1 << 16):
                self._data += data
        except BlockingIOError:
            return True
        return False

    def buffers(self):
        """All that the originsink has got so far, and no less."""
        with self._lock:
            if self._output >= 0:
                self._drain()
            return gdp.read(bytes(self._data))

    def close(self):
        """Once nobody writes any more."""
        self._reader.join()


class Origin(Pipeline):
    """A pipeline that ends in an originsink named `o`. What its pads get is recorded.

    `branches` maps a pad of the originsink to the launch description that feeds it, or to several that feed it one
    after the other, each with the running times it has.
    """

    def __init__(self, branches, sink="playlist-type=vod linger=-1", port=0, rest="", options=(), steered=False,
                 descriptors=None):
        self.pads = list(branches)
        self._recordings = {}
        parts = [f"originsink name=o port={port} {sink}", rest]
        for pad, source in branches.items():
            clips = [source] if isinstance(source, str) else source
            self._recordings[pad] = [Recording() for _ in clips]
            target = f"o.{pad}"
            if len(clips) > 1:
                parts.append(f"concat name=all_{pad} adjust-base=false ! queue ! o.{pad}")
                target = f"all_{pad}."
            # The recorder comes first and has no queue: what the originsink has got is recorded.
            parts += [f"{clip} ! tee name=to_{pad}_{i} ! gdppay ! fdsink async=false sync=false"
                      f" fd={recording.input} to_{pad}_{i}. ! {target}"
                      for i, (clip, recording) in enumerate(zip(clips, self._recordings[pad]))]
        recordings = [recording for of_pad in self._recordings.values() for recording in of_pad]
        super().__init__(" ".join(parts), *options, pass_fds=[recording.input for recording in recordings],
                         steered=steered, descriptors=descriptors)
        for recording in recordings:
            recording.start()
        try:
            listening = self.wait_for(LISTENING)
        except AssertionError:
            self.kill()
            raise
        self.url = listening[1]
        self.port = int(listening[2])

    def went_in(self, pad):
        """The buffers that a pad has got so far."""
        return [buffer for recording in self._recordings[pad] for buffer in recording.buffers()]

    def kill(self):
        super().kill()
        for of_pad in self._recordings.values():
            for recording in of_pad:
                recording.close()
