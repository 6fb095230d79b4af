# SPDX-License-Identifier: LGPL-2.1-or-later
"""The servers that http_servers.py measures: each one's command line, and how it is started and stopped."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

# Debian's servers are there, and a user's path has it not.
os.environ["PATH"] += ":/usr/sbin"

START_SECONDS = 20  # after which a server that does not listen has failed
KEEP_ALIVE_SECONDS = 300  # for peers that close idle connections sooner than a measurement takes
MODIFIED = 784111777  # as in http_bodies.hpp, so that all of them send the same
CACHE_CONTROL = "max-age=60"


@dataclasses.dataclass
class Setting:
    """What all servers of a benchmark share."""
    programs: pathlib.Path  # folder of http_origin, http_soup and http_bare
    served: pathlib.Path    # folder whose files are served
    scratch: pathlib.Path   # for configuration and state of the peers
    core: str               # for all of a server's threads, as taskset takes it
    bare_head_bytes: int = 0  # what http_bare is to send before each body


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def version_line(*command):
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout.splitlines()[0]


class Subject:
    """A server that can be started, on a core of its own, and stopped."""
    name = ""
    program = ""  # of the system that has to be installed; empty: built with the origin
    fresh_for_each_run = False

    def __init__(self, setting):
        self.setting = setting
        self.process = None

    @classmethod
    def installed(cls):
        return not cls.program or shutil.which(cls.program) is not None

    def version(self):
        return "this build"

    def command(self):
        raise NotImplementedError

    def url(self, path, closes):
        """Where one of the served files is; `closes` if the client asks for a connection per request."""
        raise NotImplementedError

    def _listens(self):
        raise NotImplementedError

    def _await_start(self):
        until = time.monotonic() + START_SECONDS
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{' '.join(map(str, self.command()))}\ndoes not listen: {self.log.read_text()}")
            time.sleep(0.02)

    @property
    def log(self):
        return self.setting.scratch / f"{self.name}.log"

    def start(self):
        with self.log.open("w") as log:
            # A session of its own: Ctrl-C is for the benchmark alone, which stops its servers itself.
            self.process = subprocess.Popen(["taskset", "-c", self.setting.core, *map(str, self.command())],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            self._await_start()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        if not self.process:
            return
        tree = process_tree(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            for pid in tree:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    @contextlib.contextmanager
    def running(self):
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def restart(self):
        self.stop()
        self.start()


class OwnProgram(Subject):
    """A program of this folder, which listens on ports of its choice and prints them."""
    ports = 1

    def _addresses(self):
        """What stands behind each "listening", in words."""
        return [line.split()[1:] for line in self.log.read_text().splitlines(keepends=True)
                if line.startswith("listening ") and line.endswith("\n")]

    def _listens(self):
        return len(self._addresses()) == self.ports

    def url(self, path, closes):
        return f"{self._addresses()[0][0]}/{path}"


class Origin(OwnProgram):
    name = "origin"

    def __init__(self, setting, threads=1):
        super().__init__(setting)
        self.threads = threads

    def command(self):
        return [self.setting.programs / "http_origin", self.setting.served, self.threads]


class PlainSoup(OwnProgram):
    name = "SoupServer"
    # libsoup 3.2's own listener keeps the descriptor of each connection that its client has closed.
    fresh_for_each_run = True

    def version(self):
        return "libsoup " + version_line("pkg-config", "--modversion", "libsoup-3.0")

    def command(self):
        return [self.setting.programs / "http_soup", self.setting.served]


class Bare(OwnProgram):
    name = "bare epoll"

    def _files(self):
        return sorted(path for path in self.setting.served.rglob("*") if path.is_file())

    def command(self):
        return [self.setting.programs / "http_bare", self.setting.bare_head_bytes, *self._files()]

    @property
    def ports(self):
        return 2 * len(self._files())

    def url(self, path, closes):
        kind = "close" if closes else "keep-alive"
        return next(f"{address}/{path}" for file, its_kind, address in self._addresses()
                    if (file, its_kind) == (str(self.setting.served / path), kind))


class Daemon(Subject):
    """A server that is told which port to take. Names of its files are its port's, so that there may be several."""

    def start(self):
        self.port = free_port()
        super().start()

    @property
    def log(self):
        return self.setting.scratch / f"{self.port}.log"

    def _listens(self):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False

    def url(self, path, closes):
        return f"http://127.0.0.1:{self.port}/{path}"

    def write(self, suffix, text):
        path = self.setting.scratch / f"{self.port}{suffix}"
        path.write_text(text, encoding="utf-8")
        return path


