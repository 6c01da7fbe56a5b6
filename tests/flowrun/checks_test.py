#!/usr/bin/env python3
"""Checks as a person meets them: what is said, the exit code, the record, and what `runs RUN` shows."""

import json
import unittest

from support import CommandTest

PIPELINE = """name = "arrivals"

[window]
column   = "at"
every    = "1h"
lateness = "1h"

[sources.arrivals]
type    = "csv"
path    = "arrivals.csv"
columns = { at = "timestamp", port = "string", vessels = "int64" }

[transforms.sound]
type  = "check"
input = "arrivals"
rules = [
  { name = "sane", expr = "vessels >= 0", on_fail = "reject" },
  { name = "busy", expr = "vessels < 5000", on_fail = "warn" },
  { name = "named", not_null = ["port"] },
]

[sinks.table]
type   = "sqlite"
input  = "sound"
path   = "out.db"
table  = "arrivals"
mode   = "upsert"
key    = ["at", "port"]
create = true

[rejects]
on_error = "skip"
"""

HOURS = ["2026-01-01T00:00:00,A,1\n2026-01-01T00:10:00,A,-1\n2026-01-01T00:20:00,A,6000\n",
         "2026-01-01T01:00:00,A,2\n2026-01-01T01:30:00,,3\n",
         "2026-01-01T02:00:00,A,4\n"]
ROWS = "select at, port, vessels from arrivals order by at"


