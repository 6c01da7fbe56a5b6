#!/usr/bin/env python3
"""flowrun test: what passes, what fails and how it says so."""

import os
import unittest
import xml.etree.ElementTree as xml

from support import PIPELINE, ROOT, CommandTest

BAD_ROWS = """
[sinks.bad]
type   = "ndjson"
inputs = ["readings.rejected", "wide.rejected"]
path   = "bad.ndjson"
"""
GIVEN = """
[test.sources.readings]
rows = [
  { at = 2026-01-01T00:00:00, ship = "a", channel = "rpm", value = 12.5 },
  { at = 2026-01-01T00:00:00, ship = "a", channel = "load", value = 50 },
  { at = 2026-01-01T01:00:00, ship = "b", channel = "rpm", value = 13 },
]
"""


class TestsTest(CommandTest):

    def with_tests(self, text, pipeline=PIPELINE, bad_rows=BAD_ROWS):
        self.write("pipeline.toml", pipeline + bad_rows + text)

    def differences(self, code=1):
        return self.record(code, "test", "pipeline.toml")["tests"][0]["differences"]

    def test_rows_that_come_as_expected_pass_and_write_nothing(self):
        self.with_tests('[[test]]\nname = "one"\n' + GIVEN + """
[test.expect.wide]
csv = "ship,load,rpm\\na,50,12.5\\nb,,13\\n"
[test.expect.table]
rows = [{ rpm = 13 }, { rpm = 12.5 }]
[test.expect.wide.rejected]
count = 0
[[test]]
name = "two: only what is named counts, whole or matched"
""" + GIVEN + """
[test.expect.wide]
ordered = true
rows = [{ ship = { matches = "^[ab]$" }, at = { any = true }, rpm = { near = 12, within = 0.5 } },
        { ship = "b", at = 2026-01-01T01:00:00, rpm = { near = 13, within = 0 } }]
""")
        done = self.expect(0, "test", "pipeline.toml")
        self.assertEqual(done.stdout.splitlines(),
                         ["ok    one", "ok    two: only what is named counts, whole or matched", "2 tests passed"])
        self.assertEqual(os.listdir(self.folder), ["pipeline.toml"])
        self.assertIn("1 test passed", self.expect(0, "test", "pipeline.toml", "--match", "one").stdout)
        self.expect(2, "test", "pipeline.toml", "--match", "three")

    def test_each_cell_that_differs_is_named(self):
        self.with_tests('[[test]]\nname = "t"\n' + GIVEN + """
[test.expect.wide]
rows = [{ ship = "a", rpm = 12.25, load = 50 }, { ship = "c", rpm = 1, load = 2 }, { ship = "b", rpm = 13, load = 7 }]
""")
        self.assertEqual(self.differences(), ["wide: row 1: rpm is 12.5, expected 12.25",
                                              "wide: row 2 is missing: ship = c, rpm = 1, load = 2",
                                              "wide: row 3: load is null, expected 7"])
        self.with_tests('[[test]]\nname = "t"\n' + GIVEN + """
[test.expect.wide]
ordered = true
count   = 3
rows    = [{ ship = "b" }]
""")
        self.assertEqual(self.differences(), ["wide: 2 rows, expected 3", "wide: row 1: ship is a, expected b",
                                              "wide: unexpected row: ship = b"])

    def test_bytes_are_read_by_the_source_itself(self):
        self.with_tests("""
[[test]]
name = "t"
[test.sources.readings]
raw = "at,ship,channel,value\\n2026-01-01T00:00:00,a,rpm,many\\n2026-01-01T00:00:00,a,depth,1\\n"
[test.expect.readings.rejected]
rows = [{ reason = "not a float64", column = "value", value = "many" }]
[test.expect."wide.rejected"]
rows = [{ column = "channel", value = "depth" }]
""")
        self.expect(0, "test", "pipeline.toml")

    def test_an_error_can_be_expected(self):
        rows = GIVEN.replace("12.5", '12.5 }, { at = 2026-01-01T00:00:00, ship = "a", channel = "depth", value = 1')
        for expected, code in (('error = "rejected a row"', 0), ('error = "something else"', 1), ("", 1)):
            self.write("pipeline.toml", PIPELINE + '[[test]]\nname = "t"\n' + expected + rows +
                       "[test.expect.table]\ncount = 2\n")
            self.expect(code, "test", "pipeline.toml")
        self.write("pipeline.toml", PIPELINE + '[[test]]\nname = "t"\nerror = "x"\n' + GIVEN)
        self.assertEqual(self.differences(), ['the run was expected to fail: "x"'])

    def test_parameters_moments_and_instances_are_the_tests_own(self):
        pipeline = PIPELINE.replace('name = "wide"\n', 'name = "wide"\n[params]\nleast = { type = "float64" }\n'
                                    '[matrix]\nship = ["a", "b"]\n', 1).replace(
            'path   = "out.db"', 'path = "${ship}.db"').replace('path    = "readings.csv"', 'path = "${ship}.csv"').replace(
            'input   = "readings"', 'input = "some"') + """
[transforms.some]
type  = "filter"
input = "readings"
where = "value >= ${least} and ship = ${ship}"
"""
        self.with_tests('[[test]]\nname = "t"\nnow = "2025-12-31T23:30:00Z"\nparams = { least = 12.75 }\nmatrix = { ship = "b" }\n'
                   + GIVEN + """
[test.expect.readings.rejected]
rows = [{ reason = "event time lies in the future", origin = { any = true } }]
[test.expect.table]
count = 0
[[test]]
name = "later"
now = "2026-01-01T00:00:00Z"
params = { least = 12.75 }
matrix = { ship = "b" }
""" + GIVEN + """
[test.expect.table]
rows = [{ ship = "b", rpm = 13 }]
""", pipeline, BAD_ROWS.replace("bad.ndjson", "${ship}.ndjson"))
        self.expect(0, "test", "pipeline.toml")

    def test_what_is_wrong_with_a_test_is_said_at_its_place(self):
        self.with_tests('[[test]]\nname = "t"\n[test.sources.reading]\nrows = []\n[test.expect.wide]\ncount = 0\n')
        self.assertIn('there is no source "reading"', self.expect(2, "validate", "pipeline.toml").stderr)
        self.with_tests('[[test]]\nname = "t"\n[test.expect.wide]\nrow = []\n')
        self.assertIn('unknown option "row"', self.expect(2, "test", "pipeline.toml").stderr)
        self.with_tests('[[test]]\nname = "t"\n')
        self.assertIn("expects nothing", self.expect(2, "test", "pipeline.toml").stderr)
        for rows, message in (('[{ rmp = 1 }]', 'there is no column "rmp"; did you mean "rpm"?'),
                              ('[{ rpm = "fast" }]', "not a float64: fast"),
                              ('[{ rpm = { about = 1 } }]', "no matcher"),
                              ('[{ ship = { matches = "(" } }]', "no regular expression")):
            self.with_tests(f'[[test]]\nname = "t"\n{GIVEN}[test.expect.wide]\nrows = {rows}\n')
            self.assertIn(message, self.differences()[0])
        self.with_tests('[[test]]\nname = "t"\n' + GIVEN + '[test.expect.wide.other]\ncount = 0\n')
        self.assertIn('there is no port "wide.other"', self.differences()[0])
        self.with_tests('[[test]]\nname = "t"\n[test.sources.readings]\ncsv = "at,value\\nnever,1\\n"\n[test.expect.wide]\ncount = 0\n')
        self.assertIn("at: not a timestamp: never", self.differences()[0])

    def test_results_for_a_ci_server(self):
        self.with_tests('[[test]]\nname = "good <&>"\n' + GIVEN + '[test.expect.wide]\ncount = 2\n'
                   '[[test]]\nname = "bad"\n' + GIVEN + '[test.expect.wide]\ncount = 3\n')
        self.expect(1, "test", "pipeline.toml", "--junit", "results.xml")
        suite = xml.parse(self.path("results.xml")).getroot().find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("2", "1"))
        cases = {case.get("name"): case.find("failure") for case in suite.findall("testcase")}
        self.assertIsNone(cases["good <&>"])
        self.assertEqual(cases["bad"].get("message"), "wide: 2 rows, expected 3")

    def test_every_shipped_pipeline_passes_its_tests(self):
        self.environment["DATABASE_URL"] = "postgresql://nobody.invalid/nothing"  # none is asked
        for folder, _, files in os.walk(os.path.join(ROOT, "pipelines")):
            for name in files:
                if name.endswith(".toml"):
                    self.expect(0, "test", os.path.join(folder, name), "--offline")


if __name__ == "__main__":
    unittest.main()
