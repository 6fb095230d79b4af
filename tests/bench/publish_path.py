#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the last frame of a part to its first byte at clients that wait for it over loopback: the origin, fed through
its public API in real time, and a bare epoll program that writes as many bytes to as many sockets. A table goes to
stderr, JSON to stdout.

Times are UTC of this machine: taken before the last frame is pushed (bare: before the epoll thread is woken), and by
the kernel when the first bytes of the answer arrive at a client's socket."""

import argparse
import bisect
import contextlib
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import threading
import time

FIRST = 100  # of the clients of a round: with more, those served first count
MANY = 1000  # clients, beside whose memory that of the media is nothing
SUBJECTS = ("originsink", "bare epoll")


class Server:
    """A publisher or bare_epoll, and the times that it printed."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline().split()
        if len(first) != 2:
            raise RuntimeError(f"{command[0]} does not listen")
        self.url = first[1]
        self.parts = {}
        self.times = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            _, sequence, part, moment = line.split()
            self.parts[int(sequence), int(part)] = int(moment)
            self.times.append(int(moment))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def published(self, sequence, part, arrival):
        """When the part's last frame was pushed; of a bare server, the tick before the arrival."""
        if sequence >= 0:
            return self.parts.get((sequence, part))
        before = bisect.bisect(self.times, arrival)
        return self.times[before - 1] if before else None


def measure(folder, subject, waiters, options):
    """Microseconds to the first byte at each of the first clients, round by round."""
    bytes_and_interval = [str(options.bytes), str(options.part_ms)]
    program = "publisher" if subject == "originsink" else "bare_epoll"
    with Server([folder / program, *bytes_and_interval]) as server:
        time.sleep(3)  # for the first playlist
        with Memory(server.process) as memory:
            done = subprocess.run([folder / "waiters", str(waiters), str(options.seconds), server.url],
                                  stdout=subprocess.PIPE, text=True, check=True)
        time.sleep(0.1)  # for the last line of the server
    rounds = []
    for line in done.stdout.splitlines():
        sequence, part, size, *arrivals = map(int, line.split())
        moment = server.published(sequence, part, arrivals[0])
        if moment is not None:
            rounds.append({"bytes": size, "us": [(arrival - moment) / 1e3 for arrival in arrivals],
                           "memory": memory.most / waiters})
    if not rounds:
        raise RuntimeError(f"{subject}: no round with {waiters} waiting clients was measured")
    return rounds


class Memory:
    """The most that a process has resident above what it had at first."""

    def __init__(self, process):
        self.process = process
        self.least, self.most = self._resident(), 0
        self.over = threading.Event()
        self.sampler = threading.Thread(target=self._sample)

    def _resident(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def _sample(self):
        while not self.over.wait(0.1):
            self.most = max(self.most, self._resident() - self.least)

    def __enter__(self):
        self.sampler.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.sampler.join()


def quantile(ordered, fraction):
    return ordered[min(len(ordered) - 1, max(0, -(-int(fraction * 1000) * len(ordered) // 1000) - 1))]


def summarize(rounds):
    first = sorted(latency for one in rounds for latency in one["us"][:FIRST])
    last = sorted(one["us"][-1] for one in rounds)
    return {"rounds": len(rounds), "bytes": statistics.median(one["bytes"] for one in rounds),
            "first_clients": min(FIRST, len(rounds[0]["us"])),
            "p50_us": quantile(first, 0.5), "p90_us": quantile(first, 0.9), "p99_us": quantile(first, 0.99),
            "bytes_per_client": max(one["memory"] for one in rounds), "max_us": first[-1], "last_client_p50_us": quantile(last, 0.5), "last_client_max_us": last[-1]}


def print_table(results):
    def line(*cells):
        print("{:>8} {:<12}{:>8}{:>10}{:>10}{:>10}{:>10}{:>10}{:>12}{:>10}".format(*cells), file=sys.stderr)

    line("waiting", "", "rounds", "bytes", "p50 ms", "p90 ms", "p99 ms", "max ms", "last client", "kB/client")
    for result in results:
        for subject in SUBJECTS:
            row = result[subject]
            figures = [f"{row[name] / 1e3:.3f}" for name in ("p50_us", "p90_us", "p99_us", "max_us", "last_client_p50_us")]
            line(result["waiting"], subject, row["rounds"], f"{row['bytes']:.0f}", *figures,
                 f"{row['bytes_per_client'] / 1e3:.1f}" if result["waiting"] >= MANY else "")
        ratio = result["ours_to_bare"]
        print(f"         ratio: p50 {ratio['p50']:.2f}, p99 {ratio['p99']:.2f}", file=sys.stderr)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path, help="folder of publisher, bare_epoll and waiters: BUILD/tests/bench")
    parser.add_argument("--waiting", type=int, action="append", help="clients that wait (default: 1, 100 and 1000)")
    parser.add_argument("--seconds", type=int, default=20, help="of each run (default 20)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, in turn (default 3)")
    parser.add_argument("--bytes", type=int, default=30_000, help="of a part, about (default 30000)")
    parser.add_argument("--part-ms", type=int, default=500, help="length of a part (default 500)")
    return parser.parse_args()


def main():
    options = arguments()
    report = {"date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cores": os.cpu_count(),
              "kernel": platform.release(), "load_before": os.getloadavg(), "part_ms": options.part_ms, "results": []}
    for waiting in options.waiting or [1, 100, 1000]:
        rounds = {subject: [] for subject in SUBJECTS}
        for number in range(options.rounds):
            for subject in SUBJECTS if number % 2 == 0 else reversed(SUBJECTS):
                rounds[subject] += measure(options.programs, subject, waiting, options)
        result = {"waiting": waiting, **{subject: summarize(rounds[subject]) for subject in SUBJECTS}}
        ours, bare = (result[subject] for subject in SUBJECTS)
        result["ours_to_bare"] = {name: ours[f"{name}_us"] / bare[f"{name}_us"] for name in ("p50", "p99")}
        report["results"].append(result)
    report["load_after"] = os.getloadavg()
    print_table(report["results"])
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
