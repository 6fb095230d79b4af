# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of what goes on in real time. Where others keep the processors busy, sources leave out frames,
jitter buffers drop what comes late and players fall behind, whatever the origin does: what failed is tried again then,
and only then."""

import functools
import sys
import unittest
from pathlib import Path

ATTEMPTS = 3
# Share of the time of all processors that was left over.
BUSY = 0.2


def processor_times():
    """Ticks that all processors had nothing to do, and all that there were."""
    fields = [int(field) for field in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return fields[3] + fields[4], sum(fields)


def _again_if_busy(method):
    for attempt in range(1, ATTEMPTS + 1):
        idle, every = processor_times()
        try:
            return method()
        except unittest.SkipTest:
            raise
        except Exception as error:
            idle_after, every_after = processor_times()
            left = (idle_after - idle) / max(1, every_after - every)
            if left > BUSY or attempt == ATTEMPTS:
                raise
            print(f"tried again, for all processors were busy: {str(error)[:1000]}", file=sys.stderr, flush=True)


class RealTime(unittest.TestCase):
    """A test case whose tests are tried again on a busy machine."""

    def __init__(self, name="runTest"):
        super().__init__(name)
        setattr(self, name, functools.partial(_again_if_busy, getattr(self, name)))
