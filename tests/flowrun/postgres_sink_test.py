#!/usr/bin/env python3
"""Files into PostgreSQL by the built command: every mode, bad rows, hostile names, and whatever may go wrong on the way."""

import os
import random
import signal
import socket
import sys
import threading
import time
import unittest

from support import CommandTest, SANITIZED

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from postgres import DATABASE, PASSWORD, USER, Server  # pylint: disable=wrong-import-position

SOURCE = """name = "{name}"

[sources.rows]
type    = "csv"
path    = "{path}"
columns = {{ {columns} }}

[sinks.table]
type   = "postgres"
input  = "rows"
url    = "${{env:DATABASE_URL}}"
table  = '{table}'
{options}
"""

# A minute of two channels of four ships a row; windows of ten minutes, in any order.
WINDOWS = """name = "windows"

[window]
column   = "at"
every    = "10m"
lateness = "1m"

[retry]
attempts = 10
backoff  = "100ms..1s"

[sources.rows]
type    = "csv"
path    = "rows.csv"
columns = { ship = "string", at = "timestamptz", rpm = "float64", load = "float64" }

[sinks.table]
type   = "postgres"
input  = "rows"
url    = "${env:DATABASE_URL}"
table  = "readings"
mode   = "%s"
%s
create = true
"""


def readings(minutes, ships=4):
    lines = ["ship,at,rpm,load"]
    for minute in range(minutes):
        moment = f"2026-01-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z"
        for ship in range(ships):
            lines.append(f"ship-{ship},{moment},{minute}.{ship},{minute * 7 % 100}")
    return "\n".join(lines) + "\n"


class Proxy:
    """Passes bytes on between flowrun and the server. Told to, it swallows the answer to the next COMMIT that follows rows,
    and cuts that connection once the server has answered."""

    def __init__(self, port):
        self.server = port
        self.swallow = False
        self.swallowed = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.socket.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.server))
            state = {"commit": False, "rows": False}
            threading.Thread(target=self.forward, args=(near, far, state), daemon=True).start()
            threading.Thread(target=self.answer, args=(far, near, state), daemon=True).start()

    def forward(self, near, far, state):
        try:
            while data := near.recv(65536):
                state["rows"] = state["rows"] or b"PGCOPY" in data
                if self.swallow and state["rows"] and data[:1] == b"Q" and b"COMMIT" in data.upper():
                    state["commit"] = True
                far.sendall(data)
            far.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def answer(self, far, near, state):
        try:
            while data := far.recv(65536):
                if state["commit"]:
                    self.swallow = False
                    self.swallowed += 1
                    break
                near.sendall(data)
        except OSError:
            pass
        for each in (near, far):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def close(self):
        self.socket.close()


