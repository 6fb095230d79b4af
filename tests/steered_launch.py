#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays a launch description as gst-launch-1.0 does, and takes commands, one a line; answers each with "did …":

    set ELEMENT PROPERTY VALUE
    state PLAYING
    seek ELEMENT SECONDS
    eos

An appsrc named "glass" is fed with pictures of a clock.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

import glass


class Steered:
    def __init__(self, description):
        self.failed = False
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(description)
        self.pipeline.get_bus().add_signal_watch()
        self.pipeline.get_bus().connect("message::error", self._on_error)
        self.pipeline.get_bus().connect("message::eos", lambda *_: self.loop.quit())
        GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, self._on_input)

    def run(self):
        source = self.pipeline.get_by_name("glass")
        camera = source and glass.Camera(source)
        self.pipeline.set_state(Gst.State.PLAYING)
        if camera:
            camera.start()
        try:
            self.loop.run()
        except KeyboardInterrupt:
            pass
        self.pipeline.set_state(Gst.State.NULL)
        return 1 if self.failed else 0

    def _on_error(self, _, message):
        self._fail(message.parse_error())

    def _fail(self, why):
        print("error:", why, flush=True)
        self.failed = True
        self.loop.quit()

    def _on_input(self, *_):
        line = sys.stdin.readline()
        if not line:
            self.loop.quit()
            return GLib.SOURCE_REMOVE
        name, *arguments = line.split()
        getattr(self, "do_" + name)(*arguments)
        print("did", line.strip(), flush=True)
        return GLib.SOURCE_CONTINUE

    def do_set(self, element, name, value):
        Gst.util_set_object_arg(self.pipeline.get_by_name(element), name, value)

    def do_state(self, name):
        self.pipeline.set_state(getattr(Gst.State, name))
        self.pipeline.get_state(Gst.CLOCK_TIME_NONE)

    def do_eos(self):
        self.pipeline.send_event(Gst.Event.new_eos())

    def do_seek(self, element, seconds):
        flags = Gst.SeekFlags.FLUSH | Gst.SeekFlags.ACCURATE
        position = int(float(seconds) * Gst.SECOND)
        if not self.pipeline.get_by_name(element).seek_simple(Gst.Format.TIME, flags, position):
            self._fail(f"{element} does not seek")


if __name__ == "__main__":
    Gst.init(None)
    sys.exit(Steered(sys.argv[1]).run())
