#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the time of one answer from memory goes: instructions of the origin's HTTP server by room and by function
(callgrind, which counts them one by one), beside those of a program without HTTP logic, and how much of the CPU time
of both is the kernel's. Tables go to stderr, JSON to stdout."""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

import http_load
import http_servers
import http_subjects
from packager import SKIPPED, cpu_model

WARM_UP = 100  # requests of the run that is subtracted: start, files, first answers
LOADS = [http_servers.Load("playlist", 64, False), http_servers.Load("part", 64, False)]
SUBJECTS = (http_subjects.Origin, http_subjects.Bare)
LINE = re.compile(r"\s*([\d,]+) (?:\([\d.% ]+\))?\s*(?!=>)(\S.*?):(.*?)(?: \[([^\]]*)\])?$")
ROOM = re.compile(r"origin::(?:\(anonymous namespace\)::)?(base|http|store|transport)::")


def under_callgrind(subject, path, requests):
    """Instructions by (function, object file) of a server from its start, through so many requests one after the
    other, to its end."""
    output = subject.setting.scratch / "callgrind.out"
    output.unlink(missing_ok=True)
    plain = subject.command

    def command():
        return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", *plain()]

    subject.command = command
    try:
        with subject.running():
            address = urllib.parse.urlsplit(subject.url(path, closes=False))
            with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
                for _ in range(requests):
                    http_load.read_answer(connection, address.path)
    finally:
        subject.command = plain
    annotated = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no", output], check=True,
                               stdout=subprocess.PIPE, text=True).stdout
    counts = collections.Counter()
    for line in annotated.splitlines():
        if found := LINE.match(line):
            counts[found[3], pathlib.Path(found[4] or "").name] += int(found[1].replace(",", ""))
    return counts


def room_of(function, object_file):
    if found := ROOM.search(function):
        return "origin/" + found[1]
    return "origin/base" if "origin::" in function else object_file.split(".so")[0] or "other"


def named(function, object_file):
    """A function's name without its parameters; its library where it is not the origin's."""
    bare = re.sub(r"\((?!anonymous).*", "", function)
    return bare if "origin::" in function else f"{bare} [{object_file or 'its program'}]"


def profile(subject, path, requests):
    """Instructions of one answer, by room and by function."""
    counts = under_callgrind(subject, path, WARM_UP + requests)
    counts.subtract(under_callgrind(subject, path, WARM_UP))
    rooms = collections.Counter()
    functions = collections.Counter()
    for (function, object_file), count in counts.items():
        rooms[room_of(function, object_file)] += count / requests
        functions[named(function, object_file)] += count / requests
    return {"instructions": sum(rooms.values()), "rooms": dict(rooms.most_common()),
            "functions": dict(functions.most_common(20))}


def kernel_share(subject, load, seconds, client_core):
    """User and system time of one answer in microseconds, at full speed and without callgrind."""
    with subject.running():
        before = http_subjects.user_and_system_seconds(subject.process.pid)
        run = http_load.run_wrk(http_load.wrk_command(subject.url(load.path, False), load.connections, seconds, False),
                                client_core)
        after = http_subjects.user_and_system_seconds(subject.process.pid)
    user, system = ((b - a) / max(run["requests"], 1) * 1e6 for a, b in zip(before, after))
    return {"user_us": user, "system_us": system}


def measure(load, setting, options):
    result = {**load.about(), "subjects": {}}
    for one in SUBJECTS:
        subject = one(setting)
        result["subjects"][subject.name] = {**profile(subject, load.path, options.requests),
                                            **kernel_share(subject, load, options.seconds, options.client_core)}
    return result


def print_result(result):
    print(f"\n{result['body']}", file=sys.stderr)
    for name, one in result["subjects"].items():
        share = one["system_us"] / ((one["user_us"] + one["system_us"]) or 1)
        print(f"{name}: {one['instructions']:,.0f} instructions of its own for each answer; CPU time"
              f" {one['user_us']:.1f} µs user + {one['system_us']:.1f} µs kernel ({share:.0%})", file=sys.stderr)
        for room, count in one["rooms"].items():
            if count >= 1:
                print(f"  {count:8,.0f}  {room}", file=sys.stderr)
    print("of the origin's functions:", file=sys.stderr)
    for function, count in result["subjects"][http_subjects.OURS]["functions"].items():
        print(f"  {count:8,.0f}  {function}", file=sys.stderr)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path, help="folder of http_origin and http_bare: BUILD/tests/bench;"
                        " built with optimization and debug information")
    parser.add_argument("--requests", type=int, default=2000, help="that callgrind counts (default 2000)")
    parser.add_argument("--seconds", type=int, default=3, help="of load for CPU times (default 3)")
    cores = sorted(os.sched_getaffinity(0))
    parser.add_argument("--server-core", default=str(cores[0]), help="the core of the servers (default: the first)")
    parser.add_argument("--client-core", default=str(cores[-1]), help="the core of wrk (default: the last)")
    parser.add_argument("--smoke", action="store_true", help="a few requests: whether the benchmark itself works")
    options = parser.parse_args()
    if options.requests < 1 or options.seconds < 1:
        parser.error("--requests and --seconds are at least 1")
    if options.smoke:
        options.requests, options.seconds = 100, 1
    return options


def main():
    options = arguments()
    missing = [program for program in ("valgrind", "wrk") if not shutil.which(program)]
    if missing:
        print(f"missing: {' '.join(missing)} (tests/install.sh bench)", file=sys.stderr)
        return SKIPPED if options.smoke else 1
    report = {"date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cpu": cpu_model(),
              "kernel": platform.release(), "requests": options.requests, "results": []}
    with tempfile.TemporaryDirectory(prefix="http-profile-", dir="/dev/shm") as folder:
        setting = http_subjects.Setting(programs=options.programs.resolve(), served=pathlib.Path(folder) / "served",
                                        scratch=pathlib.Path(folder), core=options.server_core)
        setting.served.mkdir()
        http_servers.write_bodies(setting.served)
        origin = http_subjects.Origin(setting)
        with origin.running():
            setting.bare_head_bytes = http_load.head_bytes(origin.url(LOADS[0].path, closes=False))
        for load in LOADS:
            report["results"].append(measure(load, setting, options))
            print_result(report["results"][-1])
    print(json.dumps(report, indent=1))
    for result in report["results"]:
        for name, one in result["subjects"].items():
            if one["instructions"] <= 0:
                raise AssertionError(f"{name}: no instructions for {result['body']}")
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
