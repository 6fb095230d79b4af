#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Adds up what `meson test` logged in the build folders given, and prints the closing line of tests/run.sh."""

import json
import pathlib
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}


def main(folders):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for folder in folders:
        log = pathlib.Path(folder) / "meson-logs" / "testlog.json"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        if not lines:
            print(f"{folder}: no test ran")
            counts["failed"] += 1
        for result in map(json.loads, lines):
            kind = result["result"]
            bucket = "passed" if kind in PASSED else "skipped" if kind in SKIPPED else "failed"
            counts[bucket] += 1
            if bucket != "passed":
                print(f"{folder}: {result['name']}: {kind}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
