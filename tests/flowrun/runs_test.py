#!/usr/bin/env python3
"""Runs of the built command: what they load, what they say, what they answer to programs."""

import json
import os
import re
import shutil
import sqlite3
import unittest

from support import PIPELINE, CommandTest, readings

WIDE = 'select ship, at, rpm, "load" from wide order by at, ship'


class Runs(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("p.toml", PIPELINE)
        self.write("readings.csv", readings(3))

    def test_a_run_loads_everything_and_the_next_has_nothing_to_do(self):
        done = self.expect(0, "p.toml")
        self.assertEqual(done.stdout, "")
        rows = self.rows(WIDE)
        self.assertEqual(len(rows), 36)
        self.assertEqual(rows[0], ("ship-0", "2024-03-01T00:00:00", 0.0, 0.01))
        self.assertEqual(rows[-1], ("ship-1", "2024-03-01T02:50:00", 17.1, 17.11))
        self.assertRegex(done.stderr, r"every row accounted for: 72 read, 72 absorbed, 36 made, 36 written\n")
        self.assertRegex(done.stderr, r"done: 3 windows, 72 rows → table 36 in [\d.]+ s \(run \S+\)\n$")
        again = self.expect(0, "run", "p.toml")
        self.assertRegex(again.stderr, r"^up to date: everything was committed earlier, nothing to do")
        self.assertEqual(self.rows(WIDE), rows)

    def test_elsewhere_than_on_a_terminal_there_is_a_line_per_window(self):
        lines = self.expect(0, "p.toml").stderr.splitlines()
        windows = [line for line in lines if line.startswith("window ")]
        self.assertEqual(len(windows), 3)
        self.assertRegex(windows[0], r"^window 2024-03-01T00:00:00Z?\.\.\S+: 12 rows written, [\d.]+ s$")
        self.assertFalse([line for line in self.expect(0, "p.toml", "--full", "--progress=never").stderr.splitlines()
                          if line.startswith("window ")])

    def test_progress_as_json_is_one_object_a_line(self):
        lines = self.expect(0, "p.toml", "--progress=json").stderr.splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        self.assertEqual([event["rows"] for event in events if event["event"] == "unit"], [12, 12, 12])

    def test_a_side_reads_what_the_side_before_it_wrote(self):
        self.write("two.toml", """
            name = "two"
            [sources.copied]
            type = "csv"
            path = "copy.csv"
            columns = { ship = "string", at = "timestamp", channel = "string", value = "float64" }
            after = "copy"
            [sinks.table]
            type = "sqlite"
            input = "copied"
            path = "out.db"
            table = "copied"
            mode = "replace"
            create = true
            [sources.readings]
            type = "csv"
            path = "readings.csv"
            columns = { ship = "string", at = "timestamp", channel = "string", value = "float64" }
            [sinks.copy]
            type = "csv"
            input = "readings"
            path = "copy.csv"
            """)
        self.write("readings.csv", "ship,at,channel,value\na,2024-03-01 00:00:00,rpm,1\n")
        for more, rows in (("", 1), ("b,2024-03-01 01:00:00,rpm,2\n", 2)):
            with open(os.path.join(self.folder, "readings.csv"), "a") as file:
                file.write(more)
            done = self.expect(0, "two.toml")
            self.assertIn(f"every row accounted for: {2 * rows} read", done.stderr)
            self.assertEqual(self.rows("select count(*) from copied"), [(rows,)])
        self.assertIn("up to date", self.expect(0, "two.toml").stderr)

    def test_a_lost_journal_is_made_again_from_what_the_targets_hold(self):
        self.expect(0, "p.toml")
        rows = self.rows(WIDE)
        shutil.rmtree(self.path(".flowrun"))
        self.assertIn("up to date", self.expect(0, "p.toml").stderr)
        self.write("readings.csv", readings(4))
        self.assertIn("done: ", self.expect(0, "p.toml").stderr)
        self.assertEqual(self.rows(WIDE)[:len(rows)], rows)
        self.assertEqual(len(self.rows(WIDE)), 48)
        runs = self.expect(0, "runs", "p.toml", "--json").stdout
        self.assertGreaterEqual(len(json.loads(runs)["runs"]), 3)

    def test_too_little_memory_names_a_lateness_with_which_the_run_passes(self):
        self.write("readings.csv", readings(100, ships=4, per_hour=360))
        tight = PIPELINE.replace('columns = ["rpm", "load"]', 'columns = ["rpm", "load"]\nmemory = "3 MiB"')
        self.write("p.toml", tight.replace('lateness = "1m"', ""))
        said = self.expect(1, "p.toml").stderr
        lateness = re.search(r'lateness = "([^"]+)"', said)
        self.assertIsNotNone(lateness, said)
        self.write("p.toml", tight.replace('lateness = "1m"', f'lateness = "{lateness[1]}"'))
        self.assertIn("done: 100 windows", self.expect(0, "p.toml").stderr)
        self.assertEqual(len(self.rows(WIDE)), 100 * 4 * 360)

    def test_a_pivoted_column_that_does_not_arrive_keeps_what_is_there(self):
        self.expect(0, "p.toml")
        before = self.rows(WIDE)
        with open(self.path("readings.csv"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.write("readings.csv", "\n".join(
            [lines[0]] + [line.rsplit(",", 1)[0] + ",99" for line in lines[1:] if ",rpm," in line]) + "\n")
        self.expect(0, "p.toml")
        self.assertEqual(self.rows(WIDE), [(ship, at, 99.0, load) for ship, at, _, load in before])
        self.write("p.toml", PIPELINE + 'nulls = "write"\n')
        self.expect(0, "p.toml", "--full")
        self.assertEqual(self.rows(WIDE), [(ship, at, 99.0, None) for ship, at, _, _ in before])

    def test_full_loads_again(self):
        self.expect(0, "p.toml")
        self.assertIn("done: 3 windows", self.expect(0, "p.toml", "--full").stderr)
        self.assertEqual(len(self.rows(WIDE)), 36)

    def test_bounds_on_the_command_line(self):
        self.expect(0, "p.toml", "--window-from", "2024-03-01T01:00:00Z", "--window-until", "2024-03-01T02:00:00Z")
        self.assertEqual(self.rows("select min(at), max(at), count(*) from wide"),
                         [("2024-03-01T01:00:00", "2024-03-01T01:50:00", 12)])

    def test_a_dry_run_writes_nothing_and_may_be_limited(self):
        done = self.expect(0, "p.toml", "--dry-run", "--limit", "10")
        self.assertIn("dry run: nothing was written", done.stderr)
        self.assertEqual(sorted(os.listdir(self.folder)), ["p.toml", "readings.csv"])

    def test_the_record(self):
        record = self.record(0, "p.toml")
        self.assertEqual((record["schema"], record["pipeline"], record["exit_code"]), ("flowrun.run/1", "wide", 0))
        self.assertEqual(record["diagnostics"], [])
        run, = record["runs"]
        self.assertEqual((run["state"], run["up_to_date"], run["error"]), ("ok", False, None))
        self.assertEqual((run["units_committed"], run["rows_read"], run["rejects_stored"]), (3, 72, 0))
        self.assertIs(run["balanced"], True)
        nodes = {node["name"]: node for node in run["nodes"]}
        self.assertEqual(list(nodes), ["readings", "wide", "table"])
        self.assertEqual((nodes["wide"]["in"], nodes["wide"]["absorbed"], nodes["wide"]["made"]), (72, 72, 36))
        self.assertEqual((nodes["table"]["kind"], nodes["table"]["passed"]), ("sink", 36))
        self.assertTrue(self.record(0, "p.toml")["runs"][0]["up_to_date"])

    def test_the_record_of_a_file_that_cannot_be_planned(self):
        self.write("p.toml", PIPELINE.replace("every ", "evry "))
        record = self.record(2, "p.toml")
        self.assertEqual((record["exit_code"], record["runs"]), (2, []))
        self.assertTrue(record["diagnostics"])


class Failures(CommandTest):
    def test_a_bad_row_ends_the_run_unless_the_file_says_otherwise(self):
        self.write("p.toml", PIPELINE)
        self.write("readings.csv", readings(2) + "2024-03-01T01:59:00,ship-0,rpm,fast\n")
        done = self.expect(1, "p.toml")
        self.assertRegex(done.stderr, r"flowrun: error: .*readings")
        self.assertIn("what was committed stays", done.stderr)
        run, = self.record(1, "p.toml")["runs"]
        self.assertEqual((run["state"], run["error"]["code"]), ("failed", "data"))
        self.write("p.toml", PIPELINE + '\n[rejects]\non_error = "skip"\n')
        done = self.expect(0, "p.toml")
        self.assertRegex(done.stderr, r"1 reject kept: flowrun rejects \S+ p\.toml\n")
        self.assertEqual(len(self.rows("select * from wide")), 24)

    def test_a_missing_input_is_an_error_that_names_it(self):
        self.write("p.toml", PIPELINE)
        done = self.run_flowrun("p.toml")
        self.assertIn(done.returncode, (1, 2))
        self.assertIn("readings.csv", done.stderr)

    def test_a_matrix_ends_with_its_worst_code(self):
        text = PIPELINE.replace('"readings.csv"', '"${part}.csv"').replace('"out.db"', '"${part}.db"')
        self.write("p.toml", text.replace("[window]", '[matrix]\npart = ["a", "b"]\n\n[window]'))
        self.write("a.csv", readings(1))
        self.write("b.csv", readings(1) + "2024-03-01T00:59:00,ship-0,rpm,fast\n")
        record = self.record(1, "p.toml")
        self.assertEqual([(run["instance"], run["state"]) for run in record["runs"]],
                         [("part=a", "ok"), ("part=b", "failed")])
        self.assertEqual(len(self.rows("select * from wide", "a.db")), 12)
        self.assertEqual(self.record(0, "p.toml", "--only", "part=a")["runs"][0]["state"], "ok")
        self.assertIn("part", self.expect(2, "p.toml", "--only", "prt=a").stderr)

    def test_a_parameter_is_given_on_the_command_line(self):
        self.write("p.toml", PIPELINE.replace('"readings.csv"', '"${name}.csv"')
                   .replace("[window]", "[params]\nname = { type = \"string\" }\n\n[window]"))
        self.write("readings.csv", readings(1))
        self.assertIn("name", self.expect(2, "p.toml").stderr)
        self.expect(0, "p.toml", "--param", "name=readings")
        self.assertEqual(len(self.rows("select * from wide")), 12)

    def test_a_journal_that_cannot_be_written_is_said_so(self):
        self.write("p.toml", PIPELINE)
        self.write("readings.csv", readings(1))
        self.write(".flowrun", "a file where a folder should be")
        done = self.expect(1, "p.toml")
        self.assertTrue(re.match(r"flowrun: error: .*\.flowrun", done.stderr), done.stderr)


class Compare(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("p.toml", PIPELINE)
        self.write("readings.csv", readings(3))
        self.expect(0, "p.toml", "--quiet")

    def change(self, sql):
        with sqlite3.connect(self.path("out.db")) as database:
            database.execute(sql)

    def test_what_was_loaded_is_equal(self):
        self.assertRegex(self.expect(0, "compare", "p.toml").stdout, r"wide: equal: 3 units, 36 rows\n$")
        self.assertEqual(self.expect(0, "compare", "p.toml", "--all").stdout.count(" equal\n"), 3)

    def test_a_cell_a_row_less_and_a_row_more_are_found_in_their_windows(self):
        hour = "2024-03-01T{:02d}:00:00Z..2024-03-01T{:02d}:00:00Z"
        self.change("update wide set rpm = rpm + 1 where at = '2024-03-01T00:10:00' and ship = 'ship-1'")
        self.change("delete from wide where at = '2024-03-01T01:00:00' and ship = 'ship-0'")
        target, = self.record(1, "compare", "p.toml")["targets"]
        self.assertEqual([(unit["unit"], unit["source_rows"], unit["target_rows"], unit["equal"]) for unit in target["units"]],
                         [(hour.format(0, 1), 12, 12, False), (hour.format(1, 2), 12, 11, False), (hour.format(2, 3), 12, 12, True)])
        self.change("insert into wide (ship, at) values ('ship-9', '2024-03-01T02:30:00')")
        table = self.expect(1, "compare", "p.toml").stdout
        self.assertIn("3 of 3 units differ", table)
        self.assertIn("differs in values", table)
        only = ("--window-from", "2024-03-01T02:00:00", "--window-until", "2024-03-01T03:00:00")
        self.assertIn("1 of 1 unit differ", self.expect(1, "compare", "p.toml", *only).stdout)

    def test_what_is_not_loaded_yet_is_no_difference(self):
        self.write("readings.csv", readings(5))
        self.assertIn("equal", self.expect(0, "compare", "p.toml").stdout)


class Backfill(CommandTest):
    def test_backfill_loads_a_stretch_again_and_nothing_else(self):
        self.write("readings.csv", readings(6))
        self.write("p.toml", PIPELINE)
        self.expect(0, "p.toml", "--quiet")
        whole = self.rows("select * from wide order by ship, at")
        with sqlite3.connect(self.path("out.db")) as database:
            database.execute("delete from wide")
        self.expect(0, "p.toml", "--quiet")
        self.assertEqual(self.rows("select count(*) from wide"), [(0,)])
        self.expect(0, "backfill", "p.toml", "--from", "2024-03-01T02:00:00", "--until", "2024-03-01T04:00:00", "--quiet")
        self.assertEqual(self.rows("select * from wide order by ship, at"),
                         [row for row in whole if "T02:" in row[1] or "T03:" in row[1]])
        self.assertIn("--until", self.expect(2, "backfill", "p.toml", "--from", "2024-03-01").stderr)


if __name__ == "__main__":
    unittest.main()
