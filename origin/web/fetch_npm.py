#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Install the locked npm packages into the build directory and copy out the files the pages embed.

Never fails the build: without npm on the path, or without a registry to reach, the outputs are empty and the pages say
so; the next run tries again. Outputs that are right already are not touched.
`fetch_npm.py SOURCE_DIR WORK_DIR PACKAGE_FILE=OUTPUT...`
"""

import pathlib
import shutil
import subprocess
import sys

LOCKED = ("package.json", "package-lock.json", ".npmrc")
# Every build tries again: a registry out of reach must not hold it up for long.
OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1",
           "--fetch-retry-mintimeout=1000")


def install(source, work):
    """Run `npm ci` in `work`, unless the same lock was installed there before. Returns why it failed, or None."""
    lock = (source / "package-lock.json").read_bytes()
    installed = work / "installed-lock.json"
    if installed.exists() and installed.read_bytes() == lock:
        return None
    npm = shutil.which("npm")
    if not npm:
        return "npm was not found"
    work.mkdir(parents=True, exist_ok=True)
    for name in LOCKED:
        shutil.copyfile(source / name, work / name)
    try:
        done = subprocess.run([npm, "ci", *OPTIONS], cwd=work, capture_output=True, text=True, timeout=180, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode != 0:
        return done.stderr.strip() or f"npm exited with {done.returncode}"
    installed.write_bytes(lock)
    return None


def main(source, work, *copies):
    source, work = pathlib.Path(source), pathlib.Path(work)
    problem = install(source, work)
    if problem:
        print(f"The player page is built without hls.js: {problem}", file=sys.stderr)
    for copy in copies:
        packaged, output = copy.split("=", 1)
        packaged, output = work / "node_modules" / packaged, pathlib.Path(output)
        content = b"" if problem or not packaged.exists() else packaged.read_bytes()
        if not output.exists() or output.read_bytes() != content:
            output.write_bytes(content)


if __name__ == "__main__":
    main(*sys.argv[1:])
