"""--follow: runs again and again as [schedule] says, until a signal ends it."""

import signal
import sqlite3
import time
import unittest

from support import TIMEOUT, CommandTest

PIPELINE = """name = "live"
[schedule]
every = "1s"
[sources.rows]
type    = "csv"
path    = "rows.csv"
columns = { id = "int64", name = "string" }
cursor  = { column = "id" }
[sinks.out]
type   = "sqlite"
input  = "rows"
path   = "out.db"
table  = "rows"
mode   = "append"
create = true
"""


class Follow(CommandTest):
    def count(self):
        """How many rows the target has; 0 where it is not there yet."""
        try:
            return self.rows("select count(*) from rows")[0][0]
        except sqlite3.OperationalError:
            return 0

    def wait_for(self, rows):
        ends = time.monotonic() + TIMEOUT
        while self.count() < rows:
            self.assertLess(time.monotonic(), ends, f"{self.count()} rows instead of {rows}")
            time.sleep(0.05)

    def end(self, run, how):
        run.send_signal(how)
        said = run.communicate(timeout=TIMEOUT)[1]
        self.assertEqual(run.returncode, 0, said)
        return said

    def test_rows_that_come_are_loaded_until_a_signal_comes(self):
        self.write("p.toml", PIPELINE)
        self.write("rows.csv", "id,name\n1,one\n")
        run = self.start("run", "p.toml", "--follow")
        self.wait_for(1)
        self.write("rows.csv", "id,name\n1,one\n2,two\n3,three\n")
        self.wait_for(3)
        self.end(run, signal.SIGTERM)
        self.assertEqual(self.count(), 3)

    def test_a_run_that_fails_is_followed_by_the_next(self):
        self.write("p.toml", PIPELINE)
        self.write("rows.csv", "id,name\nx,bad\n")
        run = self.start("run", "p.toml", "--follow")
        time.sleep(1.2)
        self.write("rows.csv", "id,name\n1,one\n")
        self.wait_for(1)
        self.assertIn("rows.csv", self.end(run, signal.SIGINT))

    def test_there_must_be_a_schedule(self):
        self.write("p.toml", PIPELINE.replace('[schedule]\nevery = "1s"\n', ""))
        self.write("rows.csv", "id,name\n1,one\n")
        self.assertIn("add [schedule] every", self.expect(2, "run", "p.toml", "--follow").stderr)
        self.assertEqual(self.count(), 0)


if __name__ == "__main__":
    unittest.main()
