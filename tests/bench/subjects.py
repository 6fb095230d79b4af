# SPDX-License-Identifier: LGPL-2.1-or-later
"""The packagers that are compared: how each is called, and what it wrote in the eyes of ffprobe."""

import contextlib
import pathlib
import subprocess
import tempfile
import time
import urllib.request

import clips

OURS = "originsink"
SEGMENT_SECONDS = 2
GST = ["gst-launch-1.0", "-q"]
DEADLINE_SECONDS = 60
ATTEMPTS = 5


def insist(attempt):
    """`attempt()`, again if it got stuck: now and then hlssink2 1.22 does not post the end of its input. Gives what
    it gives, and how often it got stuck."""
    for stuck in range(ATTEMPTS):
        try:
            return attempt(), stuck
        except subprocess.TimeoutExpired as error:
            last = error
    raise last


def demux(source):
    return ["filesrc", f"location={source}", "!", "qtdemux", "name=d"]


class GstSubject:
    reader = "qtdemux"

    def read(self, source):
        sink = ["fakesink", "sync=false", "async=false"]
        return GST + demux(source) + ["d.video_0", "!"] + sink + ["d.audio_0", "!"] + sink


class OriginSink(GstSubject):
    name = OURS

    def package(self, source, _folder, *settings):
        return GST + demux(source) + [
            "originsink", "name=o", "port=0", "presentation=bench", "playlist-type=vod",
            f"segment-duration={SEGMENT_SECONDS}000000000", *settings,
            "d.video_0", "!", "o.video_0", "d.audio_0", "!", "o.audio_0"]

    def count(self, source, _folder):
        with tempfile.TemporaryFile("w+") as output:
            with subprocess.Popen(self.package(source, None, "linger=-1"), stdout=output) as process:
                try:
                    return clips.count_frames(self._offered_playlist(process, output))
                finally:
                    process.terminate()

    @staticmethod
    def _offered_playlist(process, output):
        """A VOD presentation is offered as a whole: its playlist is there when everything is packaged."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
            output.seek(0)
            lines = [line for line in output.read().splitlines() if line.startswith("originsink: ")]
            if not lines:
                continue
            uri = lines[0].split(": ", 1)[1] + "index.m3u8"
            with contextlib.suppress(OSError):
                urllib.request.urlopen(uri, timeout=5).close()
                return uri
        raise RuntimeError("originsink offered no playlist")


class FfmpegHls:
    name = "ffmpeg hls"
    reader = "ffmpeg"

    def package(self, source, folder):
        return ["ffmpeg", "-v", "error", "-nostdin", "-i", str(source), "-map", "0", "-c", "copy", "-f", "hls",
                "-hls_segment_type", "fmp4", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod",
                f"{folder}/index.m3u8"]

    def read(self, source):
        return ["ffmpeg", "-v", "error", "-nostdin", "-i", str(source), "-map", "0", "-c", "copy", "-f", "null", "-"]

    def count(self, source, folder):
        return count_written(self, source, folder)


class HlsSink2(GstSubject):
    name = "hlssink2"

    def package(self, source, folder):
        # The file's keyframes are where they are: asking for others fails the pipeline's preroll.
        return GST + demux(source) + [
            "hlssink2", "name=o", f"location={folder}/%05d.ts", f"playlist-location={folder}/index.m3u8",
            f"target-duration={SEGMENT_SECONDS}", "max-files=0", "playlist-length=0", "send-keyframe-requests=false",
            "d.video_0", "!", "queue", "!", "h264parse", "!", "o.video",
            "d.audio_0", "!", "queue", "!", "aacparse", "!", "o.audio"]

    def count(self, source, folder):
        return count_written(self, source, folder)


def count_written(subject, source, folder):
    own = pathlib.Path(folder) / subject.name.replace(" ", "-")
    own.mkdir()
    insist(lambda: subprocess.run(subject.package(source, own), check=True, stdout=subprocess.DEVNULL,
                                  timeout=DEADLINE_SECONDS))
    return clips.count_frames(own / "index.m3u8")


ALL = [OriginSink(), FfmpegHls(), HlsSink2()]
BY_NAME = {subject.name: subject for subject in ALL}
