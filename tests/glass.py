# SPDX-License-Identifier: LGPL-2.1-or-later
"""A camera in front of a clock: pictures with the UTC of their making in black and white squares along the upper edge,
most significant bit first, in milliseconds since 1970 modulo 2^40. Feeds an appsrc in real time."""

import threading
import time

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

WIDTH, HEIGHT, RATE = 640, 360, 30
BITS, SQUARE = 40, 16  # 40 squares of 16 pixels are as wide as the picture
BLACK, GREY, WHITE = 16, 128, 235
BAR = 32

CAPS = f"video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={RATE}/1"


def squares(milliseconds):
    row = b"".join(bytes([WHITE if milliseconds >> (BITS - 1 - bit) & 1 else BLACK]) * SQUARE for bit in range(BITS))
    return row * SQUARE


def picture(number, milliseconds):
    """The squares, and below them a bar that moves, for the encoder to have something to do."""
    left = 8 * number % (WIDTH - BAR)
    row = bytes([GREY]) * left + bytes([WHITE]) * BAR + bytes([GREY]) * (WIDTH - BAR - left)
    return squares(milliseconds) + row * (HEIGHT - SQUARE) + bytes([128]) * (WIDTH * HEIGHT // 2)


class Camera:
    """Feeds `source`, an appsrc, from the moment when its pipeline plays until it takes no more."""

    def __init__(self, source):
        self.source = source
        source.set_property("caps", Gst.Caps.from_string(CAPS))
        source.set_property("is-live", True)
        source.set_property("format", Gst.Format.TIME)

    def start(self):
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        began = time.monotonic()
        running_time = self.source.get_clock().get_time() - self.source.get_base_time()
        number = 0
        while True:
            time.sleep(max(0, began + number / RATE - time.monotonic()))
            buffer = Gst.Buffer.new_wrapped(picture(number, int(time.time() * 1000) % (1 << BITS)))
            buffer.pts = running_time + number * Gst.SECOND // RATE
            buffer.duration = Gst.SECOND // RATE
            if self.source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return
            number += 1
