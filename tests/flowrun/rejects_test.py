#!/usr/bin/env python3
"""Bad rows that become good: rejects go to a file, are mended, and are loaded from that file's records."""

import csv
import json
import unittest

from support import CommandTest

LOAD = """name = "load"

[sources.readings]
type    = "csv"
path    = "{path}"
columns = {{ id = "int64", at = "timestamp", value = "float64", note = "string" }}

[transforms.sound]
type  = "check"
input = "readings"
rules = [{{ name = "sane", expr = "value >= 0", on_fail = "reject" }}]

[sinks.table]
type   = "sqlite"
input  = "sound"
path   = "out.db"
table  = "readings"
mode   = "append"
create = true

[sinks.bad]
type   = "{form}"
inputs = ["readings.rejected", "sound.rejected"]
path   = "rejects.{form}"
"""

# A rejects file as a source: it is a file like any other.
AGAIN = """name = "again"

[sources.rejects]
type    = "{form}"
path    = "rejects.{form}"

[sources.rejects.columns]
node   = "string"
reason = "string"
column = "string"
value  = "string"
origin = "string"
record = "string"
unit   = "string"
run    = "string"

[sinks.list]
type  = "stdout"
input = "rejects"
format = "ndjson"
"""

HEADER = "id,at,value,note\n"
GOOD = ['1,2026-01-01T00:00:00,1.5,fine\n', '4,2026-01-01T00:03:00,4,"two\nlines, and ""quotes"""\n',
        '9,2026-01-01T00:08:00,9,\n']
# What is wrong with each row, and what a person makes of it.
BAD = [('2,2026-01-01T00:01:00,fast,x\n', "fast", "2.5"),
       ('3,yesterday,3,x\n', "yesterday", "2026-01-01T00:02:00"),
       ('5,2026-01-01T00:04:00,5\n', None, None),               # a field is missing
       ('6,2026-01-01T00:05:00,6,"a ""b"", c",more\n', None, None),
       ('7,2026-01-01T00:06:00,n/a,"über, 2\nlines"\n', "n/a", "7.5"),
       ('8,2026-01-01T00:07:00,-8,below zero\n', None, None)]    # the check's: a JSON object


def mend(reject):
    """The row of a reject as a list of fields, made good."""
    if reject["node"] == "sound":
        row = json.loads(reject["record"])
        return [row["id"], row["at"], -row["value"], row["note"]]
    fields, = csv.reader([reject["record"]]) if "\n" not in reject["record"] else \
        csv.reader(reject["record"].splitlines(keepends=True))
    for _, wrong, right in BAD:
        fields = [right if wrong is not None and field == wrong else field for field in fields]
    return (fields + [""])[:4]


class Rejects(CommandTest):
    def places(self):
        """Line and byte at which each row of the input starts, by its id."""
        places = {}
        line, byte = 2, len(HEADER)
        for row in self.rows_in:
            places[int(row.split(",")[0])] = (line, byte)
            line += row.count("\n")
            byte += len(row.encode())
        return places

    def setUp(self):
        super().setUp()
        self.rows_in = [GOOD[0], BAD[0][0], BAD[1][0], GOOD[1]] + [bad[0] for bad in BAD[2:]] + [GOOD[2]]
        self.write("readings.csv", HEADER + "".join(self.rows_in))

    def loop(self, form):
        self.write("load.toml", LOAD.format(path="readings.csv", form=form))
        run, = self.record(0, "load.toml")["runs"]
        self.assertEqual(run["rows_read"], 9)
        self.assertEqual(self.rows("select id from readings order by id"), [(1,), (4,), (9,)])

        self.write("again.toml", AGAIN.format(form=form))
        rejects = [json.loads(line) for line in self.expect(0, "again.toml", "--quiet").stdout.splitlines()]
        self.assertEqual(len(rejects), 6)
        self.assertEqual({reject["run"] for reject in rejects}, {run["run"]})
        self.assertTrue(all(reject["reason"] and reject["unit"] for reject in rejects))
        mended = [mend(reject) for reject in rejects]
        places = self.places()
        for reject, row in zip(rejects, mended):
            line, byte = places[int(row[0])]
            # A parser knows the byte, a node behind it the line.
            self.assertEqual(reject["origin"], f"readings.csv:{line}:{byte}" if reject["node"] == "readings"
                             else f"readings.csv:{line}")
        by_id = {int(row[0]): reject for reject, row in zip(rejects, mended)}
        self.assertEqual(by_id[7]["record"], BAD[4][0].rstrip("\n"))  # as it stood, quotes and all
        self.assertEqual((by_id[2]["column"], by_id[2]["value"]), ("value", "fast"))
        self.assertEqual((by_id[8]["column"], by_id[8]["value"]), ("value", "-8"))

        with open(self.path("mended.csv"), "w", encoding="utf-8", newline="") as file:
            file.write(HEADER)
            csv.writer(file, lineterminator="\n").writerows(mended)
        self.write("mended.toml", LOAD.format(path="mended.csv", form=form)
                   .replace("rejects.", "rejects2.").replace('"load"', '"mended"'))
        self.expect(0, "mended.toml")
        self.assertEqual(self.rows("select id, at, value, note from readings order by id"), [
            (1, "2026-01-01T00:00:00", 1.5, "fine"), (2, "2026-01-01T00:01:00", 2.5, "x"),
            (3, "2026-01-01T00:02:00", 3.0, "x"), (4, "2026-01-01T00:03:00", 4.0, 'two\nlines, and "quotes"'),
            (5, "2026-01-01T00:04:00", 5.0, None), (6, "2026-01-01T00:05:00", 6.0, 'a "b", c'),
            (7, "2026-01-01T00:06:00", 7.5, "über, 2\nlines"), (8, "2026-01-01T00:07:00", 8.0, "below zero"),
            (9, "2026-01-01T00:08:00", 9.0, None)])

    def test_rejects_in_ndjson_are_mended_and_loaded_and_every_row_is_there_once(self):
        self.loop("ndjson")

    def test_rejects_in_csv_are_mended_and_loaded_and_every_row_is_there_once(self):
        self.loop("csv")

    def test_records_of_lines_of_json_can_be_read_as_lines_of_json(self):
        lines = ['{"id": 1, "value": 2}', '{"id": 2, "value": "x"}', '{"id": 3, "value": 4', '{"id": "ü", "value": 5}']
        self.write("in.ndjson", "\n".join(lines) + "\n")
        self.write("p.toml", """name = "lines"
[sources.in]
type    = "ndjson"
path    = "in.ndjson"
columns = { id = "int64", value = "int64" }
[sinks.out]
type  = "csv"
input = "in"
path  = "out.csv"
[sinks.bad]
type  = "ndjson"
input = "in.rejected"
path  = "bad.ndjson"
""")
        self.expect(0, "p.toml")
        with open(self.path("bad.ndjson"), encoding="utf-8") as file:
            rejects = [json.loads(line) for line in file]
        self.assertEqual([reject["record"] for reject in rejects], lines[1:])
        starts = [sum(len(line.encode()) + 1 for line in lines[:number]) for number in range(4)]
        self.assertEqual([reject["origin"] for reject in rejects],
                         [f"in.ndjson:{number + 1}:{starts[number]}" for number in (1, 2, 3)])


if __name__ == "__main__":
    unittest.main()
