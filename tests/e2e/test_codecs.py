#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every codec, from a real encoder to ffmpeg and to hlsdemux2."""

import checks
from processes import Origin, require
from sources import OPUS_PRE_SKIP, audio, video


class Codecs(checks.TestCase):
    def play(self, video_encoder, audio_encoder, rate="30/1", audio_rate=48000, **options):
        require(video_encoder.split()[0], audio_encoder.split()[0])
        frames, over = map(int, rate.split("/"))
        branches = {"video_0": video(video_encoder, frames=5 * frames // over, rate=rate),
                    "audio_0": audio(audio_encoder, seconds=5, rate=audio_rate)}
        with Origin(branches) as origin:
            return self.check_ended(origin, over / frames, **options)

    def test_x264_without_b_frames_and_aac(self):
        presentation, _ = self.play("x264enc tune=zerolatency speed-preset=ultrafast", "avenc_aac")
        self.assertIn("avc1.42c0", presentation.text)

    def test_x264_with_b_frames_and_opus(self):
        self.play("x264enc speed-preset=veryfast bframes=3 b-pyramid=true", "opusenc",
                  tolerance=OPUS_PRE_SKIP)

    def test_x265_and_flac(self):
        self.play("x265enc speed-preset=ultrafast", "flacenc", rate="25/1")

    def test_openh264_and_ac3(self):
        self.play("openh264enc complexity=low", "avenc_ac3", rate="25/1")

    def test_av1_and_eac3(self):
        self.play("av1enc cpu-used=8 usage-profile=realtime keyframe-max-dist=40 threads=2", "avenc_eac3", rate="20/1")

    def test_vp9_and_aac_at_44100(self):
        self.play("vp9enc deadline=1 cpu-used=8 keyframe-max-dist=30", "avenc_aac", audio_rate=44100)

    def test_audio_alone(self):
        with Origin({"audio_0": audio("avenc_aac", seconds=6)}) as origin:
            self.check_ended(origin, 0.02)

    def test_video_alone(self):
        with Origin({"video_0": video("x264enc speed-preset=ultrafast bframes=1", frames=120)}) as origin:
            self.check_ended(origin, 1 / 30)


if __name__ == "__main__":
    checks.main()
