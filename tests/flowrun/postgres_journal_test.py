#!/usr/bin/env python3
"""Runs of the built command with their journal in a PostgreSQL server: what it keeps, who may run, what outlives what."""

import os
import signal
import socket
import sqlite3
import sys
import time
import unittest

from support import PIPELINE, ROOT, CommandTest, readings

sys.path.insert(0, os.path.join(ROOT, "tests/support"))
from postgres import PASSWORD, Server  # noqa: E402

STATE = '\n[state]\nurl = "${env:DATABASE_URL}"\nheartbeat = "200ms"\n'
WIDE = 'select ship, at, rpm, "load" from wide order by at, ship'
HOURS, LONG = 700, 1400  # how long a run is that something happens to meanwhile, and its windows of half an hour
DEADLINE = 30


class PostgresJournal(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        super().setUp()
        self.server.query("drop schema if exists flowrun_journal cascade")
        self.environment["DATABASE_URL"] = self.server.url()
        self.said = []
        self.write("p.toml", PIPELINE.replace("[window]", STATE + "\n[window]"))
        self.write("readings.csv", readings(3))

    def run_flowrun(self, *words, **options):
        done = super().run_flowrun(*words, **options)
        self.said += [done.stdout, done.stderr]
        return done

    def tearDown(self):
        """Whatever happened, nobody was told the password."""
        for folder, _, names in os.walk(self.folder):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.said.append(file.read().decode("utf-8", "replace"))
        self.said += [str(row) for row in self.server.query("select * from flowrun_journal.runs")]
        secrets = (PASSWORD, self.server.url().split(":")[2].split("@")[0])
        for text in self.said:
            for secret in secrets:
                self.assertNotIn(secret, text)

    def wait_for(self, query, least=1):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            try:
                if int(self.server.value(query)) >= least:
                    return
            except RuntimeError:
                pass  # there is no journal yet
            time.sleep(0.01)
        self.fail(f"{query} stayed below {least}")

    def long_run(self):
        """Starts a run of many windows and waits until it is in the midst of them."""
        self.write("readings.csv", readings(HOURS, per_hour=4))
        self.write("p.toml", self.pipeline(STATE))
        running = self.start("p.toml", "--progress=never")
        self.addCleanup(lambda: (running.kill(), running.communicate()) if running.poll() is None else None)
        self.wait_for("select count(*) from flowrun_journal.units where state = 'journalled'", 50)
        self.assertIsNone(running.poll(), "the run was over before anything could happen to it")
        return running

    @staticmethod
    def pipeline(state):
        return PIPELINE.replace("[window]", state + "\n[window]").replace('"1h"', '"30m"')

    def undisturbed(self):
        """The rows that a run to which nothing happened makes of the same input."""
        self.write("plain.toml", self.pipeline("").replace("out.db", "plain.db"))
        self.expect(0, "plain.toml")
        return self.rows(WIDE, "plain.db")

    @staticmethod
    def stands_still(pid):
        """Whether each of a process's threads has stopped: the signal alone says that they will."""
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/stat", encoding="utf-8") as stat:
                if stat.read().rpartition(")")[2].split()[0] != "T":
                    return False
        return True

    def freeze(self, running):
        """Stops a run at a moment at which it does not hold its target's lock: nobody could get past that."""
        for _ in range(1000):
            os.kill(running.pid, signal.SIGSTOP)
            while not self.stands_still(running.pid):
                time.sleep(0.001)
            target = sqlite3.connect(self.path("out.db"), timeout=0, isolation_level=None)
            try:
                target.execute("begin immediate")
                return
            except sqlite3.OperationalError:
                os.kill(running.pid, signal.SIGCONT)
                time.sleep(0.003)
            finally:
                target.close()
        self.fail("the run holds its target all the time")

    def end_of(self, running, code):
        out, errors = running.communicate(timeout=120)
        self.said += [out, errors]
        self.assertEqual(running.returncode, code, errors)
        return errors

    def test_a_run_is_recorded_in_the_server(self):
        self.expect(0, "p.toml")
        self.assertEqual(len(self.rows(WIDE)), 36)
        self.assertIn("up to date", self.expect(0, "p.toml").stderr)
        self.assertFalse(os.path.exists(self.path(".flowrun/state.db")))
        self.assertEqual(self.server.query("select state, watermark, totals ->> 'rows_read' from flowrun_journal.runs "
                                           "order by number"),
                         [("ok", "2024-03-01 03:00:00+00", "72"), ("ok", None, "0")])
        record = self.record(0, "runs", "p.toml")
        self.assertEqual([run["state"] for run in record["runs"]], ["ok", "ok"])
        self.assertEqual(record["runs"][1]["watermark"], "2024-03-01T03:00:00Z")
        self.assertEqual(self.record(0, "runs", "--state", self.server.url())["runs"], record["runs"])
        self.assertEqual(self.expect(0, "runs", "last", "--state", self.server.url()).returncode, 0)
        self.assertIn("2024-03-01T03:00:00", self.expect(0, "state", "show", "p.toml").stdout)
        self.assertIn("agree", self.expect(0, "state", "verify", "p.toml").stdout)
        for words in (("plan", "p.toml"), ("graph", "p.toml", "--format", "json"), ("plan", "p.toml", "--json"),
                      ("validate", "p.toml"), ("p.toml", "--full", "--json", "-v"), ("logs", "last", "p.toml")):
            self.expect(0, *words)

    def test_rejects_are_kept_in_the_server(self):
        with open(self.path("readings.csv"), "a", encoding="utf-8") as file:
            file.write("2024-03-01T02:59:00,ship-1,rpm,fast\n")
        self.write("p.toml", PIPELINE.replace("[window]", STATE + '\n[rejects]\non_error = "skip"\n\n[window]'))
        self.expect(0, "p.toml")
        self.assertIn("fast", self.expect(0, "rejects", "last", "p.toml").stdout)
        self.assertIn("fast", self.expect(0, "rejects", "last", "--state", self.server.url(), "--json").stdout)
        self.assertEqual(self.server.value("select convert_from(value, 'UTF8') from flowrun_journal.rejects"), "fast")

    def test_files_have_their_coverage_in_the_server(self):
        self.write("p.toml", PIPELINE.split("[sinks.table]", maxsplit=1)[0].replace("[window]", STATE + "\n[window]")
                   + '[sinks.file]\ntype = "csv"\ninput = "wide"\npath = "wide.csv"\n')
        self.expect(0, "p.toml")
        with open(self.path("wide.csv"), encoding="utf-8") as file:
            text = file.read()
        self.assertEqual(text.count("\n"), 37)
        self.assertIn("up to date", self.expect(0, "p.toml").stderr)
        self.assertEqual(self.server.value("select count(*) from flowrun_journal.file_coverage where kind = 'window'"),
                         "3")

    def test_a_killed_run_goes_on_where_it_stopped(self):
        running = self.long_run()
        running.kill()
        self.end_of(running, -signal.SIGKILL)
        done = self.expect(0, "p.toml", "--progress=never")
        self.assertRegex(done.stderr, r"run \S+ had crashed; going on where it stopped")
        self.assertRegex(done.stderr, r"\([\d,]+ more committed earlier\)")
        self.assertEqual(self.rows(WIDE), self.undisturbed())
        self.assertEqual(self.server.query("select state, reason like 'the process ended without a word%' from "
                                           "flowrun_journal.runs order by number"), [("crashed", "t"), ("ok", "f")])

    def test_of_two_starts_one_runs_and_the_other_says_who_does(self):
        running = self.long_run()
        second = self.expect(75, "p.toml")
        self.assertRegex(second.stderr, rf'pipeline "wide" is run by pid {running.pid} on {socket.gethostname()} '
                                        r"since \d{4}-\d\d-\d\dT\S+Z, run \S+\n")
        self.end_of(running, 0)
        self.assertEqual(len(self.rows(WIDE)), LONG * 4)
        self.assertEqual(self.server.value("select count(*) from flowrun_journal.runs"), "1")

    def test_a_restart_of_the_server_in_the_middle_is_waited_out(self):
        running = self.long_run()
        self.server.restart()
        self.end_of(running, 0)
        self.assertEqual(self.rows(WIDE), self.undisturbed())
        self.assertEqual(self.server.query("select state, epoch from flowrun_journal.runs"), [("ok", "1")])
        self.assertEqual(self.server.query("select state, count(*) from flowrun_journal.units where kind = 'window' "
                                           "group by 1"),
                         [("journalled", str(LONG))])

    def test_a_run_that_was_taken_over_commits_nothing_more(self):
        running = self.long_run()
        self.freeze(running)
        self.write("p.toml", self.pipeline(STATE + 'ttl = "600ms"\n'))
        time.sleep(0.8)
        self.expect(0, "p.toml", "--progress=never")
        os.kill(running.pid, signal.SIGCONT)
        # Its targets or its lease say that it is late; either way it ends.
        self.assertIn("epoch 2", self.end_of(running, 75))
        self.assertEqual(self.rows(WIDE), self.undisturbed())
        self.assertEqual(self.server.query("select state from flowrun_journal.runs order by number"), [("crashed",), ("ok",)])

    def test_what_is_wrong_with_the_server_is_said(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            self.environment["DATABASE_URL"] = self.server.url().replace(str(self.server.port), str(closed.getsockname()[1]))
            self.assertIn("127.0.0.1:", self.expect(1, "p.toml").stderr)
        self.environment["DATABASE_URL"] = self.server.url(password="guessed")
        done = self.expect(1, "p.toml")
        self.assertIn("password authentication failed", done.stderr)
        self.assertNotIn("guessed", done.stderr)
        self.environment["DATABASE_URL"] = "mysql://me:guessed@db/x"
        self.assertNotIn("guessed", self.expect(2, "p.toml").stderr)
        del self.environment["DATABASE_URL"]
        self.assertIn("DATABASE_URL", self.expect(2, "p.toml").stderr)
        self.environment["DATABASE_URL"] = self.server.url()
        self.assertIn("--dry-run", self.expect(2, "p.toml", "--offline").stderr)
        self.expect(0, "p.toml", "--offline", "--dry-run")
        self.expect(0, "p.toml")


if __name__ == "__main__":
    unittest.main()
