#!/usr/bin/env python3
"""The shipped quickstart: its tables hold exactly what plain Python makes of the same files."""

import collections
import csv
import datetime
import json
import os
import shutil
import subprocess
import unittest

from support import ROOT, CommandTest

FOLDER = os.path.join(ROOT, "pipelines/quickstart")
SYSTEMS = ("auxiliary", "engine", "navigation")
# Rows of the sample that cannot be taken: what part of the record gives each away, and why it is refused.
BROKEN = {"14.2.1": "not a number", "fast": "not a number", "2024-06-31": "no such day", "yesterday": "not a time",
          "T01:55:00": "text behind a quote", "T01:56:00": "a NUL byte", "T02:25:00": "too few fields",
          "T02:26:00": "too many fields", "T03:25:00": "not UTF-8", "kn/sgo": "no such channel",
          "T01:05:00": "late", "2124-06-01": "a century ahead", "T05:55:00": "a quote never closed"}


def is_broken(row):
    """Whether a record as the csv module sees it is one of the broken rows."""
    if len(row) != 5:
        return True
    _, channel, moment, value, note = row
    try:
        if datetime.datetime.fromisoformat(moment) > datetime.datetime(2100, 1, 1):
            return True
        if value:
            float(value)
    except ValueError:
        return True
    return "\udcff" in channel or note == "sent again after hours"


def expected(channels):
    """The tables as {system: {(ship, moment): {channel: value}}}."""
    tables = {system: collections.defaultdict(dict) for system in SYSTEMS}
    for name in ("IMO9976903.csv", "IMO9976915.csv"):
        with open(os.path.join(FOLDER, "readings", name), encoding="utf-8-sig", errors="surrogateescape",
                  newline="") as file:
            lines = [line for line in file if "\0" not in line and '"?,' not in line]
        for row in list(csv.reader(lines))[1:]:
            if row and not is_broken(row) and row[1] in channels:
                value = float(row[3]) if row[3] else None
                tables[channels[row[1]]][row[0], row[2]][row[1]] = value
    return tables


class Quickstart(CommandTest):
    def setUp(self):
        super().setUp()
        for name in ("pipeline.toml", "channels.csv"):
            shutil.copy(os.path.join(FOLDER, name), self.folder)
        shutil.copytree(os.path.join(FOLDER, "readings"), self.path("readings"))
        with open(self.path("channels.csv"), encoding="utf-8", newline="") as file:
            self.channels = {row["channel"]: row["output"] for row in csv.DictReader(file)}

    def table(self, system):
        """A table as expected() gives it; null counts as absent."""
        columns = [name for name, output in self.channels.items() if output == system]
        names = ", ".join(f'"{name}"' for name in ["ship_id", "created_time", *columns])
        return {(row[0], row[1]): {name: value for name, value in zip(columns, row[2:]) if value is not None}
                for row in self.rows(f"select {names} from {system}", "quickstart.db")}

    def check_tables(self):
        for system, rows in expected(self.channels).items():
            wanted = {key: {name: value for name, value in cells.items() if value is not None}
                      for key, cells in rows.items()}
            self.assertEqual(self.table(system), wanted, system)

    def test_the_tables_hold_every_good_reading_and_nothing_else(self):
        done = self.expect(0, "pipeline.toml")
        self.check_tables()
        self.assertIn("every row accounted for", done.stderr)

    def test_every_broken_row_is_kept_with_its_reason(self):
        self.expect(0, "pipeline.toml", "--quiet")
        with open(self.path("rejected.ndjson"), encoding="utf-8") as file:
            rejected = [json.loads(line) for line in file]
        self.assertEqual(len(rejected), len(BROKEN), json.dumps(rejected, indent=1))
        for mark in BROKEN:
            found = [row for row in rejected if mark in row["record"]]
            self.assertEqual(len(found), 1, mark)
            self.assertTrue(found[0]["reason"], mark)

    def test_running_again_with_other_threads_changes_nothing(self):
        self.expect(0, "pipeline.toml", "--quiet", "--threads", "1")
        self.assertIn("up to date", self.expect(0, "pipeline.toml").stderr)
        self.expect(0, "pipeline.toml", "--full", "--quiet", "--threads", "3")
        self.check_tables()

    def test_the_sample_is_the_one_that_the_tool_makes_and_small(self):
        subprocess.run([os.path.join(ROOT, "tools/generators/quickstart_sample"), self.folder], check=True)
        size = 0
        for name in os.listdir(self.path("readings")):
            with open(os.path.join(FOLDER, "readings", name), "rb") as kept, open(self.path("readings/" + name), "rb") as made:
                content = kept.read()
                self.assertEqual(made.read(), content, name)
            size += len(content)
        self.assertLessEqual(size, 300_000)


if __name__ == "__main__":
    unittest.main()
