#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Follows a live HLS presentation of any server and says of each clause whether it is obeyed.

Exit status: 0 all that was seen obeys, 1 something is violated, 2 nothing was seen.
"""

import argparse
import asyncio
import json
import os
import pathlib
import sys

# The reader of boxes is that of the end-to-end tests.
sys.path.append(os.fspath(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import clauses
import client
import observations
import transport

SITUATIONS = ("restart", "stall", "replanned", "unforeseen", "unmeasured")


def follow(url, seconds, slack=0.25, tolerated=()):
    """A session of so many seconds."""
    async def run():
        http = transport.Http()
        try:
            return await client.Client(http, url).run(seconds)
        finally:
            http.close()
    return observations.Session(asyncio.run(run()), slack, tolerated)


def report(findings, everything=False):
    """A line for each clause that is violated, or for each."""
    lines = []
    for finding in findings.values():
        if everything or finding.violations:
            line = f"{finding.clause.number} {finding.clause.name}: {finding.outcome}"
            if finding.violations:
                line += (f" ({len(finding.violations)} of {finding.seen}): {finding.clause.statement}\n"
                         f"    {finding.violations[0]}")
            lines.append(line + (f" ({finding.seen})" if finding.outcome == "ok" else ""))
    return "\n".join(lines)


def as_json(findings):
    return [{"clause": finding.clause.number, "name": finding.clause.name, "statement": finding.clause.statement,
             "outcome": finding.outcome, "seen": finding.seen, "violations": len(finding.violations),
             "first": finding.violations[0] if finding.violations else None} for finding in findings.values()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of the multivariant playlist")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--slack", type=float, default=0.25,
                        help="seconds that a thing may reach this client later than the clause says")
    parser.add_argument("--tolerate", action="append", default=[], choices=SITUATIONS,
                        help="restart: the publisher goes and returns; stall: its source pauses; replanned: segments "
                             "end earlier than was hinted; unforeseen: a format changes where a segment had just "
                             "ended; unmeasured: it has just begun, its rates are not known")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    session = follow(options.url, options.seconds, options.slack, options.tolerate)
    findings = clauses.judge(session)
    if options.json:
        json.dump(as_json(findings), sys.stdout, indent=1)
        print()
    else:
        print(report(findings, everything=True))
    if not session.playlists:
        return 2
    return 1 if any(finding.outcome == "violated" for finding in findings.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
