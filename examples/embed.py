#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An origin inside a Python application: one server, one live presentation, statistics once a second.

Run it with the number of seconds it shall last, or until interrupted."""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("Origin", "0")
from gi.repository import GLib, Gst, Origin  # noqa: E402


def main():
    Gst.init(None)
    server = Origin.Server.new()
    server.listen("127.0.0.1", 0)

    pipeline = Gst.parse_launch(
        "videotestsrc is-live=true ! x264enc tune=zerolatency ! originsink name=o presentation=show "
        "audiotestsrc is-live=true ! avenc_aac ! o."
    )
    pipeline.get_by_name("o").set_property("origin", server)
    pipeline.set_state(Gst.State.PLAYING)
    print(f"{server.get_uris()[0]}/show/", flush=True)

    def print_statistics():
        statistics = server.get_statistics().unpack()
        print(f"{statistics['objects']} objects, {statistics['memory-used']} bytes", flush=True)
        return GLib.SOURCE_CONTINUE

    loop = GLib.MainLoop()
    GLib.timeout_add_seconds(1, print_statistics)
    if len(sys.argv) > 1:
        GLib.timeout_add_seconds(int(sys.argv[1]), loop.quit)
    try:
        loop.run()
    except KeyboardInterrupt:
        pass
    pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    main()
