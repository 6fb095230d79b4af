#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What packaging costs: the same MP4 without re-encoding into an in-memory VOD presentation of originsink, and into
HLS files on a RAM disk by ffmpeg and by hlssink2. A table goes to stderr, JSON to stdout; docs/performance.md
explains both.

GST_PLUGIN_PATH has to name the build's gst/ folder, unless the plugin is installed."""

import argparse
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import clips
import subjects

SKIPPED = 77  # what Meson takes for a skipped test
KINDS = ("whole", "start_up", "read")


def missing_tools():
    programs = [name for name in ("ffmpeg", "ffprobe", "gst-launch-1.0", "gst-inspect-1.0", "taskset")
                if not shutil.which(name)]
    if programs:
        return programs
    # Also fills GStreamer's registry, so that no measured run scans plugins. Without a version it wants GStreamer's.
    inspect = ["gst-inspect-1.0", "--exists", "--atleast-version=0.1"]
    elements = [name for name in ("originsink", "hlssink2", "qtdemux", "h264parse", "aacparse")
                if subprocess.run(inspect + [name], check=False).returncode]
    return elements if elements else [] if clips.can_encode() else ["libx264 in ffmpeg"]


def run(command, core):
    """One process on one core: its CPU time with that of its children, and its wall time."""
    with tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        process = subprocess.Popen(["taskset", "-c", str(core)] + command, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=errors)
        watchdog = threading.Timer(subjects.DEADLINE_SECONDS, process.kill)
        watchdog.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        watchdog.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        text = errors.read().decode(errors="replace")
    if process.returncode == -signal.SIGKILL:
        raise subprocess.TimeoutExpired(command, wall)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}\nended with {process.returncode}: {text}")
    return {"cpu": usage.ru_utime + usage.ru_stime, "user": usage.ru_utime, "system": usage.ru_stime, "wall": wall,
            "peak_rss_mb": usage.ru_maxrss * 1024 / 1e6}


def measure(clip, rounds, core, scratch):
    """Raw figures as {subject: {kind: [run, ...]}}, and how often each got stuck. The subjects take turns, and each
    round begins with another one, so that what else the machine does falls on all of them alike."""
    figures = {subject.name: {kind: [] for kind in KINDS} for subject in subjects.ALL}
    stuck = {subject.name: 0 for subject in subjects.ALL}
    for round_number in range(-1, rounds):  # the first one only warms caches
        turn = round_number % len(subjects.ALL)
        for subject in subjects.ALL[turn:] + subjects.ALL[:turn]:
            for kind in KINDS:
                with tempfile.TemporaryDirectory(dir=scratch) as folder:
                    source = clip.beginning if kind == "start_up" else clip.path
                    command = subject.read(source) if kind == "read" else subject.package(source, folder)
                    figure, times = subjects.insist(lambda line=command: run(line, core))
                stuck[subject.name] += times
                if round_number >= 0:
                    figures[subject.name][kind].append(figure)
    return figures, stuck


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratio(ours, peer):
    return ours / peer if peer > 0 else None


def summarize(clip, figures, stuck, written):
    frames, megabytes = sum(clip.frames.values()), clip.path.stat().st_size / 1e6
    results = {}
    for name, kinds in figures.items():
        result = {kind: {field: spread([run[field] for run in runs]) for field in runs[0]}
                  for kind, runs in kinds.items()}
        cpu = {kind: result[kind]["cpu"]["median"] for kind in KINDS}
        wall = result["whole"]["wall"]["median"]
        result["cpu_less_start_up"] = cpu["whole"] - cpu["start_up"]
        result["frames_per_second"] = frames / wall
        result["megabytes_per_second"] = megabytes / wall
        result["frames_per_cpu_second"] = frames / cpu["whole"]
        result["stuck"] = stuck[name]
        result["frames_written"] = written[name]
        result["rounds"] = kinds
        results[name] = result
    ours = results[subjects.OURS]
    ratios = {name: {"cpu": ratio(ours["whole"]["cpu"]["median"], result["whole"]["cpu"]["median"]),
                     "cpu_less_start_up": ratio(ours["cpu_less_start_up"], result["cpu_less_start_up"]),
                     "wall": ratio(ours["whole"]["wall"]["median"], result["whole"]["wall"]["median"])}
              for name, result in results.items() if name != subjects.OURS}
    return {"clip": {"name": clip.name, "about": clip.about, "seconds": clip.seconds, "frames": clip.frames,
                     "megabytes": megabytes},
            "subjects": results, "ours_to_peer": ratios}


