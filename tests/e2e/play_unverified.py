#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""play_unverified.py URL PICTURES: ends well once GStreamer has decoded so many, whoever has signed the certificate."""

import os
import sys

os.environ["GST_PLUGIN_FEATURE_RANK"] = "hlsdemux2:MAX,hlsdemux:NONE"

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst


def main(uri, pictures):
    Gst.init(None)
    pipeline = Gst.parse_launch(f"uridecodebin3 name=d uri={uri} ! fakesink name=s num-buffers={pictures}")
    pipeline.get_by_name("d").connect("source-setup", lambda _, source: source.set_property("ssl-strict", False))
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.bus.timed_pop_filtered(60 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    if not message or message.type == Gst.MessageType.ERROR:
        return message.parse_error() if message else "never ended"
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
