#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Encoders that push segments to an origin-server while viewers pull them, then with more viewers until something gives.
A table goes to stderr, JSON to stdout.

    tests/bench/origin_load.py build            # the build folder; a release build for figures
    tests/bench/origin_load.py build --smoke    # a few of each, for seconds

The server has one core and segment_load another (--pin), so that what gives is one of the two, and the table says which."""

import argparse
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import urllib.request

HEADINGS = ("encoders", "viewers", "PUT p50", "p99", "GET p50", "p99", "late", "errors", "MB/s in", "MB/s out", "memory",
            "server core", "load core")
PATIENCE = 60


class Server:
    def __init__(self, folder, options):
        command = [str(folder / "origin" / "server" / "origin-server"), "--port=0", "--threads=1",
                   f"--memory-limit={options.memory}"]
        if options.pin:
            command = ["taskset", "-c", "0", *command]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = re.search(r"http://\S+", self.process.stdout.readline())[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def cpu(self):
        """Seconds of a core so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def status(self):
        with urllib.request.urlopen(self.url + "api/server", timeout=PATIENCE) as answer:
            return json.load(answer)


def measure(folder, options, viewers):
    with Server(folder, options) as server:
        command = [str(folder / "tests" / "bench" / "segment_load"), str(options.encoders), str(viewers), str(options.seconds),
                   str(options.segment), str(options.mbits * 125_000 * options.segment), server.url]
        if options.pin:
            command = ["taskset", "-c", "1", *command]
        result = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        status = server.status()
        result["server_cpu"] = server.cpu() / result["seconds"]
    result["memory_used"] = status["memory"]["used"]
    result["memory_limit"] = status["memory"]["limit"]
    result["evicted"] = status["memory"]["evicted"]
    return result


def gives(result, options):
    """What does not hold any more; nothing if all does."""
    reasons = []
    for side in ("put", "get"):
        if result[side]["errors"]:
            reasons.append(f"{result[side]['errors']} errors ({result[side]['first_error']})")
        if result[side]["late"]:
            reasons.append(f"{result[side]['late']} {side.upper()} had not ended when the next was due")
        if result[side]["p99_ms"] > 1e3 * options.segment:
            reasons.append(f"{side.upper()} p99 is longer than a segment")
    if result["evicted"]:
        reasons.append(f"{result['evicted']} objects were evicted")
    if reasons:
        busy = [name for name, cpu in (("the server's core", result["server_cpu"]), ("the load's core", result["cpu"]))
                if cpu > 0.9]
        reasons.append(f"{' and '.join(busy) or 'no core'} was busy")
    return "; ".join(reasons)


def row(result):
    ms = [f"{result[side][p]:.1f}" for side in ("put", "get") for p in ("p50_ms", "p99_ms")]
    return [str(result["encoders"]), str(result["viewers"]), *ms, str(result["put"]["late"] + result["get"]["late"]),
            str(result["put"]["errors"] + result["get"]["errors"]), f"{result['sent_bytes_per_second'] / 1e6:.0f}",
            f"{result['received_bytes_per_second'] / 1e6:.0f}", f"{result['memory_used'] / 2**20:.0f} MiB",
            f"{result['server_cpu']:.2f}", f"{result['cpu']:.2f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--encoders", type=int, default=100)
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--mbits", type=int, default=5)
    parser.add_argument("--segment", type=int, default=2, help="seconds")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--memory", default="1G")
    parser.add_argument("--more", type=float, default=1.4, help="times as many viewers in each further run")
    parser.add_argument("--runs", type=int, default=8, help="at most")
    parser.add_argument("--no-pin", dest="pin", action="store_false")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.encoders, options.viewers, options.seconds, options.segment, options.mbits = 4, 8, 3, 1, 1
        options.runs, options.pin = 1, False
    if options.pin and (os.cpu_count() or 1) < 2:
        options.pin = False
    print(" | ".join(HEADINGS), file=sys.stderr)
    results, viewers = [], options.viewers
    for _ in range(options.runs):
        result = measure(options.folder, options, viewers)
        result["gives"] = gives(result, options)
        results.append(result)
        print(" | ".join(row(result)), file=sys.stderr)
        if result["gives"]:
            print(f"what gives: {result['gives']}", file=sys.stderr)
            break
        viewers = int(viewers * options.more)
    print(json.dumps({"machine": platform.platform(), "cores": os.cpu_count(), "pinned": options.pin,
                      "mbits": options.mbits, "segment_seconds": options.segment, "runs": results}))
    if options.smoke and (results[0]["put"]["errors"] or results[0]["get"]["errors"] or not results[0]["get"]["count"]):
        sys.exit(f"smoke: {results[0]}")


if __name__ == "__main__":
    main()
