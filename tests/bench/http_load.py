# SPDX-License-Identifier: LGPL-2.1-or-later
"""What http_servers.py does to a server: requests by wrk, idle connections, and a look whether answers are right."""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.parse

import http_subjects

SCRIPT = pathlib.Path(__file__).with_name("http_wrk.lua")
TIMEOUT_SECONDS = 10  # wrk counts answers that took longer as errors, and leaves them out of its quantiles
# Bodies from this size on take so long with many connections that what was sent of unfinished answers has to count: a
# server that is fair to all of them may finish none within a turn.
PARTIAL_BYTES = 100_000
MOST_SETTLING_SECONDS = 5
REST_SECONDS = 0.5  # for a server to come to rest before its memory is read


def wrk_version():
    # Its usage, which ends with 1, begins with the version.
    return subprocess.run(["wrk", "-v"], check=False, capture_output=True, text=True).stdout.splitlines()[0]


def wrk_command(url, connections, seconds, closes, threads=1):
    command = ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s",
               "--timeout", f"{TIMEOUT_SECONDS}s", "-s", str(SCRIPT), url]
    return command + ["--", "close"] if closes else command


def run_wrk(command, core):
    """What wrk has measured, as http_wrk.lua prints it, and wrk's own CPU time."""
    process = subprocess.Popen(["taskset", "-c", core, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, start_new_session=True)
    try:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        process.stdout.close()
        if process.returncode is None:
            process.kill()
            process.wait()
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if process.returncode or not lines:
        raise RuntimeError(f"{' '.join(command)}\nended with {process.returncode}: {output}")
    return {**json.loads(lines[-1]), "client_cpu": usage.ru_utime + usage.ru_stime}


def settle(subject):
    """Returns once a server has dealt with wrk's leaving, so that it does not fall into the next one's turn."""
    until = time.monotonic() + MOST_SETTLING_SECONDS
    while time.monotonic() < until:
        before = http_subjects.cpu_seconds(subject.process.pid)
        time.sleep(0.1)
        if http_subjects.cpu_seconds(subject.process.pid) - before < 0.02:
            return


def measure(subject, path, connections, seconds, closes, core, threads=1):
    """One run of wrk against a running server. Rates are per second, times in microseconds."""
    if subject.fresh_for_each_run:
        subject.restart()
    url = subject.url(path, closes)
    size = (subject.setting.served / path).stat().st_size
    answer_bytes = head_bytes(url) + size
    command = wrk_command(url, connections, seconds, closes, threads)
    before = http_subjects.cpu_seconds(subject.process.pid)
    run = run_wrk(command, core)
    cpu = http_subjects.cpu_seconds(subject.process.pid) - before
    settle(subject)
    duration = run["us"] / 1e6
    requests = run["bytes"] / answer_bytes if size >= PARTIAL_BYTES else run["requests"]
    quantiles = {name: run[name] if run["requests"] else None for name in ("p50_us", "p99_us", "max_us")}
    return {"requests_per_second": requests / duration, "bytes_per_second": run["bytes"] / duration, **quantiles,
            "cpu_us": cpu / requests * 1e6 if requests else None, "busy": cpu / duration,
            "client_busy": run["client_cpu"] / duration, "requests": requests, "completed": run["requests"],
            "errors": run["errors"], "server_cpu": cpu, "client_cpu": run["client_cpu"]}


def fetch(url, closes=False):
    """Status, headers and body of one request."""
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", address.path, headers={"Connection": "close"} if closes else {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()


def verify(subject, paths):
    """Fails unless every file comes as it is in the served folder, the second time from a cache if it comes through
    one, and the connection is kept or closed as asked for."""
    for path in paths:
        expected = hashlib.sha256((subject.setting.served / path).read_bytes()).hexdigest()
        for closes in (False, True):
            status, headers, body = fetch(subject.url(path, closes), closes)
            if status != 200 or hashlib.sha256(body).hexdigest() != expected:
                raise RuntimeError(f"{subject.name}: {path} comes with {status} and {len(body)} bytes, not the file's")
            said = headers.get("Connection", "keep-alive").lower()
            if (said == "close") != closes:
                raise RuntimeError(f"{subject.name}: Connection: {said}, where close was asked for: {closes}")
        if len(headers.get("X-Varnish", "hit and miss").split()) == 1:  # a hit names two requests
            raise RuntimeError(f"{subject.name}: {path} is not in the cache")


def head_bytes(url):
    """The size of a response head, with its empty line."""
    address = urllib.parse.urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        return len(read_answer(connection, address.path)[0])


def read_answer(connection, path):
    """Head and body of a request on a connection that stays."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    received = b""
    while b"\r\n\r\n" not in received:
        received += receive(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                  if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += receive(connection)
    return head + b"\r\n\r\n", body


def receive(connection):
    data = connection.recv(65536)
    if not data:
        raise RuntimeError("a connection was closed in the middle of an answer")
    return data


def memory_per_connection(subject, path, count):
    """Bytes of memory that a fresh server has for each of so many idle connections, each after one request. What the
    kernel has for their sockets is not in it."""
    with subject.running(), contextlib.ExitStack() as connections:
        address = urllib.parse.urlsplit(subject.url(path, closes=False))

        def connect():
            connection = connections.enter_context(
                socket.create_connection((address.hostname, address.port), timeout=10))
            read_answer(connection, address.path)
            return connection

        connect()  # what comes with the first request
        time.sleep(REST_SECONDS)
        before = http_subjects.memory_bytes(subject.process.pid)
        kept = [connect() for _ in range(count)]
        time.sleep(REST_SECONDS)
        after = http_subjects.memory_bytes(subject.process.pid)
        for connection in kept:  # all of them were there until now
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                if connection.recv(1) == b"":
                    raise RuntimeError(f"{subject.name} closed an idle connection")
    return (after - before) / count
