#!/usr/bin/env python3
"""The built command reading from a real PostgreSQL: windows, cursors, failures of the server, and what it says of mistakes."""

import os
import sqlite3
import sys
import threading
import time
import unittest

from support import ROOT, CommandTest

sys.path.insert(0, os.path.join(ROOT, "tests/support"))
from postgres import PASSWORD, Server  # noqa: E402  (the path is set above)

READINGS = """
create schema tenant;
create table tenant.readings (ship_id text, created_time timestamptz, channel_id text, value float8);
insert into tenant.readings
  select 'IMO' || s, timestamptz '2024-03-01T00:00:00Z' + i * interval '10 seconds', 'ch' || c, i * 0.37 + c
  from generate_series(0, 1) s, generate_series(0, 2159) i, generate_series(0, 4) c;
create index on tenant.readings (ship_id, created_time);
"""

PIPELINE = """name = "ships"

[matrix]
ship = ["IMO0", "IMO1"]

[window]
column = "created_time"
every  = "30m"
from   = "2024-03-01T00:00:00Z"
until  = "2024-03-01T06:00:00Z"

[sources.readings]
type    = "postgres"
url     = "${env:DATABASE_URL}"
table   = "tenant.readings"
columns = ["created_time", "channel_id", "value"]
filter  = { ship_id = "${ship}" }

[sinks.table]
type   = "sqlite"
input  = "readings"
path   = "out.db"
table  = "readings_${ship | lower}"
mode   = "append"
create = true
"""

# Every half hour of a ship: 180 moments of 5 channels.
WINDOW_ROWS, SHIP_ROWS = 900, 10800