class PostgresSink(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        super().setUp()
        self.environment["DATABASE_URL"] = self.server.url()
        self.server.query("drop schema if exists flowrun cascade; drop schema public cascade; create schema public")

    def pipeline(self, options, columns, text, name="p", table="t", path=None):
        path = path or f"{name}.csv"
        self.write(path, text)
        return self.write(f"{name}.toml", SOURCE.format(name=name, path=path, columns=columns, table=table, options=options))

    def table(self, sql="select * from t order by 1"):
        return self.server.query(sql)

    def test_every_mode_and_a_second_run_changes_nothing(self):
        columns = 'k = "int64", v = "float64", s = "string"'
        text = "k,v,s\n1,1.5,a\n2,,b\n3,2.25,\n2,7,c\n"
        every = [("1", "1.5", "a"), ("2", None, "b"), ("2", "7", "c"), ("3", "2.25", None)]
        last = [("1", "1.5", "a"), ("2", "7", "c"), ("3", "2.25", None)]
        first = [("1", "1.5", "a"), ("2", None, "b"), ("3", "2.25", None)]
        for mode, rows in (("append", every), ("upsert", last), ("insert_new", first), ("replace", every)):
            with self.subTest(mode):
                key = 'key = ["k"]' if mode in ("upsert", "insert_new") else ""
                file = self.pipeline(f'mode = "{mode}"\ncreate = true\n{key}', columns, text, name=mode, table=mode)
                self.expect(0, file)
                found = self.table(f"select * from {mode} order by k, s")
                self.assertEqual(found, rows)
                marks = self.table(f"select xmin, ctid from {mode}")
                self.expect(0, file)
                self.assertEqual(self.table(f"select xmin, ctid from {mode}"), marks)

    def test_partial_files_touch_their_own_columns_only(self):
        self.server.query("create table t (k int primary key, a float8, b text, c date default '2026-01-01')")
        self.server.query("insert into t select g, g, 'old' || g from generate_series(1, 1000) g")
        options = 'mode = "upsert"\nkey = ["k"]'
        one = self.pipeline(options, 'k = "int64", a = "float64"',
                            "k,a\n" + "".join(f"{k},{k * 10}\n" for k in range(500, 1100)), name="one")
        two = self.pipeline(options, 'b = "string", k = "int64"',
                            "b,k\n" + "".join(f"new{k},{k}\n" for k in range(1, 700)), name="two")
        self.expect(0, one)
        self.expect(0, two)
        expected = []
        for k in range(1, 1100):
            a = str(k * 10) if k >= 500 else str(k)
            b = f"new{k}" if k < 700 else f"old{k}" if k <= 1000 else None
            expected.append((str(k), a, b, "2026-01-01"))
        self.assertEqual(self.table(), expected)

    def test_one_bad_row_in_a_hundred_thousand(self):
        self.server.query("create table t (k bigint primary key, v float8 check (v <> 13))")
        text = "k,v\n" + "".join(f"{k},{13 if k == 77777 else 1}\n" for k in range(100000))
        bad = '[sinks.bad]\ntype  = "ndjson"\ninput = "table.rejected"\npath  = "bad.ndjson"'
        file = self.pipeline(f'mode = "append"\n{bad}', 'k = "int64", v = "float64"', text)
        started = time.monotonic()
        self.expect(0, file)
        if not SANITIZED:
            self.assertLess(time.monotonic() - started, 30)
        self.assertEqual(self.table("select count(*), sum(k) from t"), [("99999", str(sum(range(100000)) - 77777))])
        with open(self.path("bad.ndjson"), encoding="utf-8") as lines:
            bad = lines.readlines()
        self.assertEqual(len(bad), 1)
        self.assertIn('violates check constraint', bad[0])
        self.assertIn('SQLSTATE 23514', bad[0])
        self.assertIn('p.csv:77779', bad[0])

    def test_hostile_names_and_values(self):
        names = ['quote"d', "semi; drop table t; --", "Ünï çode 🚢", "select", "dollar $1", "back\\slash", "a.b", "%s {x}"]
        values = ["'; drop table t; --", "\\x00", 'he said "no"', "line\nbreak", "\t", "é漢🚢", "NULL", "$1"]
        quoted = ['"' + name.replace('"', '""') + '"' for name in names]
        columns = ", ".join("'%s' = \"string\"" % name if '"' in name else '"%s" = "string"' % name.replace("\\", "\\\\")
                            for name in names)
        text = ",".join(quoted) + "\n" + ",".join('"' + v.replace('"', '""') + '"' for v in values) + "\n"
        table = 'public."t; drop ""x"""'
        key = "key = ['quote\"d', 'select']"
        file = self.pipeline(f'mode = "upsert"\ncreate = true\n{key}', columns, text, table=table)
        self.expect(0, file)
        self.expect(0, file, "--full")
        self.assertEqual(self.table('select * from "t; drop ""x"""'), [tuple(values)])
        found = self.table("select attname from pg_attribute where attrelid = '\"t; drop \"\"x\"\"\"'::regclass and attnum > 0 "
                           "order by attnum")
        self.assertEqual([name for name, in found], names)

    def test_wrong_password_and_no_server(self):
        file = self.pipeline('mode = "append"\ncreate = true', 'k = "int64"', "k\n1\n")
        self.environment["DATABASE_URL"] = self.server.url(password="guess-me")
        done = self.expect(1, file)
        self.assertIn("password authentication failed", done.stderr)
        self.assertNotIn("guess-me", done.stderr + done.stdout)
        self.environment["DATABASE_URL"] = f"postgresql://{USER}:guess-me@127.0.0.1:1/{DATABASE}"
        done = self.expect(1, file)
        self.assertIn("127.0.0.1", done.stderr)
        self.assertNotIn("guess-me", done.stderr + done.stdout)

    def test_a_locked_table_and_a_column_of_another_type(self):
        self.server.query("create table t (k bigint)")
        file = self.pipeline('mode = "append"\nlock_timeout = "300ms"\n[retry]\nattempts = 1', 'k = "int64"', "k\n1\n")
        held = threading.Thread(target=lambda: self.server.query("begin; lock table t; select pg_sleep(3); rollback"))
        held.start()
        while self.server.value("select count(*) from pg_locks where relation = 't'::regclass and mode like '%Exclusive%'") == "0":
            time.sleep(0.02)
        done = self.expect(1, file)
        self.assertIn("table public.t stayed locked", done.stderr)
        held.join()
        self.expect(0, file)
        self.server.query("alter table t alter column k type date using null")
        file = self.pipeline('mode = "append"', 'k = "int64"', "k\n1\n2\n", name="changed")
        done = self.expect(2, file)
        self.assertIn('column "k" is int64, and the column of table public.t is date', done.stderr)

    def test_an_answer_to_a_commit_that_is_lost_doubles_nothing(self):
        proxy = Proxy(self.server.port)
        self.addCleanup(proxy.close)
        secret = "".join(c if c.isalnum() else f"%{ord(c):02X}" for c in PASSWORD)
        self.environment["DATABASE_URL"] = f"postgresql://{USER}:{secret}@127.0.0.1:{proxy.port}/{DATABASE}?sslmode=disable"
        file = self.pipeline('mode = "append"\ncreate = true', 'k = "int64"', "k\n" + "".join(f"{k}\n" for k in range(1000)))
        proxy.swallow = True
        self.expect(0, file)
        self.assertEqual(proxy.swallowed, 1)
        self.assertEqual(self.table("select count(*), sum(k) from t"), [("1000", "499500")])
        self.assertEqual(self.table("select count(*), sum(rows) from flowrun.coverage"), [("1", "1000")])

    def undisturbed(self, minutes):
        """What the table holds after a run that nothing came in the way of."""
        expected = []
        for line in readings(minutes).splitlines()[1:]:
            ship, at, rpm, load = line.split(",")
            expected.append((ship, at.replace("T", " ").replace("Z", "+00"), f"{float(rpm):g}", load))
        return sorted(expected)

    def disturbed(self, disturb):
        minutes = 600
        self.write("rows.csv", readings(minutes))
        expected = self.undisturbed(minutes)
        for mode, key in (("append", ""), ("upsert", 'key = ["ship", "at"]'), ("replace", "")):
            self.server.query("drop schema if exists flowrun cascade; drop table if exists readings")
            self.write("w.toml", WINDOWS % (mode, key))
            for _ in range(3):
                process = self.start("w.toml", "--quiet")
                disturb(process)
                process.communicate(timeout=120)
            self.expect(0, "w.toml", "--quiet")
            self.assertEqual(self.table("set time zone 'UTC'; select * from readings order by ship, at"), expected)
            self.assertEqual(self.table("select sum(rows) from flowrun.coverage"), [(str(4 * minutes),)])

    def test_killed_at_any_moment_and_run_again(self):
        dice = random.Random(7)

        def kill(process):
            time.sleep(dice.uniform(0.02, 0.5))
            process.send_signal(signal.SIGKILL)
        self.disturbed(kill)

    def test_a_server_that_crashes_in_the_middle(self):
        dice = random.Random(8)

        def crash(_):
            time.sleep(dice.uniform(0.02, 0.4))
            self.server.restart(signal.SIGQUIT)
        self.disturbed(crash)

    def test_a_full_disk_is_told_and_nothing_of_the_unit_stays(self):
        self.server.query("create table t (k bigint, s text)")
        # The server's own limit on temporary files says the same as a full disk does: class 53.
        self.server.query(f"alter role {USER} set temp_file_limit = '64kB'")
        self.addCleanup(self.server.query, f"alter role {USER} reset temp_file_limit")
        self.server.query("create unique index on t (k)")
        self.server.query("insert into t values (1, 'x')")
        text = "k,s\n" + "".join(f"{k % 30000},{'y' * 200}{k}\n" for k in range(60000))
        file = self.pipeline('mode = "upsert"\nkey = ["k"]', 'k = "int64", s = "string"', text)
        done = self.expect(1, file)
        self.assertIn("temp_file_limit", done.stderr)
        self.assertEqual(self.table(), [("1", "x")])


if __name__ == "__main__":
    unittest.main()