class Checks(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("p.toml", PIPELINE)
        self.load(HOURS)

    def load(self, hours):
        self.write("arrivals.csv", "at,port,vessels\n" + "".join(hours))

    def test_an_error_rule_ends_the_run_with_3_and_keeps_its_window_out(self):
        # One thread, so that the windows commit one after the other.
        said = self.expect(3, "p.toml", "--threads", "1").stderr
        self.assertIn('flowrun: error: window 2026-01-01T01:00:00..2026-01-01T02:00:00: check "named" of node "sound" '
                      "does not hold: 1 of 2 rows: port is null, the first with port = null; "
                      "the first is arrivals.csv:6; nothing of it was committed\n", said)
        self.assertIn('flowrun: warning: check "busy" of node "sound" does not hold in window '
                      "2026-01-01T00:00:00..2026-01-01T01:00:00: 1 of 2 rows: vessels < 5000 does not hold, "
                      "the first with vessels = 6000; the first is arrivals.csv:4\n", said)
        self.assertRegex(said, r"checks: 3 of 3 rules did not hold: sane, busy, named; "
                               r"flowrun runs \S+ p\.toml tells more\n")
        held_back = "at >= '2026-01-01T01:00:00' and at < '2026-01-01T02:00:00'"
        self.assertEqual(self.rows(f"select count(*) from arrivals where {held_back}"), [(0,)])
        self.assertEqual(self.rows(ROWS)[:2], [("2026-01-01T00:00:00", "A", 1), ("2026-01-01T00:20:00", "A", 6000)])

        self.load([HOURS[0], HOURS[1].replace(",,3", ",B,3"), HOURS[2]])
        self.assertIn("checks: 2 of 3 rules did not hold: sane, busy;", self.expect(0, "p.toml").stderr)
        self.assertEqual([row[2] for row in self.rows(ROWS)], [1, 6000, 2, 3, 4])
        self.assertIn("up to date", self.expect(0, "p.toml").stderr)

    def test_the_record_has_the_rules(self):
        record = self.record(3, "p.toml", "--threads", "1")
        self.assertEqual(record["exit_code"], 3)
        run, = record["runs"]
        self.assertEqual((run["state"], run["error"]["code"]), ("failed", "check"))
        rules = {check["rule"]: check for check in run["checks"]}
        self.assertEqual(list(rules), ["sane", "busy", "named"])
        self.assertEqual({name: rules["named"][name] for name in ("node", "on_fail", "passed", "units_failed", "unit")},
                         {"node": "sound", "on_fail": "error", "passed": False, "units_failed": 1,
                          "unit": "window 2026-01-01T01:00:00..2026-01-01T02:00:00"})
        self.assertEqual(rules["sane"]["failed"], 1)
        self.load(HOURS[2:])
        self.assertEqual([check["passed"] for check in self.record(0, "p.toml")["runs"][0]["checks"]], [True] * 3)

    def test_warnings_count_where_they_are_asked_to(self):
        self.load(HOURS[:1])
        self.expect(4, "p.toml", "--warn-error")
        self.expect(0, "p.toml", "--full")

    def test_runs_shows_the_checks_of_one_run(self):
        run = self.record(3, "p.toml", "--threads", "1")["runs"][0]["run"]
        shown = self.expect(0, "runs", run, "p.toml").stdout
        self.assertRegex(shown, r"(?m)^sound  named  error +\d +1 ")
        self.assertRegex(shown, r"(?m)^window 2026-01-01T01:00:00\.\.2026-01-01T02:00:00  named  1 of 2 rows: .*  "
                                r"arrivals\.csv:6$")
        for words in (("last", "p.toml"), ("last",), (run[-4:],), (run, ".flowrun/state.db")):
            self.assertEqual(self.expect(0, "runs", *words).stdout, shown)
        record = self.record(0, "runs", "last", "p.toml")
        self.assertEqual(record["runs"][0]["run"], run)
        first = record["checks"][0]
        self.assertEqual((first["rule"], first["passed"], first["rows"], first["origin"]),
                         ("sane", False, 3, "arrivals.csv:3"))
        self.assertIn("no one run has the id", self.expect(2, "runs", "nope").stderr)

    def test_a_run_without_checks_says_so(self):
        self.write("p.toml", PIPELINE.replace('input  = "sound"', 'input  = "arrivals"').replace(
            PIPELINE[PIPELINE.index("[transforms.sound]"):PIPELINE.index("[sinks.table]")], ""))
        self.load(HOURS[2:])
        self.assertNotIn("checks:", self.expect(0, "p.toml").stderr)
        self.assertIn("it made no checks", self.expect(0, "runs", "last").stderr)

    def test_mistakes_are_shown_where_they_stand(self):
        self.write("p.toml", PIPELINE.replace("vessels < 5000", "vesels < 5000").replace('"warn"', '"warning"'))
        said = self.expect(2, "validate", "p.toml").stderr
        self.assertIn("""p.toml:18:28: error: transform "sound": there is no column "vesels"
  18 |   { name = "busy", expr = "vesels < 5000", on_fail = "warning" },
     |                            ^^^^^^
  = did you mean "vessels"?""", said)
        self.assertIn('"on_fail" is neither reject, warn nor error', said)


LOOK = """
[sinks.look]
type  = "stdout"
input = "sound"
"""


class Stdout(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("p.toml", PIPELINE + LOOK)
        self.write("arrivals.csv", "at,port,vessels\n" + HOURS[0] + HOURS[2])

    def test_rows_are_a_table_on_stdout_and_all_else_is_on_stderr(self):
        done = self.expect(0, "p.toml", "--json")
        self.assertEqual(done.stdout.splitlines(),
                         ["at                   port    vessels",
                          "timestamp            string    int64",
                          "2026-01-01T00:00:00  A             1",
                          "2026-01-01T00:20:00  A          6000",
                          "2026-01-01T02:00:00  A             4"])
        self.assertEqual(json.loads(done.stderr.splitlines()[-1])["exit_code"], 0)

    def test_rows_as_json_are_read_by_programs(self):
        self.write("p.toml", PIPELINE + LOOK + 'format = "ndjson"\n')
        rows = [json.loads(line) for line in self.expect(0, "p.toml", "--quiet").stdout.splitlines()]
        self.assertEqual([row["vessels"] for row in rows], [1, 6000, 4])

    def test_a_file_sink_on_stdout_sends_the_record_to_stderr_too(self):
        self.write("p.toml", PIPELINE + LOOK.replace("stdout", "csv") + 'path = "-"\n')
        done = self.expect(0, "p.toml", "--json", "--quiet")
        self.assertEqual(done.stdout.splitlines()[0], "at,port,vessels")
        self.assertEqual(json.loads(done.stderr.splitlines()[-1])["exit_code"], 0)

    def test_a_reader_that_has_seen_enough_ends_nothing(self):
        lines = "".join(f"2026-01-01T{hour:02d}:{minute:02d}:{second:02d},A,{second}\n"
                        for hour in range(24) for minute in range(60) for second in range(0, 60, 3))
        self.write("arrivals.csv", "at,port,vessels\n" + lines)
        for more in ('rows = 0\n', 'format = "ndjson"\n'):
            self.write("p.toml", PIPELINE + LOOK + more)
            with self.start("p.toml", "--full") as process:
                self.assertTrue(process.stdout.readline())
                process.stdout.close()
                said = process.stderr.read()
                self.assertEqual(process.wait(), 0, said)
            self.assertEqual(self.rows("select count(*) from arrivals"), [(24 * 60 * 20,)])


if __name__ == "__main__":
    unittest.main()
