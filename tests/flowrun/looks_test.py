#!/usr/bin/env python3
"""The commands that look: preview, plan, graph, runs, rejects, logs, nodes. None of them changes anything."""

import json
import os
import unittest

from support import PIPELINE, CommandTest, readings

SKIP = PIPELINE + '\n[rejects]\non_error = "skip"\n'


class Looks(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("p.toml", SKIP)
        self.write("readings.csv", readings(2) + "2024-03-01T01:55:00,ship-0,rpm,\"fa\nst\"\n")

    def json_rows(self, *words):
        return [json.loads(line) for line in self.expect(0, *words, "--json").stdout.splitlines()]

    def test_preview_shows_the_first_rows_as_a_table(self):
        done = self.expect(0, "preview", "p.toml", "readings", "--rows", "2")
        self.assertEqual(done.stdout,
                         "at                   ship    channel    value\n"
                         "timestamp            string  string   float64\n"
                         "2024-03-01T00:00:00  ship-0  rpm            0\n"
                         "2024-03-01T00:00:00  ship-0  load        0.01\n")
        self.assertEqual(done.stderr, "2 rows\n")
        self.assertIn("24 rows; there are no more\n", self.expect(0, "preview", "p.toml", "wide", "-n", "99").stderr)

    def test_preview_gives_rows_to_programs(self):
        rows = self.json_rows("preview", "p.toml", "wide", "--rows", "1")
        self.assertEqual(rows, [{"ship": "ship-0", "at": "2024-03-01T00:00:00", "rpm": 0, "load": 0.01}])
        rows = self.json_rows("preview", "p.toml", "table", "--columns", "rpm,ship", "--rows", "1")
        self.assertEqual(list(rows[0].items()), [("rpm", 0), ("ship", "ship-0")])

    def test_preview_shows_what_a_node_cannot_take(self):
        rows = self.json_rows("preview", "p.toml", "readings.rejected")
        self.assertEqual([(row["column"], row["value"]) for row in rows], [("value", "fa\nst")])

    def test_preview_knows_the_nodes(self):
        self.assertIn('did you mean "readings"?', self.expect(2, "preview", "p.toml", "reading").stderr)
        self.assertIn('did you mean "wide"?', self.expect(2, "preview", "p.toml", "wid").stderr)
        self.assertIn('no column "rmp"; did you mean "rpm"?',
                      self.expect(2, "preview", "p.toml", "wide", "--columns", "rmp").stderr)

    def test_looking_touches_nothing(self):
        for words in (("preview", "p.toml", "wide"), ("plan", "p.toml"), ("graph", "p.toml"), ("validate", "p.toml"),
                      ("runs", "p.toml")):
            self.expect(0, *words)
        self.assertEqual(sorted(os.listdir(self.folder)), ["p.toml", "readings.csv"])

    def test_plan_tells_what_a_run_would_do_and_afterwards_that_nothing_is_left(self):
        text = self.expect(0, "plan", "p.toml").stdout
        self.assertIn("create table", text.lower())
        self.assertIn("readings.csv", text)
        record = self.record(0, "plan", "p.toml")
        self.assertEqual(record["schema"], "flowrun.plan/1")
        instance, = record["instances"]
        self.assertIs(instance["up_to_date"], False)
        self.assertEqual([sink["name"] for sink in instance["sinks"]], ["table"])
        self.expect(0, "p.toml", "--quiet")
        self.assertIn("nothing to do", self.expect(0, "plan", "p.toml").stdout)
        self.assertIs(self.record(0, "plan", "p.toml")["instances"][0]["up_to_date"], True)

    def test_graph_draws_the_same_every_time_in_every_format(self):
        for form, start in (("dot", "digraph"), ("mermaid", "flowchart"), ("json", "{"), ("svg", "<?xml")):
            text = self.expect(0, "graph", "p.toml", "--format", form).stdout
            self.assertIn(start, text[:200])
            self.expect(0, "graph", "p.toml", "--format", form, "-o", "picture")
            with open(self.path("picture"), encoding="utf-8") as file:
                self.assertEqual(file.read(), text)
            for name in ("readings", "wide", "table"):
                self.assertIn(name, text)
        self.assertIn("cannot", self.expect(1, "graph", "p.toml", "-o", "no/such/folder/picture").stderr)

    def test_runs_lists_what_ran(self):
        self.assertIn("no runs are recorded", self.expect(0, "runs", "p.toml").stderr)
        self.expect(0, "p.toml", "--quiet")
        self.expect(0, "p.toml", "--quiet", "--full")
        record = self.record(0, "runs", "p.toml")
        self.assertEqual([(run["pipeline"], run["state"]) for run in record["runs"]], [("wide", "ok")] * 2)
        self.assertGreater(record["runs"][0]["started"], record["runs"][1]["started"])
        table = self.expect(0, "runs", "p.toml", "--limit", "1").stdout.splitlines()
        self.assertEqual(len(table), 2)
        self.assertTrue(table[1].startswith(record["runs"][0]["run"]))
        self.assertEqual(self.expect(0, "runs").stdout, self.expect(0, "runs", "p.toml").stdout)
        self.assertEqual(self.expect(0, "runs", ".flowrun/state.db").stdout, self.expect(0, "runs").stdout)

    def test_rejects_lists_what_was_not_taken_with_reason_and_place(self):
        self.assertIn("no runs are recorded", self.expect(2, "rejects", "last", "p.toml").stderr)
        run = self.record(0, "p.toml")["runs"][0]["run"]
        reject, = self.json_rows("rejects", run, "p.toml")
        self.assertEqual((reject["node"], reject["column"], reject["value"]), ("readings", "value", "fa\nst"))
        self.assertIn("readings.csv:50:", reject["origin"])
        self.assertTrue(reject["reason"])
        table = self.expect(0, "rejects", "last", "p.toml").stdout
        self.assertIn("fa⏎st", table)
        self.assertEqual(self.expect(0, "rejects", run[-4:]).stdout, table)
        self.assertIn("flowrun runs lists them", self.expect(2, "rejects", "zzzz").stderr)


    def test_logs_shows_what_a_run_wrote(self):
        self.expect(0, "p.toml", "--quiet")
        first, = self.record(0, "runs", "p.toml")["runs"]
        self.expect(0, "p.toml", "--quiet", "--full")
        lines = self.expect(0, "logs", first["run"], "p.toml").stdout.splitlines()
        self.assertTrue(all(f" {first['run']} " in line for line in lines))
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\dT[\d:.]+Z \S+ info the run begins")
        self.assertRegex(lines[-1], r" info the run ends: ok; \d+ units committed")
        self.assertEqual(len([line for line in lines if ": window " in line or " info window " in line or " warning window " in line]),
                         len(self.rows("select distinct strftime('%H', at) from wide")))
        self.assertEqual(self.expect(0, "logs", first["run"]).stdout.splitlines(), lines)
        problems = self.expect(0, "logs", "last", "p.toml", "--problems").stdout
        self.assertNotIn(" info ", problems)


class Doctor(CommandTest):
    def findings(self, code):
        return {each["what"]: each for each in self.record(code, "doctor", "p.toml")["findings"]}

    def test_doctor_finds_what_is_there_and_touches_nothing(self):
        self.write("p.toml", PIPELINE)
        self.write("readings.csv", readings(2))
        found = self.findings(0)
        self.assertEqual({each["level"] for each in found.values()}, {"ok"})
        self.assertEqual(set(found), {"machine", "disk", "journal", "source readings", "sink table"})
        self.assertIn("a run would: create table", found["sink table"]["text"])
        self.assertEqual(sorted(os.listdir(self.folder)), ["p.toml", "readings.csv"])
        self.expect(0, "p.toml", "--quiet")
        found = self.findings(0)
        self.assertIn("loaded before", found["sink table"]["text"])
        self.assertIn("is ok", found["journal"]["text"])

    def test_doctor_tells_all_that_is_missing_at_once(self):
        self.write("p.toml", PIPELINE)
        self.write("out.db", "no database at all")
        found = self.findings(1)
        self.assertEqual(found["source readings"]["level"], "failed")
        self.assertIn("readings.csv", found["source readings"]["text"])
        self.assertEqual(found["sink table"]["level"], "failed")
        self.assertIn("failed", self.expect(1, "doctor", "p.toml").stdout)


class Nodes(CommandTest):
    def test_nodes_lists_all_and_explains_one(self):
        listing = self.expect(0, "nodes").stdout
        for name in ("csv", "generate", "select", "filter", "split", "pivot", "dedup", "sqlite", "ndjson", "null"):
            self.assertRegex(listing, rf"(?m)^\w+ +{name}  ")
        text = self.expect(0, "nodes", "csv").stdout
        self.assertIn("source csv", text)
        self.assertIn("sink csv", text)
        self.assertRegex(text, r"(?m)^  path +.*required")
        self.assertIn('did you mean "pivot"?', self.expect(2, "nodes", "pivto").stderr)

    def test_the_schema_for_editors_is_json(self):
        schema = json.loads(self.expect(0, "nodes", "--json-schema").stdout)
        self.assertIn("sources", schema["properties"])


if __name__ == "__main__":
    unittest.main()
