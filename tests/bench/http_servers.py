#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The origin's HTTP server beside nginx (files on a RAM disk, sendfile, open_file_cache), Varnish (malloc, all hits),
plain SoupServer and a program that has no HTTP logic: each on one core, wrk on another one, in turn. Tables go to
stderr, JSON to stdout; docs/performance.md explains both. What is missing is installed where that can be done without
a question."""

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import platform
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import http_load
import http_scale
import http_subjects
import http_table
from packager import SKIPPED, cpu_model, ratio

INSTALLER = pathlib.Path(__file__).resolve().parent.parent / "install.sh"
MOST_DESCRIPTORS = 1 << 18
IDLE_CONNECTIONS = 5000
RATIOS = ("requests_per_second", "cpu_us", "p50_us", "p99_us", "max_us")
FIGURES = (*RATIOS, "bytes_per_second", "busy", "client_busy")


@dataclasses.dataclass(frozen=True)
class Body:
    path: str
    size: int
    about: str


BODIES = {"playlist": Body("bench/playlist.m3u8", 1_500, "1.5 kB playlist"),
          "part": Body("bench/part.m4s", 100_000, "100 kB part"),
          "segment": Body("bench/segment.m4s", 1_000_000, "1 MB segment"),
          "large": Body("bench/large.m4s", 6_000_000, "6 MB segment")}


@dataclasses.dataclass(frozen=True)
class Load:
    """One line of the tables: what is asked for, over how many connections, and whether each request gets its own."""
    body: str
    connections: int
    closes: bool

    @property
    def words(self):
        return [self.body, str(self.connections), "close" if self.closes else "keep-alive"]

    @property
    def path(self):
        return BODIES[self.body].path

    def about(self):
        return {"body": BODIES[self.body].about, "connections": self.connections, "closes": self.closes}


LOADS = [Load(body, connections, closes) for closes in (False, True) for body in BODIES
         for connections in (64, 1000, 5000)]
SMOKE_LOADS = [Load("playlist", 8, False), Load("playlist", 8, True), Load("large", 8, False)]
SCALE_LOADS = [Load(body, connections, closes) for body, connections, closes in
               (("playlist", 64, False), ("playlist", 1000, False), ("playlist", 64, True), ("segment", 64, False))]


def write_bodies(folder):
    for body in BODIES.values():
        path = folder / body.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(os.urandom(body.size))
        os.utime(path, (http_subjects.MODIFIED, http_subjects.MODIFIED))


def raise_descriptor_limit():
    """For this process and all that it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_DESCRIPTORS, MOST_DESCRIPTORS))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def install_missing(classes):
    """Where this is root, or may become it without a password."""
    if all(one.installed() for one in classes) and shutil.which("wrk"):
        return
    if os.geteuid() and subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode:
        return
    subprocess.run([INSTALLER, "bench"], check=False, stdout=sys.stderr)


def measure(load, subjects, options):
    """{subject: [run, ...]}. The subjects take turns, and each round begins with another one, so that what else the
    machine does falls on all of them alike. One short unmeasured round comes first."""
    runs = {subject.name: [] for subject in subjects}
    for number in range(-1, options.rounds):
        turn = number % len(subjects)
        for subject in subjects[turn:] + subjects[:turn]:
            run = http_load.measure(subject, load.path, load.connections, options.seconds if number >= 0 else 1,
                                    load.closes, options.client_core)
            if number >= 0:
                runs[subject.name].append(run)
    return runs


def spread(values):
    known = [value for value in values if value is not None]
    return {"median": statistics.median(known), "min": min(known), "max": max(known)} if known else None


def round_ratios(ours, theirs, figure):
    return [None if our[figure] is None or their[figure] is None else ratio(our[figure], their[figure])
            for our, their in zip(ours, theirs)]


def summarize(load, runs):
    ours = runs.get(http_subjects.OURS)
    results = {}
    for name, rounds in runs.items():
        result = {figure: spread([one[figure] for one in rounds]) for figure in FIGURES}
        result["errors"] = {kind: sum(one["errors"][kind] for one in rounds) for kind in rounds[0]["errors"]}
        if ours and name != http_subjects.OURS:
            result["ours_to_it"] = {figure: spread(round_ratios(ours, rounds, figure)) for figure in RATIOS}
        result["rounds"] = rounds
        results[name] = result
    return {**load.about(), "subjects": results}


def commands(subjects, options):
    """All command lines, of servers that run."""
    lines = {subject.name: " ".join(["taskset", "-c", subject.setting.core, *map(str, subject.command())])
             for subject in subjects}
    load = options.loads[0]
    wrk = http_load.wrk_command("URL", load.connections, options.seconds, load.closes)
    return {**lines, "wrk": " ".join(["taskset", "-c", options.client_core, *wrk])}


