#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""CMAF of ffmpeg, read as if it was pushed: the packets are those that ffprobe finds. LIST_CMAF is the program."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from processes import run

LIST_CMAF = os.environ.get("LIST_CMAF", "list_cmaf")
PATIENCE = 60
SECONDS = 3
PICTURES = ["-f", "lavfi", "-i", f"testsrc=size=160x120:rate=25:duration={SECONDS}"]
TONE = ["-f", "lavfi", "-i", f"sine=duration={SECONDS}:sample_rate=48000"]
H264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25"]
H265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=3:keyint=25"]
AAC = ["-c:a", "aac"]
FRAGMENTS = ["-movflags", "+cmaf+frag_keyframe"]


def ffmpeg(*arguments):
    run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)])


def require_encoder(name):
    if f" {name} " not in run(["ffmpeg", "-v", "error", "-encoders"])[0]:
        raise unittest.SkipTest(f"no {name}")


def listed(*files, piece=1000):
    """Headers and samples, and what is wrong."""
    result = subprocess.run([LIST_CMAF, str(piece), *map(str, files)], capture_output=True, text=True,
                            timeout=PATIENCE, check=False)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return [line for line in lines if "config" in line], [line for line in lines if "pts" in line], result.stderr


def probed(file):
    document = json.loads(run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_packets",
                               "-show_data_hash", "md5", str(file)])[0])
    return document["streams"][0], document["packets"]


