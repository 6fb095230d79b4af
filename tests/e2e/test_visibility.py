#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an origin-server tells those who watch over it: metrics that Prometheus takes, alerts, a dashboard, and an access
log that has everything but secrets."""

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from daemon import PATIENCE, PROGRAM, Server

EXAMPLES = Path(__file__).parents[2] / "examples" / "monitoring"
KEY_TOOL = str(Path(PROGRAM).with_name("origin-key"))
# Prometheus' own, and those of origins that have other options.
FOREIGN = {"up", "origin_access_log_lost_lines_total"}
PUSH = ["ffmpeg", "-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-c:v", "libx264",
        "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-f", "mp4", "-movflags",
        "+cmaf+frag_every_frame+delay_moov", "-method", "POST"]


def promtool(*arguments, **options):
    ran = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def dashboard_queries():
    dashboard = json.loads((EXAMPLES / "grafana.json").read_text(encoding="utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


class Visibility(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="origin-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.log = self.folder / "access.log"

    def serve(self, *options):
        self.server = Server("--port=0", f"--access-log={self.log}", *options)
        self.addCleanup(self.server.close)
        self.root = f"http://127.0.0.1:{self.server.port}"
        return self.server

    def get(self, path, headers=None):
        """Status and body."""
        request = urllib.request.Request(self.root + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def wait_until(self, is_so):
        deadline = time.monotonic() + PATIENCE
        while not (value := is_so()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        return value

    def metric(self, series):
        match = re.search(f"^{re.escape(series)} (.*)$", self.get("/metrics")[1], re.MULTILINE)
        return float(match[1]) if match else 0

    def publish(self):
        pusher = subprocess.Popen([*PUSH, self.root + "/_ingest/live/video.cmfv"], stderr=subprocess.DEVNULL)
        self.addCleanup(pusher.wait)
        self.addCleanup(pusher.kill)
        self.wait_until(lambda: self.metric('origin_parts_published_total{presentation="live",track="video"}') > 0)
        return pusher

    def lines(self, count):
        """Those of the access log, once there are so many."""
        self.wait_until(lambda: self.log.exists() and self.log.read_text(encoding="utf-8").count("\n") >= count)
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def play(self):
        """A few requests of every kind; one waits for the next part."""
        for path in ("/", "/live/index.m3u8", "/live/video/index.m3u8", "/live/none", "/live/video/index.m3u8?_HLS_part=1"):
            self.get(path)
        playlist = self.get("/live/video/index.m3u8")[1]
        hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="([^"]+)"', playlist)[1]
        self.assertEqual(subprocess.run(["curl", "-sf", "-o", os.devnull, f"{self.root}/live/video/{hint}"], check=False,
                                        timeout=PATIENCE).returncode, 0)

    def test_metrics_are_good_and_complete(self):
        self.serve()
        self.publish()
        self.play()
        text = self.get("/metrics")[1]
        # Without a single remark.
        promtool("check", "metrics", input=text)
        for series in ('origin_http_requests_total{operation="get",result="miss"}',
                       'origin_http_requests_total{operation="get",result="invalid"}',
                       'origin_track_up{presentation="live",track="video"}',
                       'origin_presentation_info{presentation="live",state="live"}'):
            self.assertGreater(self.metric(series), 0, series)
        self.wait_until(lambda: self.metric('origin_publish_to_wake_seconds_count{presentation="live"}') > 0)
        self.assertIn('origin_live_edge_age_seconds{presentation="live",track="video"}', text)
        self.assertGreater(self.metric('origin_viewers{presentation="live"}'), 0)

    def test_a_source_that_goes_is_missed(self):
        self.serve()
        pusher = self.publish()
        up = 'origin_track_up{presentation="live",track="video"}'
        self.wait_until(lambda: self.metric(up) == 1)
        pusher.send_signal(signal.SIGSTOP)
        self.wait_until(lambda: self.metric('origin_track_late{presentation="live",track="video"}') == 1)
        self.assertEqual(self.metric(up), 0)
        pusher.send_signal(signal.SIGCONT)
        self.wait_until(lambda: self.metric(up) == 1)

    def test_alerts_and_dashboard_ask_for_what_there_is(self):
        shutil.copytree(EXAMPLES, self.folder, dirs_exist_ok=True)
        shutil.copy(Path(__file__).with_name("alerts_test.yml"), self.folder)
        promtool("check", "config", "prometheus.yml", cwd=self.folder)
        promtool("test", "rules", "alerts_test.yml", cwd=self.folder)
        queries = [query.replace("$instance", ".*") for query in dashboard_queries()]
        self.assertGreater(len(queries), 10)
        # JSON is YAML.
        rules = [{"record": f"query:{i}", "expr": query} for i, query in enumerate(queries)]
        (self.folder / "queries.yml").write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}),
                                                 encoding="utf-8")
        promtool("check", "rules", "queries.yml", cwd=self.folder)
        self.serve()
        self.publish()
        self.play()
        names = set(re.findall(r"^([a-z_]+)", self.get("/metrics")[1], re.MULTILINE)) | FOREIGN
        wanted = set(re.findall(r"\b(?:origin_[a-z_]+|up)\b",
                                (EXAMPLES / "alerts.yml").read_text(encoding="utf-8") + " ".join(queries)))
        self.assertEqual(wanted - names, set())

    def test_prometheus_scrapes_it(self):
        shutil.copytree(EXAMPLES, self.folder, dirs_exist_ok=True)
        self.serve()
        self.publish()
        configuration = self.folder / "prometheus.yml"
        text = configuration.read_text(encoding="utf-8")
        self.assertIn("localhost:8080", text)
        configuration.write_text(text.replace("localhost:8080", f"127.0.0.1:{self.server.port}").replace("5s", "1s"),
                                 encoding="utf-8")
        port = free_port()
        prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={self.folder / 'data'}",
             f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.DEVNULL)
        self.addCleanup(prometheus.wait)
        self.addCleanup(prometheus.kill)

        def value(query):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={query}", timeout=PATIENCE) as answer:
                    result = json.load(answer)["data"]["result"]
            except OSError:
                return 0
            return float(result[0]["value"][1]) if result else 0

        self.wait_until(lambda: value("up") == 1)
        self.wait_until(lambda: value("sum(rate(origin_parts_published_total[5s]))") > 0)

    def test_access_log(self):
        self.serve()
        cmcd = {"CMCD-Request": "bl=21300,su", "CMCD-Session": 'sid="abc",sf=h', "User-Agent": "a player"}
        self.assertEqual(subprocess.run(["curl", "-sf", "-d", "Hello.", f"{self.root}/notes/1.txt"], check=False,
                                        capture_output=True, timeout=PATIENCE).returncode, 0)
        self.get("/notes/1.txt?CMCD=ot%3Dv", cmcd)
        written, read = self.lines(2)
        self.assertEqual((written["method"], written["path"], written["status"], written["result"],
                          written["bytes_received"]), ("POST", "/notes/1.txt", 201, "written", 6))
        self.assertEqual(read["cmcd"], {"bl": 21300, "su": True, "sid": "abc", "sf": "h", "ot": "v"})
        self.assertEqual((read["address"], read["user_agent"], read["complete"]), ("127.0.0.1", "a player", True))
        # As logrotate does it.
        self.log.rename(self.folder / "access.log.1")
        self.server.signal(signal.SIGHUP)
        self.wait_until(self.log.exists)
        self.get("/notes/none")
        self.assertEqual([line["result"] for line in self.lines(1)], ["miss"])

    def test_secrets_are_nowhere(self):
        made = subprocess.run([KEY_TOOL, "new"], capture_output=True, text=True, check=True, timeout=PATIENCE).stdout
        key, line = re.fullmatch(r"key: (\S+)\n(hash=\S+)\n", made).groups()
        file = self.folder / "origin.conf"
        file.write_text(f"[access]\nopen=/free/\n[key studio]\n{line}\nrole=admin\npaths=/\n", encoding="utf-8")
        self.serve(f"--config={file}")
        wrong = "W" + key[1:] + "W"
        basic = base64.b64encode(f"anybody:{key}".encode()).decode()
        said = ""
        for secret, status in ((key, 404), (wrong, 403)):
            for path, headers in (("/live/a", {"Authorization": f"Bearer {secret}"}), ("/live/a", {"Authorization": secret}),
                                  (f"/live/a?token={secret}", {}), (f"/_token/{secret}/live/a", {})):
                found, body = self.get(path, headers)
                self.assertEqual(found, status, (path, headers))
                said += body
        self.assertEqual(self.get("/live/a", {"Authorization": f"Basic {basic}"})[0], 404)
        self.assertEqual(self.get("/metrics")[0], 401)
        for path in ("/metrics", "/api/server", "/api/connections", "/api/objects"):
            status, body = self.get(path, {"Authorization": f"Bearer {key}"})
            self.assertEqual(status, 200, path)
            said += body
        lines = self.lines(14)
        self.assertEqual([line["key"] for line in lines if line["status"] == 404], ["studio"] * 5)
        said += self.log.read_text(encoding="utf-8") + "\n".join(self.server.log + self.server.output)
        for secret in (key, wrong, basic):
            self.assertNotIn(secret, said)

    def test_a_log_that_cannot_be(self):
        ran = subprocess.run([PROGRAM, "--port=0", "--access-log=/nowhere/at-all"], capture_output=True, text=True,
                             check=False, timeout=PATIENCE)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("'/nowhere/at-all'", ran.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
