#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tables of http_servers.py. As a program: prints those of a report in JSON again.
  http_table.py http.json"""

import json
import pathlib
import statistics
import sys

import http_subjects

CROWD = 1000  # connections from which on fairness is a question
BUSY = 0.9  # of a core: below, the server waited for wrk or was not let run


def put(text=""):
    print(text, file=sys.stderr, flush=True)


def number(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def with_range(figure):
    return "-" if figure is None else f"{figure['median']:.2f} ({figure['min']:.2f}..{figure['max']:.2f})"


def median(figure, scale=1.0):
    return None if figure is None else figure["median"] * scale


def load_cells(result):
    return [result["body"], f"{result['connections']:,}", "one per request" if result["closes"] else "keep-alive"]


def title(result):
    return "{}, {} connections, {}".format(*load_cells(result))


def put_row(*cells):
    put(f"| {' | '.join(cells)} |")


def marks(*figures):
    """! after errors that wrk has counted, ≈ where a server was not busy, so that its rate is not its own."""
    return ("!" if any(sum(one["errors"].values()) for one in figures) else "") + (
        "≈" if any(one["busy"]["median"] < BUSY for one in figures) else "")


def print_load(result):
    line = "  {:<13}{:>11}{:>8}{:>9}{:>9}{:>9}{:>6}{:>6} {:<3}{:>22}{:>22}{:>22}{:>22}"
    put(f"\n{title(result)}")
    put(line.format("", "requests/s", "MB/s", "p50 ms", "p99 ms", "CPU us", "busy", "wrk", "",
                    "requests/s", "CPU", "p50", "p99") + "   (origin to it)")
    for name, figures in result["subjects"].items():
        ratios = figures.get("ours_to_it", {})
        put(line.format(name, number(median(figures["requests_per_second"]), 0),
                        number(median(figures["bytes_per_second"], 1e-6), 0), number(median(figures["p50_us"], 1e-3)),
                        number(median(figures["p99_us"], 1e-3)), number(median(figures["cpu_us"]), 1),
                        number(median(figures["busy"])), number(median(figures["client_busy"])), marks(figures),
                        *(with_range(ratios[figure]) if ratios else ""
                          for figure in ("requests_per_second", "cpu_us", "p50_us", "p99_us"))))
        if any(figures["errors"].values()):
            put(f"    errors: {', '.join(f'{count} {kind}' for kind, count in figures['errors'].items() if count)}")


def wait_cell(figures):
    """The worst request: in milliseconds, and in medians of the same round."""
    rounds = [one for one in figures["rounds"] if one["p50_us"]]
    if not rounds:
        return "-"
    worst = statistics.median(one["max_us"] for one in rounds)
    return f"{worst / 1e3:,.0f} ({statistics.median(one['max_us'] / one['p50_us'] for one in rounds):.1f})"


def print_waits(report):
    """Whether a server lets any of many connections wait much longer than others; in Markdown."""
    results = [result for result in report["results"] if result["connections"] >= CROWD]
    if not results:
        return
    names = list(results[0]["subjects"])
    put("\nWorst request in ms (times the median), median of the rounds; of answers that were complete\n")
    put(f"| | connections | | {' | '.join(names)} |\n|{'---|' * (3 + len(names))}")
    for result in results:
        put_row(*load_cells(result), *(wait_cell(result["subjects"][name]) for name in names))


def print_memory(report):
    put(f"\n| | kB for each of {report['idle_connections']} idle connections |\n|---|---|")
    for name, size in report["bytes_per_connection"].items():
        put(f"| {name} | {size / 1e3:.2f} |")


def ratio_cell(ours, peer):
    ratios = peer["ours_to_it"]
    rate = ratios["requests_per_second"]
    if rate is None:
        return "-"
    others = " · ".join(number(median(ratios[figure])) for figure in ("cpu_us", "p50_us", "p99_us"))
    return f"{rate['median']:.2f} ({rate['min']:.2f}–{rate['max']:.2f}) · {others} {marks(ours, peer)}".rstrip()


def print_ratios(report):
    """In Markdown, for docs/performance.md."""
    results = [result for result in report["results"] if http_subjects.OURS in result["subjects"]]
    if not results:
        return
    peers = [name for name in results[0]["subjects"] if name != http_subjects.OURS]
    put("\nOrigin to peer: requests/s (range of the rounds) · CPU per request · p50 · p99;  "
        "!: errors, ≈: a server waited, for wrk or for its core\n")
    put(f"| | connections | | origin, requests/s | {' | '.join(peers)} |\n|{'---|' * (4 + len(peers))}")
    for result in results:
        ours = result["subjects"][http_subjects.OURS]
        put_row(*load_cells(result), f"{ours['requests_per_second']['median']:,.0f} {marks(ours)}".rstrip(),
                *(ratio_cell(ours, result["subjects"][peer]) for peer in peers))


def print_scale(results):
    put("\nRequests for each second of CPU time, median of the rounds\n")
    put("| | connections | | server: 1 worker | 2 workers | wrk: 1 worker | 2 workers | worth of 2 workers "
        "| two to one |\n|" + "---|" * 9)
    for result in results:
        def middle(figure, workers, rounds=result["rounds"]):
            return statistics.median(turn[workers][figure] for turn in rounds)
        cells = [f"{middle(f'requests_per_{side}_cpu_second', workers):,.0f}"
                 for side in ("server", "client") for workers in ("1", "2")]
        put_row(*load_cells(result), *cells, f"{middle('workers_worth', '2'):.2f}", with_range(result["two_to_one"]))


def main():
    if len(sys.argv) != 2:
        put(__doc__)
        return 2
    report = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    for result in report["results"]:
        print_load(result)
    if "scale" in report:
        print_scale(report["scale"])
    if "bytes_per_connection" in report:
        print_memory(report)
    print_ratios(report)
    print_waits(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