class PostgresSourceTest(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        cls.server.query(READINGS)

    def setUp(self):
        super().setUp()
        self.environment["DATABASE_URL"] = self.server.url()

    def rows(self, sql):
        with sqlite3.connect(self.path("out.db")) as database:
            return database.execute(sql).fetchall()

    def check_ships(self):
        """Every row is there once, with the server's values."""
        for ship in (0, 1):
            count, moments, total = self.rows(f"select count(*), count(distinct created_time), sum(value) from readings_imo{ship}")[0]
            self.assertEqual((count, moments), (SHIP_ROWS, 2160))
            wanted = float(self.server.value(f"select sum(value) from tenant.readings where ship_id = 'IMO{ship}'"))
            self.assertAlmostEqual(total, wanted, places=3)
            self.assertEqual(self.rows(f"select channel_id, count(*) from readings_imo{ship} group by 1 order by 1"),
                             [(f"ch{c}", 2160) for c in range(5)])

    def test_windows_are_loaded_once(self):
        self.write("ships.toml", PIPELINE)
        plan = self.expect(0, "plan", "ships.toml")
        self.assertEqual(plan.stdout.count("\n    2024-03-01T"), 24)
        self.assertNotIn("secret", plan.stdout + plan.stderr)
        done = self.expect(0, "ships.toml")
        self.assertIn("12 windows, 10,800 rows", done.stderr)
        self.check_ships()
        again = self.expect(0, "ships.toml")
        self.assertIn("up to date", again.stderr)
        self.check_ships()

    def test_what_was_loaded_is_not_read_again(self):
        self.write("ships.toml", PIPELINE)
        self.expect(0, "ships.toml", "--only", "ship=IMO0", "--window-until", "2024-03-01T02:00:00Z")
        self.assertEqual(self.rows("select count(*) from readings_imo0"), [(4 * WINDOW_ROWS,)])
        rest = self.expect(0, "ships.toml", "--only", "ship=IMO0")
        self.assertIn(f"{8 * WINDOW_ROWS:,} read", rest.stderr)
        self.expect(0, "ships.toml")
        self.check_ships()

    def test_a_server_that_starts_anew_in_the_middle_is_only_late(self):
        # Each window waits a little, so that there is a middle.
        slow = "create view tenant.slow as select r.* from tenant.readings r, lateral (select pg_sleep(0.002) where r.channel_id = 'ch0') s " \
               "union all select * from tenant.readings where channel_id <> 'ch0'"
        self.server.query(f"drop view if exists tenant.slow; {slow}")
        self.write("slow.toml", PIPELINE.replace("tenant.readings", "tenant.slow") + "\n[retry]\nattempts = 20\n")
        process = self.start("slow.toml")
        time.sleep(1.5)
        self.server.restart()
        out, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, out + errors)
        self.assertIn("trying again", errors)
        self.check_ships()

    def test_a_cursor_reads_what_is_new(self):
        self.server.query("drop table if exists tenant.calls; create table tenant.calls (port text, collected_at timestamptz, n int);"
                          "insert into tenant.calls select 'port ' || i % 3, timestamptz '2024-01-01Z' + i * interval '1 minute', i "
                          "from generate_series(0, 2999) i")
        self.write("calls.toml", """name = "calls"
[sources.calls]
type   = "postgres"
url    = "${env:DATABASE_URL}"
table  = "tenant.calls"
cursor = { column = "collected_at", per = ["port"] }

[sinks.table]
type   = "sqlite"
input  = "calls"
path   = "out.db"
table  = "calls"
mode   = "append"
create = true
""")
        self.assertIn("3,000 read", self.expect(0, "calls.toml").stderr)
        # Ties at the mark, a row below it, a new port.
        self.server.query("insert into tenant.calls values ('port 0', '2024-01-03T01:57:00Z', -1), ('port 0', '2024-01-01Z', -2), "
                          "('port 9', '2023-01-01Z', -3), ('port 1', '2024-02-01Z', -4)")
        second = self.expect(0, "calls.toml").stderr
        # Three rows at the marks and the three that are new.
        self.assertIn("6 read", second)
        self.assertEqual(self.rows("select count(*), count(distinct n) from calls"), [(3003, 3003)])
        self.assertEqual(self.rows("select n from calls where n < 0 order by n"), [(-4,), (-3,), (-1,)])
        self.expect(0, "calls.toml")
        self.assertEqual(self.rows("select count(*) from calls"), [(3003,)])

    def test_a_query_takes_parameters(self):
        self.write("query.toml", """name = "query"
[params]
least = 2100
ship  = "IMO1'; drop table tenant.readings; --"

[sources.high]
type  = "postgres"
url   = "${env:DATABASE_URL}"
query = "select count(*) as n, sum(case when ship_id = ${ship} then 1 else 0 end)::int as own from tenant.readings where value > ${least} * 0.37"

[sinks.out]
type  = "stdout"
input = "high"
""")
        wanted = self.server.value("select count(*) from tenant.readings where value > 2100 * 0.37")
        self.assertIn(wanted, self.expect(0, "query.toml").stdout)
        own = self.expect(0, "query.toml", "--param", "ship=IMO1").stdout
        self.assertIn(str(int(wanted) // 2), own)

    def test_rows_of_open_transactions_are_found(self):
        self.server.query("drop table if exists tenant.live; create table tenant.live (at timestamptz, v int)")
        self.write("live.toml", """name = "live"
[window]
column = "at"
every  = "1s"
from   = "now - 20s"
until  = "now - 1s"

[sources.live]
type  = "postgres"
url   = "${env:DATABASE_URL}"
table = "tenant.live"

[sinks.table]
type   = "sqlite"
input  = "live"
path   = "out.db"
table  = "live"
mode   = "append"
create = true
""")
        # now() is when the transaction began; it ends three seconds later.
        writer = threading.Thread(target=self.server.query,
                                  args=("begin; insert into tenant.live values (now(), 1); select pg_sleep(3); commit",))
        writer.start()
        time.sleep(2.2)
        first = self.expect(0, "live.toml")
        writer.join()
        self.assertEqual(self.rows("select count(*) from live"), [(1,)], first.stderr)
        self.expect(0, "live.toml")
        self.assertEqual(self.rows("select count(*) from live"), [(1,)])

    def test_mistakes_are_told_where_they_stand(self):
        def errors(code, old, new, *words):
            self.write("bad.toml", PIPELINE.replace(old, new))
            told = self.expect(code, *(words or ("validate",)), "bad.toml").stderr
            self.assertNotIn(PASSWORD, told)
            return told

        self.assertIn('there is no table tenant.reading', errors(2, '"tenant.readings"', '"tenant.reading"'))
        self.assertRegex(errors(2, '"value"]', '"values"]'), r'bad.toml:\d+:\d+: error: .*has no column "values"')
        self.assertIn('did you mean "value"', errors(2, '"value"]', '"values"]'))
        self.assertIn('has no column "ship"', errors(2, "ship_id =", "ship ="))
        self.environment["DATABASE_URL"] = self.server.url(password="wrong")
        self.assertIn("password authentication failed", errors(1, "", "", "run"))
        self.environment["DATABASE_URL"] = "postgresql://127.0.0.1:1/none"
        self.assertIn("Connection refused", errors(1, "", "", "run"))
        self.assertIn("declare `columns` with types", errors(2, "", "", "validate", "--offline"))


if __name__ == "__main__":
    unittest.main()
