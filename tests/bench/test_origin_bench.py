#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""origin-bench against servers that keep their word in every way it knows, and against servers that break it in one:
each has to be told by its name, and no other.

    test_origin_bench.py ORIGIN_BENCH"""

import concurrent.futures
import json
import socket
import subprocess
import sys

import ll_server

CLIENTS = 8
SECONDS = 2.5

# What the server does, the tool's options, what is measured, and by what the time of publication is known.
HONEST = [
    ({}, [], "hinted part", "header"),
    ({}, ["--parts=listed"], "part", "header"),
    ({}, ["--parts=none"], "held playlist", "header"),
    ({}, ["--parts=listed", "--delta", "--gzip"], "part", "header"),
    ({}, ["--rendition=all"], "hinted part", "header"),
    ({"published": "rfc3339"}, [], "hinted part", "header"),
    ({"published": "prft"}, [], "hinted part", "prft"),
    ({"published": "prft", "chunked": True}, [], "hinted part", "prft"),
    ({"published": "date"}, [], "hinted part", "program-date-time"),
    ({"published": "date"}, ["--parts=listed", "--delta"], "part", "program-date-time"),
    ({"close": True}, ["--parts=listed"], "part", "header"),
    ({"one_file": True}, [], "hinted part", "header"),
    ({"one_file": True}, ["--parts=listed"], "part", "header"),
    ({"redirects": 1}, [], "hinted part", "header"),
    ({"redirects": 5}, ["--parts=listed", "--delta", "--rendition=all"], "part", "header"),
    ({"low_latency": False}, [], "segment", "header"),
    ({"low_latency": False, "published": "last-modified"}, [], "segment", "last-modified"),
]

# How the server lies, the tool's options, and what that is called.
LYING = [
    ("stale", ["--parts=listed"], {"playlist without what was waited for"}),
    ("refused", [], {"reload refused"}),
    ("back", ["--parts=listed"], {"playlist went back", "playlist without what was waited for"}),
    ("no-playlist", [], None),
    ("delta", ["--delta"], {"unusable delta update"}),
    ("missing", ["--parts=listed"], {"listed part or segment missing"}),
    ("hint-missing", [], {"hinted part missing"}),
    ("hint-renamed", [], {"hinted part not listed"}),
    ("short", [], {"truncated body"}),
    ("cut-box", [], {"truncated body"}),
    ("no-http", [], {"malformed response"}),
    ("silent", ["--timeout=0.3", "--seconds=5"], {"held for more than three target durations"}),
    ("slow", ["--parts=none", "--seconds=7"], {"held for more than three target durations"}),
    ("no-range", [], {"range ignored"}),
]

# Where redirects lead to nothing: the server, and what is told of it.
ASTRAY = [
    ({"redirects": 6}, "more than 5 times"),
    ({"media_location": ""}, "without a Location"),
    ({"media_location": "part1.m4s"}, "more than 5 times"),
    ({"media_location": "https://127.0.0.1/part.m4s"}, "TLS"),
    ({"media_location": "http://127.0.0.1:1/part.m4s"}, "another server"),
]

# Bad options: what the message has to name.
REFUSED = [
    (["--clients=0"], ["--clients=0", "from 1 to"]),
    (["--clients", "many"], ["--clients=many", "from 1 to"]),
    (["--clients=900000"], ["--clients=900000", "descriptors"]),
    (["--seconds=-1"], ["--seconds=-1", "0.1"]),
    (["--parts=some"], ["--parts=some", "hinted, listed or none"]),
    (["--rendition=4k"], ["--rendition=4k", "media.m3u8"]),
    (["--header=nonsense"], ["--header=nonsense", "Authorization"]),
    (["--published-header=a b"], ["--published-header=a b", "Origin-Published"]),
    (["--json="], ["--json=", "file name"]),
    (["--delta=1"], ["--delta", "'1'"]),
    (["--speed=3"], ["--speed", "--seconds"]),
    (["http://127.0.0.1/second"], ["http://127.0.0.1/second"]),
]


def bench(tool, url, *options):
    return subprocess.run([tool, url, *options], capture_output=True, text=True, timeout=60, check=False)


def measure(tool, server, options):
    done = bench(tool, server.url, f"--clients={CLIENTS}", f"--seconds={SECONDS}", "--json=-", *options)
    assert done.returncode in (0, 1), done
    return done.returncode, json.loads(done.stdout)


def check_honest(tool, settings, options, kind, source):
    with ll_server.Server(**settings) as server:
        status, report = measure(tool, server, options)
    assert status == 0, report
    assert not report["violations"] and not report["errors"], report
    assert report["clients_joined"] == CLIENTS, report
    latencies = {(row["of"], row["by"]): row for row in report["publication_to_last_byte"]}
    row = latencies.get((kind, source))
    assert row and row["count"] >= CLIENTS, report
    # Last-Modified is cut to whole seconds and a date is rounded: only these may be before their time.
    assert row["negative"] == 0 or source == "program-date-time", report
    assert row["p50_ms"] <= row["p90_ms"] <= row["p99_ms"] <= row["max_ms"], report
    assert {by for of, by in latencies if of == kind} == {source}, report
    again = report["reconnections"]
    assert again > 0 if settings.get("close") else again == 0, report
    assert (report["redirects"] >= settings["redirects"] * CLIENTS if "redirects" in settings
            else report["redirects"] == 0), report
    if kind != "held playlist":
        parts = report["parts"]
        expected = CLIENTS // 2 if "--rendition=all" in options else CLIENTS
        assert parts and all(0 < part["served"] <= part["clients"] for part in parts), report
        assert all(part["clients"] == expected for part in parts), report
        assert any(part["served"] == expected for part in parts), report


def check_lie(tool, lie, options, expected):
    with ll_server.Server(lie=lie, one_file=lie == "no-range") as server:
        if expected is None:
            done = bench(tool, server.url, *options)
            assert done.returncode == 2 and "#EXTM3U" in done.stderr, done
            return
        status, report = measure(tool, server, options)
    assert status == 1 and set(report["violations"]) == expected, report
    assert not report["errors"], report
    for violation in report["violations"].values():
        assert violation["count"] > 0 and violation["first"], report


def check_astray(tool, settings, words):
    """A playlist has to be found before anything is measured; media are an error each."""
    with ll_server.Server(**settings) as server:
        if "redirects" in settings:
            done = bench(tool, server.url)
            assert done.returncode == 2 and words in done.stderr, done
            return
        _, report = measure(tool, server, [])
    assert set(report["errors"]) == {"redirect that cannot be followed"} and not report["violations"], report
    assert words in report["errors"]["redirect that cannot be followed"]["first"], report


def check_refused(tool, options, words):
    with ll_server.Server() as server:
        done = bench(tool, server.url, *options)
    assert done.returncode == 2 and not done.stdout, done
    assert all(word in done.stderr for word in words), done


def check_no_server(tool):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        done = bench(tool, f"http://127.0.0.1:{taken.getsockname()[1]}/x.m3u8")
    assert done.returncode == 2 and "refused" in done.stderr, done
    for url, word in (("https://host/x", "TLS"), ("live/index.m3u8", "http://"), ("http://a:x/", "port")):
        done = bench(tool, url)
        assert done.returncode == 2 and word in done.stderr and url in done.stderr, done


def main(tool):
    cases = [(f"honest {settings} {' '.join(options)}", check_honest, (settings, options, kind, source))
             for settings, options, kind, source in HONEST]
    cases += [(f"lie: {ll_server.LIES[lie]}", check_lie, (lie, options, expected)) for lie, options, expected in LYING]
    cases += [(f"astray {settings}", check_astray, (settings, words)) for settings, words in ASTRAY]
    cases += [(f"refused {' '.join(options)}", check_refused, (options, words)) for options, words in REFUSED]
    cases.append(("no server", check_no_server, ()))
    assert {lie for lie, *_ in LYING} == set(ll_server.LIES)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        futures = [(name, pool.submit(check, tool, *arguments)) for name, check, arguments in cases]
        for name, future in futures:
            try:
                future.result()
                print(f"ok      {name}")
            except AssertionError as error:
                failed += 1
                print(f"FAILED  {name}: {error}")
    print(f"{len(cases)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
