#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the lines of the ```sh fences of a document as a reader would paste them.

A pipeline with an originsink is run until its multivariant playlist can be fetched at the address it prints, then
stopped; it ends sooner if it is not live. One that publishes from afar has an origin-server meanwhile. An origin-server is run until its health can be, after all other lines of the
document, and has to end well. Any other line is run to its end, with a live presentation on port 8080
where the document speaks of one, and must exit with 0 (curl's -f says what counts as a failure)."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

PATIENCE = 60  # seconds; only ends a test that hangs
LISTENING = re.compile(r"(?:originsink|origin-server): (http://\S+/)")
LIVE = (
    "gst-launch-1.0 originsink name=o videotestsrc is-live=true ! x264enc tune=zerolatency ! o. "
    "audiotestsrc is-live=true ! avenc_aac ! o."
)
FILM = (
    "gst-launch-1.0 -q mp4mux name=m ! filesink location=film.mp4 "
    "videotestsrc num-buffers=150 ! x264enc ! m. audiotestsrc num-buffers=215 ! avenc_aac ! m."
)


def lines_of(document):
    text = pathlib.Path(document).read_text(encoding="utf-8")
    for fence in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in fence.replace("\\\n", " ").splitlines():
            if line.strip() and not line.startswith("#"):
                yield line.strip()


def is_server(line):
    """Whether it goes on until it is stopped."""
    command = [word for word in line.split() if not re.fullmatch(r"[A-Z_]+=\S*", word)]
    return command[0] == "origin-server" and not {"--check-config", "--help", "--version"} & set(command)


class Pipeline:
    """A command in a process group of its own, and what it prints."""

    def __init__(self, command, folder):
        self.process = subprocess.Popen(
            ["sh", "-c", command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )
        self.output = []
        self.uri = None
        self.told = threading.Event()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)
            found = LISTENING.search(line)
            if found:
                self.uri = found[1]
                self.told.set()
        self.told.set()

    def fetch(self, name):
        """What is below the address that it prints, once it is there."""
        self.told.wait(PATIENCE)
        if not self.uri:
            raise AssertionError("did not print where it listens:\n" + "".join(self.output))
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(self.uri + name, timeout=PATIENCE) as reply:
                    return reply.read().decode()
            except urllib.error.URLError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{error}:\n" + "".join(self.output)) from error
                time.sleep(0.1)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.reader.join()
        self.process.stdout.close()


def with_pipeline(command, folder, use):
    pipeline = Pipeline(command, folder)
    try:
        text = pipeline.fetch("index.m3u8")
        assert "#EXT-X-STREAM-INF" in text, text
        return use() if use else None
    finally:
        pipeline.stop()


def run_server(command, folder, use=None):
    # The interpreter hears of the interruption too, and goes on to tell what the server ended with.
    server = Pipeline(f"trap : INT; {command}", folder)
    try:
        assert '"ready":true' in server.fetch("healthz")
        if use:
            use()
    finally:
        server.stop()
    assert server.process.returncode == 0, "".join(server.output)


def run_line(line, folder):
    done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise AssertionError(f"exit status {done.returncode}: {line}\n{done.stdout}{done.stderr}")


def main(documents):
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for document in documents:
            lines = list(lines_of(document))
            servers = [line for line in lines if is_server(line)]
            pipelines = [line for line in lines if "originsink" in line]
            others = [line for line in lines if line not in servers and line not in pipelines]
            if any("film.mp4" in line for line in lines):
                run_line(FILM, folder)
            for line in pipelines:
                print(line, flush=True)
                if "location=http" in line:
                    run_server("origin-server", folder, lambda line=line: with_pipeline(line, folder, None))
                else:
                    with_pipeline(line, folder, None)
                count += 1
            if others:
                with_pipeline(LIVE, folder, lambda others=others: [run_line(line, folder) for line in others])
                count += len(others)
            for line in servers:
                print(line, flush=True)
                run_server(line, folder)
                count += 1
    print(f"{count} lines ran")
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
