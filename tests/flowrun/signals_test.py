#!/usr/bin/env python3
"""Runs that are stopped: by Ctrl-C, by SIGTERM, twice, and by somebody who runs the same pipeline."""

import os
import signal
import subprocess
import time
import unittest

from support import PIPELINE, SOURCE, CommandTest, readings

HOURS = 400
ALL = 'select ship, at, rpm, "load" from wide order by at, ship'


class Stopped(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("p.toml", PIPELINE)
        self.write("readings.csv", readings(HOURS, ships=5, per_hour=60))

    def stop_after_first_window(self, number, times=1):
        """Sends a signal once the first window is committed; exit code and what was said."""
        process = self.start("p.toml", "--progress=plain")
        said = process.stderr.readline()
        self.assertTrue(said.startswith("window "), said)
        for _ in range(times):
            process.send_signal(number)
            time.sleep(0.01)
        said += process.communicate(timeout=60)[1]
        return process.returncode, said

    def undisturbed(self):
        os.mkdir(self.path("other"))
        for name in ("p.toml", "readings.csv"):
            os.link(self.path(name), self.path("other/" + name))
        self.expect(0, "other/p.toml", "--quiet")
        return self.rows(ALL, "other/out.db")

    def check_stop(self, number, code):
        ended, said = self.stop_after_first_window(number)
        self.assertEqual(ended, code, said)
        self.assertIn("flowrun: stopping", said)
        self.assertRegex(said, r"stopped after \d[\d,]* windows? in .*; the next run goes on from there")
        self.assertNotIn("error:", said)
        before = self.rows("select count(*) from wide")[0][0]
        self.assertLess(before, HOURS * 300)
        self.assertEqual(before % 300, 0, "a window was committed in part")
        done = self.expect(0, "p.toml")
        self.assertIn("more committed earlier", done.stderr)
        self.assertEqual(self.rows(ALL), self.undisturbed())

    def test_ctrl_c_leaves_a_clean_state_and_the_next_run_completes_it(self):
        self.check_stop(signal.SIGINT, 130)

    def test_sigterm_does_the_same_with_its_own_code(self):
        self.check_stop(signal.SIGTERM, 143)

    def test_a_second_signal_ends_at_once_and_the_next_run_recovers(self):
        ended, _ = self.stop_after_first_window(signal.SIGINT, times=2)
        self.assertEqual(ended, 130)
        self.expect(0, "p.toml", "--quiet")
        self.assertEqual(self.rows(ALL), self.undisturbed())


class Waiting(CommandTest):
    """A run that waits for stdin holds its instance and can be stopped."""

    def setUp(self):
        super().setUp()
        self.write("p.toml", PIPELINE.replace(SOURCE, SOURCE.replace('"readings.csv"', '"-"')))

    def start_waiting(self):
        process = self.start("p.toml", stdin=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while not os.path.exists(self.path("out.db")) and time.monotonic() < deadline:
            time.sleep(0.01)
        return process

    def finish(self, process, text):
        try:
            return process.communicate(text, timeout=60)
        finally:
            process.kill()

    def test_a_second_run_of_the_same_pipeline_is_turned_away(self):
        process = self.start_waiting()
        rival = self.run_flowrun("p.toml")
        _, said = self.finish(process, readings(1))
        self.assertEqual(process.returncode, 0, said)
        self.assertEqual(rival.returncode, 75, rival.stderr)
        self.assertIn("flowrun: error: ", rival.stderr)
        self.assertEqual(len(self.rows("select * from wide")), 12)

    def test_a_run_that_waits_for_input_can_be_stopped(self):
        process = self.start_waiting()
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        finally:
            _, said = self.finish(process, None)
        self.assertEqual(process.returncode, 130, said)


if __name__ == "__main__":
    unittest.main()
