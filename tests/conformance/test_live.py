#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Live presentations of originsink, followed by a client that holds every response against every clause.

CONFORMANCE_SECONDS=600 follows each for ten minutes.
"""

import concurrent.futures
import contextlib
import email.utils
import os
import pathlib
import sys
import time
import unittest

sys.path.append(os.fspath(pathlib.Path(__file__).parents[1] / "e2e"))

import clauses
import follow
from processes import LISTENING, Pipeline, require
from real_time import RealTime
from sources import audio, video

SECONDS = float(os.environ.get("CONFORMANCE_SECONDS", 24))
# Machines that run tests are busy: how late something came is measured elsewhere.
SLACK = 1.0
ENCODER = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=1000 bitrate={}"
LADDER = {"video_0": (ENCODER.format(800), (320, 240)), "video_1": (ENCODER.format(300), (160, 120))}
# Small, so that all that a window does happens soon.
SMALL = "playlist-type=live segment-duration=1000000000 part-duration={part} window=8000000000 linger=-1"
# What there is nothing to see of where nothing goes wrong and nothing ends.
UNUSUAL = {"unavailable_says_when_to_retry", "waits_have_a_deadline", "hints_that_fail_are_not_found",
           "gap_segments_have_gap_parts", "dates_only_overlap_a_little", "changed_format_is_a_discontinuity",
           "new_init_segments_are_hinted", "deltas_keep_dateranges", "v2_leaves_out_old_dateranges",
           "v2_names_removed_dateranges", "byte_ranges_are_whole_resources", "audio_groups_have_the_same_members"}
AT_THE_END = {"ended_playlists_ignore_directives", "ended_playlists_stay"}


def feed(name, source):
    return f"{source} ! queue ! o.{name}"


class Live(RealTime):
    def publish(self, feeds, part_duration=250_000_000, port=0, sink=SMALL, steered=False):
        require("x264enc", "avenc_aac")
        sink = f"originsink name=o port={port} {sink.format(part=part_duration)} "
        return Pipeline(sink + " ".join(feed(*item) for item in feeds.items()), steered=steered)

    def check(self, origin, tolerated=(), meanwhile=None):
        """Follows a presentation and holds it against every clause; does something after a third of the time."""
        url = origin.wait_for(LISTENING)[1]
        if meanwhile:
            with concurrent.futures.ThreadPoolExecutor() as pool:
                done = pool.submit(lambda: (time.sleep(SECONDS / 3), meanwhile()))
                judged = self.check(origin, tolerated)
                done.result()
                return judged
        # Before a source has shown that its keyframes lie on the grid, a segment may end before the part it was to
        # have; and the multivariant playlist is read before there is much to measure its rates by.
        situations = ("unmeasured", *tolerated)
        session = follow.follow(f"{url.rstrip('/')}/index.m3u8", SECONDS, SLACK, situations)
        findings = clauses.judge(session)
        violated = {name for name, finding in findings.items() if finding.outcome == "violated"}
        self.assertFalse(violated, "\n" + follow.report(findings))
        self.check_dates(session)
        return session, findings

    def check_dates(self, session):
        """The newest that is listed is of the time of day, as the server has it, to a second."""
        for rendition in session.renditions:
            for exchange in rendition.versions:
                end, sent = exchange.playlist.end_date, exchange.headers.get("date")
                if end is not None and sent:
                    ahead = end - email.utils.parsedate_to_datetime(sent).timestamp()
                    self.assertLess(ahead, 1 + SLACK, f"{rendition.name}, {exchange.name}")

    def check_seen(self, findings, unseen):
        missed = {name for name, finding in findings.items() if finding.outcome == "not seen"}
        self.assertEqual(missed - UNUSUAL - unseen, set())

    def ladder(self, frames=-1, rate="30/1"):
        feeds = {name: video(encoder, frames, rate=rate, size=size, live=True)
                 for name, (encoder, size) in LADDER.items()}
        seconds = -1 if frames < 0 else frames / 30
        return feeds | {"audio_0": audio("avenc_aac", seconds, live=True)}

    def test_ladder_with_audio(self):
        with self.publish(self.ladder()) as origin:
            _, findings = self.check(origin)
            self.assertTrue(origin.running(), origin.report())
        self.check_seen(findings, AT_THE_END)

    def test_frames_that_do_not_divide_the_parts(self):
        feeds = {"video_0": video(ENCODER.format(300), -1, rate="30000/1001", live=True),
                 "audio_0": audio("avenc_aac", -1, rate=44100, live=True)}
        with self.publish(feeds, part_duration=330_000_000) as origin:
            _, findings = self.check(origin)
        self.check_seen(findings, AT_THE_END)

    def test_source_that_skips_frames(self):
        feeds = {"video_0": video(ENCODER.format(300), -1, live=True), "audio_0": audio("avenc_aac", -1, live=True)}
        feeds["video_0"] = feeds["video_0"].replace(" ! x264enc", " ! identity drop-probability=0.05 ! x264enc")
        with self.publish(feeds) as origin:
            self.check(origin, ["stall"])

    def test_presentation_that_ends(self):
        with self.publish(self.ladder(frames=round(30 * (SECONDS - 5)))) as origin:
            _, findings = self.check(origin)
        self.check_seen(findings, set())

    def test_without_parts(self):
        with self.publish(self.ladder(), part_duration=0) as origin:
            session, _ = self.check(origin)
        self.assertGreater(len(session.playlists), SECONDS)
        for exchange in session.playlists:
            self.assertEqual(exchange.playlist.all("EXT-X-PART") + exchange.playlist.all("EXT-X-PRELOAD-HINT"), [])

    def test_defaults_of_the_element(self):
        feeds = {"video_0": video(ENCODER.format(300), -1, live=True), "audio_0": audio("avenc_aac", -1, live=True)}
        with self.publish(feeds, sink="") as origin:
            _, findings = self.check(origin)
        # That does not fill a window of a minute.
        self.assertEqual(findings["parts_long_enough"].outcome, "ok")

    def test_source_that_stalls(self):
        feeds = self.ladder()
        feeds["video_1"] = feeds["video_1"].replace(" ! x264enc", " ! valve name=v ! x264enc")

        def stall(origin):
            for length in (0.15, 0.4, 0.7, SECONDS / 4):
                origin.tell("set v drop true")
                time.sleep(length)
                origin.tell("set v drop false")
                time.sleep(1.3)
        with self.publish(feeds, steered=True) as origin:
            session, _ = self.check(origin, ["stall"], lambda: stall(origin))
        stalled = next(rendition for rendition in session.renditions if "video_1" in rendition.name)
        gaps = [segment for version in stalled.versions for segment in version.playlist.segments if segment.gap]
        self.assertTrue(gaps)
        newest = stalled.versions[-1].playlist
        self.assertFalse(newest.segments[-1].gap, newest.text)

    def test_format_that_changes(self):
        require("opusenc")
        feeds = self.ladder() | {"audio_1": audio("opusenc", -1, live=True)}
        feeds["video_1"] = feeds["video_1"].replace(" ! x264enc", " ! videoscale ! capsfilter name=c ! x264enc")
        # All of it stays in the playlists that are judged at the end.
        sink = SMALL.replace("window=8000000000", "window=60000000000")
        with self.publish(feeds, steered=True, sink=sink) as origin:
            session, findings = self.check(
                origin, ["unforeseen"], lambda: origin.tell("set c caps video/x-raw,width=240,height=180"))
        for seen in ("changed_format_is_a_discontinuity", "audio_groups_have_the_same_members"):
            self.assertEqual(findings[seen].outcome, "ok")
        changed = next(rendition for rendition in session.renditions if "video_1" in rendition.name)
        listed = list(changed.segments.values())
        last = next(before for before, segment in zip(listed, listed[1:]) if before.map_uri != segment.map_uri)
        # What follows a segment that ended at its boundary was hinted with the format it had until then.
        if last.duration < 0.95:
            self.assertEqual(findings["new_init_segments_are_hinted"].outcome, "ok")

    def test_pad_that_ends(self):
        feeds = self.ladder() | {"audio_0": audio("avenc_aac", round(SECONDS / 2), live=True)}
        with self.publish(feeds) as origin:
            session, _ = self.check(origin)
        ended = next(rendition for rendition in session.renditions if "audio_0" in rendition.name)
        self.assertTrue(ended.versions[-1].playlist.ended)

    def test_publisher_that_is_killed_and_returns(self):
        with contextlib.ExitStack() as running:
            first = running.enter_context(self.publish(self.ladder()))
            port = int(first.wait_for(LISTENING)[2])

            def restart():
                first.kill()
                running.enter_context(self.publish(self.ladder(), port=port)).wait_for(LISTENING)
            session, _ = self.check(first, ["restart"], restart)
        self.assertTrue(session.outages)
        for rendition in session.renditions:
            last = max(session.outages)
            self.assertTrue([e for e in rendition.versions if e.sent > last], f"{rendition.name} never came back")


def main():
    """As unittest.main(), but a file of which nothing could run is a skipped test to meson."""
    result = unittest.main(exit=False, verbosity=2).result
    skipped = result.testsRun and len(result.skipped) == result.testsRun
    sys.exit(77 if result.wasSuccessful() and skipped else not result.wasSuccessful())


if __name__ == "__main__":
    main()
