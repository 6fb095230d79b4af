# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two workers to one, for http_servers.py. With as few cores as the servers and wrk would have to share, rates say
nothing: what counts is how many requests a second of the server's CPU time answers, and how evenly the workers share
them."""

import os
import statistics

import http_load
import http_subjects

WORKERS = (1, 2)


def cores_of(workers):
    """For the server, and for wrk: what is left, or all if nothing is."""
    cores = [str(core) for core in sorted(os.sched_getaffinity(0))]
    return ",".join(cores[:workers]), cores[workers:workers + 2] or cores


def measure_once(load, setting, workers, seconds):
    setting.core, client_cores = cores_of(workers)
    server = http_subjects.Origin(setting, threads=workers)
    with server.running():
        before = http_subjects.thread_cpu_seconds(server.process.pid)
        run = http_load.measure(server, load.path, load.connections, seconds, load.closes, ",".join(client_cores),
                                threads=len(client_cores))
        threads = {thread: cpu - before.get(thread, 0)
                   for thread, cpu in http_subjects.thread_cpu_seconds(server.process.pid).items()}
    # The busiest worker is full first: n evenly loaded ones are worth n cores.
    run["workers_worth"] = sum(threads.values()) / max(threads.values())
    run["requests_per_server_cpu_second"] = run["requests"] / run["server_cpu"]
    run["requests_per_client_cpu_second"] = run["requests"] / run["client_cpu"]
    run["capacity"] = run["requests_per_server_cpu_second"] * run["workers_worth"]
    return run


def measure(load, setting, options):
    """Runs in turn, and what two workers would do with a core each to what one does."""
    core = setting.core
    rounds = []
    for number in range(options.rounds):
        turn = {workers: measure_once(load, setting, workers, options.seconds)
                for workers in (WORKERS if number % 2 == 0 else reversed(WORKERS))}
        rounds.append({str(workers): turn[workers] for workers in WORKERS})
    setting.core = core
    ratios = [turn["2"]["capacity"] / turn["1"]["capacity"] for turn in rounds]
    return {**load.about(), "cores": {str(workers): cores_of(workers) for workers in WORKERS}, "rounds": rounds,
            "two_to_one": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}}