def run(options, setting, report):
    subjects = [one(setting) for one in options.subjects]
    with contextlib.ExitStack() as running:
        origin = http_subjects.Origin(setting)
        with origin.running():
            setting.bare_head_bytes = http_load.head_bytes(origin.url(options.loads[0].path, closes=False))
        for subject in subjects:
            running.enter_context(subject.running())
            http_load.verify(subject, [body.path for body in BODIES.values()])
        report["versions"] = {subject.name: subject.version() for subject in subjects}
        report["head_bytes"] = {subject.name: http_load.head_bytes(subject.url(options.loads[0].path, closes=False))
                                for subject in subjects}
        report["commands"] = commands(subjects, options)
        for load in options.loads:
            report["results"].append(summarize(load, measure(load, subjects, options)))
            http_table.print_load(report["results"][-1])
    if options.idle:
        report["idle_connections"] = options.idle
        report["bytes_per_connection"] = {
            subject.name: http_load.memory_per_connection(subject, BODIES["playlist"].path, options.idle)
            for subject in subjects}
        http_table.print_memory(report)


def check(report, options):
    """What holds on any machine: no time is asserted."""
    if len(report["results"]) != len(options.loads):
        raise AssertionError(f"{len(report['results'])} results of {len(options.loads)} loads")
    for result in report["results"]:
        for name, figures in result["subjects"].items():
            rounds = figures["rounds"]
            if len(rounds) != options.rounds or not all(one["bytes_per_second"] for one in rounds):
                raise AssertionError(f"{name}: {rounds}")
            if name == http_subjects.OURS and any(figures["errors"].values()):
                raise AssertionError(f"errors of {name}: {figures['errors']}")


def selected(loads, only):
    """Those that have all words of one of the selections: "playlist 64"."""
    return [load for load in loads if not only or any(set(one.split()) <= set(load.words) for one in only)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path,
                        help="folder of http_origin, http_soup and http_bare: BUILD/tests/bench")
    parser.add_argument("--rounds", type=int, default=5, help="how often each server's turn comes (default 5)")
    parser.add_argument("--seconds", type=int, default=3, help="of each turn (default 3)")
    parser.add_argument("--only", action="append", metavar="WORDS", help="only loads with all of these words, such as"
                        f" 'playlist 64 close' ({', '.join(BODIES)}; 64, 1000, 5000; keep-alive, close); repeatable")
    parser.add_argument("--subject", action="append", choices=[one.name for one in http_subjects.ALL],
                        help="only this server (default: all); repeatable")
    parser.add_argument("--idle", type=int, default=IDLE_CONNECTIONS,
                        help=f"connections whose memory is measured (default {IDLE_CONNECTIONS}; 0: none)")
    cores = sorted(os.sched_getaffinity(0))
    parser.add_argument("--server-core", default=str(cores[0]), help="the core of the servers (default: the first)")
    parser.add_argument("--client-core", default=str(cores[-1]), help="the core of wrk (default: the last)")
    parser.add_argument("--scratch", default="/dev/shm", help="folder on a RAM disk (default /dev/shm)")
    parser.add_argument("--scale", action="store_true", help="instead: the origin with two workers and with one")
    parser.add_argument("--smoke", action="store_true",
                        help="a few seconds with what is installed: whether the benchmark itself works")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 1 or options.idle < 0:
        parser.error("--rounds and --seconds are at least 1, --idle at least 0")
    if options.smoke:
        options.rounds, options.seconds, options.idle = 1, 1, 100
    loads = SMOKE_LOADS if options.smoke else SCALE_LOADS if options.scale else LOADS
    options.loads = selected(loads, options.only)
    if not options.loads:
        parser.error(f"no load has the words of --only; there are {', '.join(' '.join(load.words) for load in loads)}")
    options.subjects = [one for one in http_subjects.ALL if not options.subject or one.name in options.subject]
    return options


def prepare(options):
    """Installs what is missing and leaves out what still is. False without wrk."""
    if not options.smoke:
        install_missing(options.subjects)
    for program in sorted({one.program or one.name for one in options.subjects if not one.installed()}):
        print(f"missing: {program} (tests/install.sh bench), goes on without it", file=sys.stderr)
    options.subjects = [one for one in options.subjects if one.installed()]
    if not shutil.which("wrk"):
        print("missing: wrk (tests/install.sh bench)", file=sys.stderr)
        return False
    return True


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    if not prepare(options):
        return SKIPPED if options.smoke else 1
    raise_descriptor_limit()
    report = {"date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cpu": cpu_model(), "cores": os.cpu_count(),
              "kernel": platform.release(), "load_before": os.getloadavg(), "rounds": options.rounds,
              "seconds": options.seconds, "wrk": http_load.wrk_version(), "results": []}
    with tempfile.TemporaryDirectory(prefix="http-bench-", dir=options.scratch) as folder:
        os.chmod(folder, 0o755)  # nginx reads it as another user
        setting = http_subjects.Setting(programs=options.programs.resolve(), served=pathlib.Path(folder) / "served",
                                        scratch=pathlib.Path(folder), core=options.server_core)
        setting.served.mkdir()
        write_bodies(setting.served)
        if options.scale or options.smoke:
            loads = options.loads if options.scale else options.loads[:1]
            report["scale"] = [http_scale.measure(load, setting, options) for load in loads]
            http_table.print_scale(report["scale"])
        if not options.scale:
            run(options, setting, report)
    report["load_after"] = os.getloadavg()
    http_table.print_ratios(report)
    http_table.print_waits(report)
    print(json.dumps(report, indent=1))
    if not options.scale:
        check(report, options)
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
