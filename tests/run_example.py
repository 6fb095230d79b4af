#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs an example that prints the URLs of its presentations, and fetches each one's playlists and newest segment."""

import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

PATIENCE = 60  # seconds; only ends a test that hangs


def fetch(uri):
    with urllib.request.urlopen(uri, timeout=PATIENCE) as reply:
        return reply.read()


def fetch_soon(uri):
    """503 means that it is not there yet."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return fetch(uri).decode()
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > deadline:
                raise


def check(base):
    multivariant = fetch_soon(base + "index.m3u8")
    variants = [line for line in multivariant.splitlines() if line and not line.startswith("#")]
    assert variants, multivariant
    for variant in variants:
        playlist = fetch_soon(base + variant)
        segment = [line for line in playlist.splitlines() if line and not line.startswith("#")][-1]
        body = fetch(base + variant.rsplit("/", 1)[0] + "/" + segment)
        assert body[4:8] == b"styp", body[:16]
    print(f"{base}: {len(variants)} variants")


def main(command, wanted):
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = []
            while len(found) < wanted:
                line = process.stdout.readline()
                assert line, "the example ended before it printed its URLs"
                found += [uri for uri in re.findall(r"http://\S+/", line) if uri not in found]
            for base in found[:wanted]:
                check(base)
        finally:
            process.terminate()
            process.stdout.read()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], int(sys.argv[1])))