def versions():
    def first_line(*command):
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0]
    return {"gstreamer": first_line("gst-launch-1.0", "--version"), "ffmpeg": first_line("ffmpeg", "-version")}


def cpu_model():
    info = pathlib.Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text(encoding="utf-8").splitlines()
             if line.startswith("model name")] if info.exists() else []
    return names[0] if names else platform.processor()


def print_table(result):
    clip = result["clip"]

    def line(*cells):
        print("  {:<14}{:>21}{:>9}{:>9}{:>9}{:>9}{:>10}{:>8}{:>8}".format(*cells), file=sys.stderr)

    print(f"\n{clip['about']}: {clip['megabytes']:.0f} MB, {clip['seconds']} s, "
          f"{clip['frames']['video']} + {clip['frames']['audio']} frames", file=sys.stderr)
    line("", "CPU s (min..max)", "user s", "sys s", "start-up", "net CPU", "frames/s", "MB/s", "RSS MB")
    for name, figures in result["subjects"].items():
        whole = figures["whole"]
        cpu = whole["cpu"]
        line(name, f"{cpu['median']:.3f} ({cpu['min']:.3f}..{cpu['max']:.3f})", f"{whole['user']['median']:.3f}",
             f"{whole['system']['median']:.3f}", f"{figures['start_up']['cpu']['median']:.3f}",
             f"{figures['cpu_less_start_up']:.3f}", f"{figures['frames_per_second']:.0f}",
             f"{figures['megabytes_per_second']:.0f}", f"{whole['peak_rss_mb']['median']:.0f}")
    for name, ratios in result["ours_to_peer"].items():
        cpu, net, wall = ("-" if value is None else f"{value:.2f}" for value in ratios.values())
        print(f"  {subjects.OURS} / {name}: CPU {cpu}, CPU less start-up {net}, wall {wall}", file=sys.stderr)
    for name, figures in result["subjects"].items():
        if figures["stuck"]:
            print(f"  {name} got stuck {figures['stuck']} times; those runs do not count", file=sys.stderr)
    reads = ", ".join(f"{subjects.BY_NAME[name].reader} {figures['read']['cpu']['median']:.3f}"
                      for name, figures in result["subjects"].items())
    print(f"  CPU s of only reading and demultiplexing it: {reads}", file=sys.stderr)


def check(report):
    """What holds on any machine: no time is asserted."""
    for result in report["results"]:
        frames = result["clip"]["frames"]
        if not frames.get("video") or not frames.get("audio"):
            raise AssertionError(f"the clip has {frames}")
        for name, figures in result["subjects"].items():
            if figures["frames_written"] != frames:
                raise AssertionError(f"{name} wrote {figures['frames_written']} of {frames}")
            for kind in KINDS:
                if len(figures["rounds"][kind]) != report["rounds"]:
                    raise AssertionError(f"{name}: {len(figures['rounds'][kind])} rounds of {kind}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="how often each subject runs (default 9)")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the core that all runs get")
    parser.add_argument("--clip", choices=sorted(clips.FULL), action="append", help="only this input (default: all)")
    parser.add_argument("--scratch", default="/dev/shm" if os.access("/dev/shm", os.W_OK) else None,
                        help="folder on a RAM disk that the peers write to (default /dev/shm)")
    parser.add_argument("--smoke", action="store_true", help="a tiny input once: whether the benchmark itself works")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds is at least 1")
    return options


def main():
    options = arguments()
    missing = missing_tools()
    if missing:
        print(f"missing: {', '.join(missing)}", file=sys.stderr)
        return SKIPPED if options.smoke else 1
    rounds = 1 if options.smoke else options.rounds
    names = ["smoke"] if options.smoke else options.clip or list(clips.FULL)
    report = {"date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cpu": cpu_model(), "cores": os.cpu_count(),
              "kernel": platform.release(), "load_before": os.getloadavg(), **versions(), "rounds": rounds,
              "commands": {s.name: " ".join(s.package(pathlib.Path("IN.mp4"), "OUT")) for s in subjects.ALL},
              "results": []}
    for name in names:
        clip = clips.prepare(name)
        with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
            written = {subject.name: subject.count(clip.path, folder) for subject in subjects.ALL}
        figures, stuck = measure(clip, rounds, options.core, options.scratch)
        result = summarize(clip, figures, stuck, written)
        print_table(result)
        report["results"].append(result)
    report["load_after"] = os.getloadavg()
    text = json.dumps(report, indent=1)
    print(text)
    check(json.loads(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
