# SPDX-License-Identifier: LGPL-2.1-or-later
"""Launch descriptions of what feeds the pads. Pictures are small: it is their times that are tested."""

QUEUE = "queue max-size-buffers=0 max-size-bytes=0 max-size-time=0"
AUDIO_BLOCK = 960
# RFC 7845 4.2: an Opus stream starts with what its decoder drops, and no presentation starts before its start.
OPUS_PRE_SKIP = 312 / 48000


def picture(frames, rate="30/1", size=(160, 120), live=False, offset=0, pattern="smpte"):
    width, height = size
    return (f"videotestsrc num-buffers={frames} is-live={str(live).lower()} pattern={pattern} "
            f"timestamp-offset={offset} ! video/x-raw,format=I420,width={width},height={height},framerate={rate}")


def video(encoder, frames, **options):
    return f"{picture(frames, **options)} ! {encoder}"


def sound(seconds, rate=48000, live=False, offset=0, frequency=440):
    blocks = round(seconds * rate / AUDIO_BLOCK) if seconds >= 0 else -1
    return (f"audiotestsrc num-buffers={blocks} samplesperbuffer={AUDIO_BLOCK} "
            f"is-live={str(live).lower()} freq={frequency} volume=0.2 timestamp-offset={offset} "
            f"! audio/x-raw,rate={rate},channels=2 ! audioconvert")


def audio(encoder, seconds, **options):
    return f"{sound(seconds, **options)} ! {encoder}"
