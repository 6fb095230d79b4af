#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams that come over the network: RTP, and MPEG transport stream over UDP."""

import socket
import time

import checks
import hls
from processes import Origin, Pipeline, require
from real_time import RealTime
from sources import audio, video

LIVE = "playlist-type=live linger=-1 window=0 segment-duration=1000000000"
SECONDS = 8
ENCODER = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30"
# Where the clock of the receiver is its own, times may be stretched by jitter.
JITTER = 0.1
RTP = "application/x-rtp"


def free_udp_ports(count):
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Network(RealTime, checks.TestCase):
    def receive(self, branches, rest, sender, rate_of_frames=30):
        """The sender ends; what arrived until then must be served, and end with the receiver's EOS."""
        with Origin(branches, sink=LIVE, rest=rest, options=("-e",)) as origin:
            origin.wait_for("Setting pipeline to PLAYING|Pipeline is live")
            with Pipeline(sender) as sending:
                sending.wait()
            self.wait_until_quiet(origin)
            origin.interrupt()
            presentation = hls.Presentation(origin.url)
            for track in branches:
                hls.media_when(presentation.media_url(track), lambda playlist: playlist.ended)
            went_in, _ = self.check_tracks(origin, presentation, tolerance=JITTER, live=True)
            self.assertGreater(len(went_in["video_0"]), SECONDS * rate_of_frames * 0.8)
            self.check_ffmpeg(presentation.url, presentation, went_in, 1 / 30, tolerance=JITTER)
            # The video begins with the first keyframe behind a boundary, and hlsdemux2 leaves out the audio before it.
            for track in branches:
                self.check_hlsdemux2(presentation.media_url(track), went_in, 1 / 30, [track], tolerance=JITTER)

    @staticmethod
    def wait_until_quiet(origin):
        """Nothing more comes: what was under way has arrived."""
        known, since = -1, time.monotonic()
        while time.monotonic() - since < 0.5:
            count = sum(len(origin.went_in(pad)) for pad in origin.pads)
            if count != known:
                known, since = count, time.monotonic()
            time.sleep(0.1)

    def test_rtp(self):
        require("x264enc", "opusenc", "rtph264pay", "rtph264depay", "rtpopuspay", "rtpopusdepay", "udpsrc")
        video_port, audio_port = free_udp_ports(2)
        branches = {
            "video_0": f"udpsrc address=127.0.0.1 port={video_port} caps={RTP},media=video,clock-rate=90000,"
                       "encoding-name=H264,payload=96 ! rtpjitterbuffer latency=100 ! rtph264depay ! h264parse",
            "audio_0": f"udpsrc address=127.0.0.1 port={audio_port} caps={RTP},media=audio,clock-rate=48000,"
                       "encoding-name=OPUS,payload=97 ! rtpjitterbuffer latency=100 ! rtpopusdepay ! opusparse",
        }
        sender = (f"{video(ENCODER, SECONDS * 30, live=True)} ! rtph264pay pt=96 config-interval=-1 "
                  f"! udpsink host=127.0.0.1 port={video_port} "
                  f"{audio('opusenc', SECONDS, live=True)} ! rtpopuspay pt=97 "
                  f"! udpsink host=127.0.0.1 port={audio_port}")
        self.receive(branches, "", sender)

    def test_transport_stream_over_udp(self):
        require("x264enc", "avenc_aac", "mpegtsmux", "tsdemux", "tsparse", "udpsrc")
        port, = free_udp_ports(1)
        branches = {"video_0": "d. ! video/x-h264 ! queue", "audio_0": "d. ! audio/mpeg ! queue"}
        rest = (f"udpsrc address=127.0.0.1 port={port} caps=video/mpegts,packetsize=188 "
                "! tsparse set-timestamps=true ! tsdemux name=d latency=200")
        sender = (f"{video(ENCODER, SECONDS * 30, live=True)} ! m. {audio('avenc_aac', SECONDS, live=True)} ! m. "
                  f"mpegtsmux name=m alignment=7 ! udpsink host=127.0.0.1 port={port}")
        self.receive(branches, rest, sender)


if __name__ == "__main__":
    checks.main()
