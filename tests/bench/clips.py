# SPDX-License-Identifier: LGPL-2.1-or-later
"""The input: MP4 files from real encoders, made once and kept in the temporary folder."""

import dataclasses
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

FRAME_RATE = 25
GOP_FRAMES = 2 * FRAME_RATE
BEGINNING_SECONDS = 1


@dataclasses.dataclass(frozen=True)
class Recipe:
    """`seconds` of video are encoded and then repeated, so that making it takes less long than using it."""
    about: str
    size: str
    noise: int
    bitrate: str
    preset: str
    seconds: int
    repeats: int


FULL = {
    "4M": Recipe("720p25 H.264 with B-frames at 4 Mbit/s and AAC", "1280x720", 12, "4M", "veryfast", 30, 10),
    "40M": Recipe("720p25 H.264 of noise at 40 Mbit/s and AAC", "1280x720", 60, "40M", "ultrafast", 10, 6),
}
RECIPES = {**FULL, "smoke": Recipe("tiny H.264 and AAC", "160x90", 8, "200k", "ultrafast", 2, 2)}


@dataclasses.dataclass(frozen=True)
class Clip:
    name: str
    about: str
    path: pathlib.Path
    beginning: pathlib.Path  # its first second, which costs what starting costs
    seconds: int
    frames: dict


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


def can_encode():
    encoders = subprocess.run(["ffmpeg", "-v", "error", "-encoders"], check=False, capture_output=True, text=True)
    return "libx264" in encoders.stdout


def count_frames(uri):
    """Packets by kind, counted by ffprobe in a file or behind a playlist."""
    output = subprocess.run(
        ["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=codec_type,nb_read_packets",
         "-of", "json", str(uri)], check=True, capture_output=True, text=True).stdout
    return {stream["codec_type"]: int(stream["nb_read_packets"]) for stream in json.loads(output)["streams"]}


def encode(recipe, folder, path):
    video, audio, whole = folder / "video.mp4", folder / "audio.aac", folder / "whole.mp4"
    # Keyframes exactly on the grid, so that all packagers cut at the same frames.
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={recipe.size}:rate={FRAME_RATE}:duration={recipe.seconds}",
           "-vf", f"noise=alls={recipe.noise}:allf=t", "-c:v", "libx264", "-preset", recipe.preset, "-bf", 3,
           "-g", GOP_FRAMES, "-keyint_min", GOP_FRAMES, "-sc_threshold", 0, "-b:v", recipe.bitrate,
           "-maxrate", recipe.bitrate, "-bufsize", recipe.bitrate, "-pix_fmt", "yuv420p", video)
    # By way of ADTS the audio gets no edit list, of which demultiplexers drop different frames.
    ffmpeg("-f", "lavfi", "-i", f"sine=440:sample_rate=48000:duration={recipe.seconds * recipe.repeats}",
           "-ac", 2, "-c:a", "aac", "-b:a", "128k", audio)
    ffmpeg("-stream_loop", recipe.repeats - 1, "-i", video, "-i", audio, "-map", "0:v", "-map", "1:a", "-c", "copy",
           "-movflags", "+faststart", whole)
    whole.rename(path)


def prepare(name):
    recipe = RECIPES[name]
    key = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:12]
    cache = pathlib.Path(tempfile.gettempdir()) / f"gst-origin-bench-{os.getuid()}"
    cache.mkdir(mode=0o700, exist_ok=True)
    path, beginning = cache / f"{name}-{key}.mp4", cache / f"{name}-{key}-beginning.mp4"
    if not path.exists():
        print(f"making the clip '{name}', which takes a minute or two", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            encode(recipe, pathlib.Path(folder), path)
    if not beginning.exists():
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            made = pathlib.Path(folder) / "beginning.mp4"
            ffmpeg("-i", path, "-map", 0, "-t", BEGINNING_SECONDS, "-c", "copy", "-movflags", "+faststart", made)
            made.rename(beginning)
    return Clip(name, recipe.about, path, beginning, recipe.seconds * recipe.repeats, count_frames(path))
