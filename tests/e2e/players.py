# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays a presentation to its end with programs that know nothing of the origin, and says what came out."""

import json
import os
import re
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import gdp
from processes import launch, run

# GStreamer's older element for the same job stays out.
os.environ["GST_PLUGIN_FEATURE_RANK"] = "hlsdemux2:MAX,hlsdemux:NONE"
# GStreamer's own players stumble over a critical of theirs now and then.
os.environ.pop("G_DEBUG", None)


@dataclass
class Played:
    """One elementary stream as a player saw it. Times in seconds, in the order of presentation."""

    kind: str
    codec: str = ""
    profile: str = ""
    level: int = 0
    width: int = 0
    name: str = ""
    packets: list = field(default_factory=list)  # (pts, dts)
    frames: list = field(default_factory=list)  # pts of decoded frames
    stamps: list = field(default_factory=list)  # pts on the presentation's own time line
    samples: int = 0  # decoded, audio
    widths: Counter = field(default_factory=Counter)  # decoded frames of each width, video


# Enough for ffmpeg to see several pictures of whatever size before it begins.
PROBE = ["-probesize", "100M"]
# hlsdemux2 1.22 fails now and then if it has read everything before it has shown what there is.
LOST_RACE = "Can't push EOS on non-exposed pad"
# ffmpeg reads the init segment again with each reload of a live playlist, and tells.
HARMLESS = re.compile(r"Found duplicated MOOV Atom. Skipped it")


def _complaints(text):
    return "\n".join(line for line in text.splitlines() if not HARMLESS.search(line))


def ffprobe(url, *options):
    """What ffprobe demuxes and decodes; it must have nothing to complain about."""
    out, complaints = run([
        "ffprobe", "-v", "repeat+warning", *PROBE, *options, "-of", "json", "-show_entries",
        "stream=index,codec_type,codec_name,profile,level,width:stream_tags=comment:"
        "packet=stream_index,pts_time,dts_time:frame=stream_index,pts_time,nb_samples,width", url])
    found = json.loads(out)
    streams = {}
    for stream in found["streams"]:
        streams[stream["index"]] = Played(
            stream["codec_type"], stream["codec_name"], stream.get("profile", ""), stream.get("level", 0),
            stream.get("width", 0), stream.get("tags", {}).get("comment", ""))
    for entry in found["packets_and_frames"]:
        stream = streams[entry["stream_index"]]
        if entry["type"] == "packet":
            stream.packets.append((float(entry["pts_time"]), float(entry["dts_time"])))
        elif entry["type"] == "frame":
            stream.frames.append(float(entry["pts_time"]))
            stream.samples += int(entry.get("nb_samples", 0))
            if "width" in entry:
                stream.widths[entry["width"]] += 1
    for stream in streams.values():
        stream.frames.sort()
        stream.stamps = sorted(pts for pts, _ in stream.packets)
    return list(streams.values()), _complaints(complaints)


def ffmpeg(url, *options):
    """What ffmpeg complains of while it decodes everything, and while it copies everything."""
    _, complaints = run(["ffmpeg", "-nostdin", "-hide_banner", "-v", "repeat+warning", *PROBE, *options,
                         "-i", url,
                         # In the stream's own ticks: frames that jitter are not two of the same number.
                         "-map", "0", "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-",
                         "-map", "0", "-c", "copy", "-f", "matroska", "-y", os.devnull])
    return _complaints(complaints)


def hlsdemux2(url, kinds):
    """What GStreamer's hlsdemux2 gives to its decoders, decoded: one stream of each kind."""
    with tempfile.TemporaryDirectory(prefix="origin-e2e-") as folder:
        files = {kind: Path(folder) / kind for kind in kinds}
        branches = [f"d. ! {kind}/x-raw ! gdppay ! filesink async=false sync=false location={path}"
                    for kind, path in files.items()]
        # Where a decoder is missing, or a stream does not link, the pipeline ends with an error.
        while True:
            try:
                run(launch(f"uridecodebin3 name=d uri={url} " + " ".join(branches), "-q",
                           "--gst-debug=adaptivedemux2:1"))
                break
            except AssertionError as error:
                if LOST_RACE not in str(error):
                    raise
        streams = []
        for kind, path in files.items():
            buffers = gdp.read(path.read_bytes())
            frame_size = 0
            if kind == "audio":
                frame_size = _bytes_per_sample(buffers[0].caps) if buffers else 0
            streams.append(Played(kind, frames=sorted(buffer.pts for buffer in buffers),
                                  stamps=sorted(buffer.stamp for buffer in buffers),
                                  samples=sum(b.size for b in buffers) // frame_size if frame_size else 0,
                                  widths=Counter(_width(buffer.caps) for buffer in buffers if kind == "video")))
        return streams


def _width(caps):
    return int(re.search(r"\bwidth=\(int\)(\d+)", caps)[1])


def _bytes_per_sample(caps):
    fields = dict(part.strip().split("=(", 1) for part in caps.split(",")[1:] if "=(" in part)
    channels = int(fields["channels"].split(")")[1].rstrip(";"))
    digits = "".join(c for c in fields["format"].split(")")[1] if c.isdigit())
    return channels * int(digits[:2] if digits[:1] != "8" else digits[:1]) // 8