class Nginx(Daemon):
    name = "nginx"
    program = "nginx"
    more = ""
    configuration = """
worker_processes 1;
daemon off;
pid {scratch}/{port}.pid;
error_log stderr crit;
events {{
  worker_connections 20000;
  multi_accept on;
}}
http {{
  access_log off;
  sendfile on;
  {more}
  open_file_cache max=100 inactive=1h;
  open_file_cache_valid 1h;
  keepalive_requests 1000000000;
  keepalive_timeout {keep_alive}s;
  types {{
    application/vnd.apple.mpegurl m3u8;
    video/mp4 m4s;
  }}
  client_body_temp_path {scratch}/{port}-temp;
  proxy_temp_path {scratch}/{port}-temp;
  fastcgi_temp_path {scratch}/{port}-temp;
  uwsgi_temp_path {scratch}/{port}-temp;
  scgi_temp_path {scratch}/{port}-temp;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {served};
    add_header Cache-Control "{cache_control}";
  }}
}}
"""

    def version(self):
        return version_line("nginx", "-v")

    def command(self):
        text = self.configuration.format(scratch=self.setting.scratch, port=self.port, served=self.setting.served,
                                         keep_alive=KEEP_ALIVE_SECONDS, cache_control=CACHE_CONTROL, more=self.more)
        return ["nginx", "-c", self.write(".conf", text)]


class NginxNoPush(Nginx):
    """As Debian configures it. Faster with large bodies, but takes more CPU time for small ones."""
    name = "nginx nopush"
    more = "tcp_nopush on;"


class Varnish(Daemon):
    """Behind it is an nginx, which it asks once for each file."""
    name = "Varnish"
    program = "varnishd"
    configuration = """vcl 4.1;
backend default {{ .host = "{host}"; .port = "{port}"; }}
sub vcl_backend_response {{ set beresp.ttl = 1d; }}
"""

    def __init__(self, setting):
        super().__init__(setting)
        self.backend = Nginx(setting)

    @classmethod
    def installed(cls):
        return super().installed() and Nginx.installed()

    def version(self):
        return version_line("varnishd", "-V")

    def command(self):
        address = urllib.parse.urlsplit(self.backend.url("", closes=False))
        vcl = self.write(".vcl", self.configuration.format(host=address.hostname, port=address.port))
        return ["varnishd", "-F", "-a", f"127.0.0.1:{self.port}", "-f", vcl, "-s", "malloc,1G",
                "-n", self.setting.scratch / f"{self.port}-varnish", "-j", "none", "-T", "none",
                "-p", f"timeout_idle={KEEP_ALIVE_SECONDS}", "-p", "listen_depth=4096"]

    def start(self):
        self.backend.start()
        super().start()

    def stop(self):
        super().stop()
        self.backend.stop()


def process_tree(pid):
    """A process and its descendants."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int(stat_fields(entry)[1])
    tree = [pid]
    for one in tree:
        tree += [child for child, parent in parents.items() if parent == one]
    return tree


def stat_fields(folder):
    """Of /proc/PID/stat, what stands behind the program's name: state, parent…"""
    return (folder / "stat").read_text().rpartition(")")[2].split()


def user_and_system_seconds(pid):
    """CPU time so far of a process and its descendants, that of their own code and that of the kernel."""
    user = system = 0
    for one in process_tree(pid):
        with contextlib.suppress(OSError):
            fields = stat_fields(pathlib.Path(f"/proc/{one}"))
            user += int(fields[11])
            system += int(fields[12])
    ticks = os.sysconf("SC_CLK_TCK")
    return user / ticks, system / ticks


def cpu_seconds(pid):
    """Both together."""
    return sum(user_and_system_seconds(pid))


def thread_cpu_seconds(pid):
    """User and system time so far of each thread of a process."""
    seconds = {}
    for folder in pathlib.Path(f"/proc/{pid}/task").iterdir():
        fields = stat_fields(folder)
        seconds[folder.name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def memory_bytes(pid):
    """Anonymous memory of a process and its descendants: heaps and stacks, but not programs and libraries, whose share
    of a process changes with what else runs."""
    kilobytes = 0
    for one in process_tree(pid):
        for line in pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Anonymous:"):
                kilobytes += int(line.split()[1])
    return kilobytes * 1024


OURS = Origin.name
ALL = [Origin, Nginx, NginxNoPush, Varnish, PlainSoup, Bare]