class PushedCmaf(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="origin-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def made(self, *arguments, name="film.mp4"):
        ffmpeg(*arguments, self.folder / name)
        return self.folder / name

    def check(self, *files):
        """What is read of the files, which are one stream; gives the header and the samples."""
        whole = self.folder / "whole.mp4"
        whole.write_bytes(b"".join(file.read_bytes() for file in files))
        stream, packets = probed(whole)
        headers, samples, error = listed(*files)
        self.assertEqual(error, "")
        self.assertEqual(len(headers), 1)
        header = headers[0]
        self.assertEqual(f"1/{header['timescale']}", stream["time_base"])
        self.assertEqual(header["track_id"], int(stream["id"], 16))
        for key in ("width", "height", "channels"):
            self.assertEqual(header.get(key), stream.get(key))
        if "sample_rate" in header:
            self.assertEqual(header["sample_rate"], int(stream["sample_rate"]))
        # ffmpeg shows video late by its lowest negative composition offset.
        late = -min(0, *(sample["pts"] - sample["dts"] for sample in samples))
        self.assertEqual([(s["pts"] + late, s["dts"], s["size"], s["sync"], s["md5"]) for s in samples],
                         [(p["pts"], p["dts"], int(p["size"]), "K" in p["flags"],
                           p["data_hash"].removeprefix("MD5:")) for p in packets])
        # ffprobe's own durations are what parsers make of the data.
        self.assertEqual([sample["duration"] for sample in samples[:-1]],
                         [after["dts"] - packet["dts"] for packet, after in zip(packets, packets[1:])])
        return header, samples

    def test_h264_with_b_frames(self):
        header, samples = self.check(self.made(*PICTURES, *H264, *FRAGMENTS))
        self.assertEqual(header["codec"], "H.264")
        self.assertEqual(len(samples), SECONDS * 25)
        self.assertEqual(sum(sample["sync"] for sample in samples), SECONDS)
        self.assertLess(min(sample["pts"] - sample["dts"] for sample in samples), 0)

    def test_h264_with_an_edit_list(self):
        header, samples = self.check(self.made(*PICTURES, *H264, "-movflags", "+dash+delay_moov+frag_keyframe"))
        self.assertGreater(header["edit_shift"], 0)
        self.assertEqual(samples[0]["pts"], 0)

    def test_h265_in_small_fragments(self):
        header, _ = self.check(self.made(*PICTURES, *H265, "-tag:v", "hvc1", "-movflags", "+cmaf+frag_every_frame"))
        self.assertEqual(header["codec"], "H.265")

    def test_what_a_header_describes(self):
        header, _ = self.check(self.made(*PICTURES, "-vf", "setsar=16/11", *H265, "-color_trc", "arib-std-b67",
                                         "-color_primaries", "bt2020", "-colorspace", "bt2020nc", "-tag:v", "hev1",
                                         "-metadata:s:v", "language=deu", *FRAGMENTS))
        self.assertEqual((header["aspect"], header["transfer"], header["language"]), ("16:11", 18, "deu"))

    def test_audio_codecs(self):
        for encoder, name, options in (("aac", "AAC", ["-ac", "2"]), ("libopus", "Opus", []),
                                       ("flac", "FLAC", ["-strict", "-2"]), ("ac3", "AC-3", ["-ac", "6"]),
                                       ("eac3", "E-AC-3", ["-ac", "2"])):
            for flags in ("+cmaf+delay_moov", "+dash+delay_moov"):
                with self.subTest(encoder=encoder, flags=flags):
                    require_encoder(encoder)
                    header, _ = self.check(self.made(*TONE, "-c:a", encoder, *options, "-movflags", flags,
                                                     "-frag_duration", "500000"))
                    self.assertEqual(header["codec"], name)

    def test_other_video_codecs(self):
        for encoder, name, options in (("libvpx-vp9", "VP9", ["-deadline", "realtime", "-cpu-used", "8"]),
                                       ("libaom-av1", "AV1", ["-usage", "realtime", "-cpu-used", "8"])):
            with self.subTest(encoder=encoder):
                require_encoder(encoder)
                # Before the first frame, ffmpeg has nothing to put into av1C.
                header, _ = self.check(self.made(*PICTURES, "-c:v", encoder, *options, "-movflags",
                                                 "+cmaf+delay_moov+frag_keyframe"))
                self.assertEqual(header["codec"], name)

    def test_dash_segments(self):
        self.made(*PICTURES, *TONE, *H264, *AAC, "-f", "dash", "-seg_duration", "1", name="live.mpd")
        for stream, codec in enumerate(("H.264", "AAC")):
            files = [self.folder / f"init-stream{stream}.m4s", *sorted(self.folder.glob(f"chunk-stream{stream}-*.m4s"))]
            self.assertGreaterEqual(len(files), 1 + SECONDS)
            self.assertEqual(self.check(*files)[0]["codec"], codec)

    def test_low_latency_dash_segments_with_wall_clock(self):
        self.made("-re", *PICTURES, *H264, "-f", "dash", "-seg_duration", "1", "-streaming", "1", "-ldash", "1",
                  "-frag_type", "every_frame", "-write_prft", "1", "-use_timeline", "0", "-utc_timing_url",
                  "http://127.0.0.1/time", name="live.mpd")
        files = [self.folder / "init-stream0.m4s", *sorted(self.folder.glob("chunk-stream0-*.m4s"))]
        self.assertTrue(any("produced" in sample for sample in self.check(*files)[1]))

    def test_hls_segments(self):
        for source, encoder in ((PICTURES, H264), (TONE, AAC)):
            self.made(*source, *encoder, "-f", "hls", "-hls_time", "1", "-hls_segment_type", "fmp4", "-hls_list_size",
                      "0", name="live.m3u8")
            self.check(self.folder / "init.mp4", *sorted(self.folder.glob("live*.m4s")))

    def test_pieces_of_any_size(self):
        film = self.made(*TONE, *AAC, "-movflags", "+cmaf", "-frag_duration", "500000")
        for piece in (1, 7, 1_000_000):
            self.assertEqual(listed(film, piece=piece), listed(film))

    def test_what_is_refused(self):
        def error_of(*arguments):
            return listed(self.made(*arguments))[2]
        self.assertIn("'moov' at byte 28 has 2 tracks;", error_of(*PICTURES, *TONE, *H264, *AAC, *FRAGMENTS))
        self.assertIn("has a base-data-offset;",
                      error_of(*PICTURES, *H264, "-movflags", "+frag_keyframe+empty_moov"))
        self.assertIn("is encrypted;",
                      error_of(*PICTURES, *H264, *FRAGMENTS, "-encryption_scheme", "cenc-aes-ctr", "-encryption_key",
                               "00112233445566778899aabbccddeeff", "-encryption_kid", "0123456789abcdef0123456789abcdef"))
        self.assertIn("has no 'mvex':", error_of(*TONE, *AAC, "-movflags", "+faststart"))
        self.assertIn("objectTypeIndication 0x6b", error_of(*TONE, "-c:a", "libmp3lame", *FRAGMENTS))
        transport_stream = self.made(*TONE, *AAC, name="film.ts")
        self.assertIn("is no box of CMAF", listed(transport_stream)[2])


if __name__ == "__main__":
    unittest.main(verbosity=2)
