#!/usr/bin/env python3
"""Pipelines that read what they, or an earlier side of them, have written: a satellite with its history, and an hourly mart over
a dimension with versions. Every figure is worked out here a second time.

Environment: FLOWRUN_BIN the command.
"""

import collections
import datetime
import math
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../flowrun"))
from support import CommandTest  # noqa: E402

# What is stored comes in front of what arrives, all of it: a load that runs again must meet the rows that stood before it.
# Then what is stored already and what changes nothing is left out.
SATELLITE = """name = "satellite"

[params]
system = "crm"

[sources.stored]
type     = "sqlite"
path     = "vault.db"
missing  = "empty"
order_by = ["customer_id", "seen"]
columns  = { customer_id = "int64", name = "string", city = "string", seen = "timestamp" }
query    = "select * from sat_customer where system = ${system}  -- no other's"

[sources.customers]
type    = "csv"
path    = "customers.csv"
columns = { customer_id = "int64", name = "string", city = "string", seen = "timestamp" }

[transforms.known]
type    = "derive"
input   = "stored"
columns = { stored = "true" }

[transforms.arrived]
type    = "derive"
input   = "customers"
columns = { stored = "false" }

[transforms.all]
type   = "union"
inputs = ["known", "arrived"]

[transforms.changes]
type     = "dedup"
input    = "all"
key      = "customer_id"
keep     = "changes"
compare  = ["name", "city"]
order_by = "seen"

[transforms.new]
type  = "filter"
input = "changes"
where = "not stored"

[transforms.row]
type    = "derive"
input   = "new"
columns = { system = "${system}" }

[sinks.satellite]
type   = "sqlite"
input  = "row"
path   = "vault.db"
table  = "sat_customer"
mode   = "insert_new"
key    = ["customer_id", "seen"]
create = true
"""

MART = """name = "mart"

[sources.routes]
type    = "csv"
path    = "routes.csv"
columns = { route_id = "string", route_sk = "int64", valid_from = "timestamp", valid_to = "timestamp" }

[sinks.dim_route]
type   = "sqlite"
input  = "routes"
path   = "mart.db"
table  = "dim_route"
mode   = "insert_new"
key    = ["route_id", "valid_from"]
create = true

[sources.readings]
type    = "csv"
path    = "readings.csv"
columns = { route_id = "string", at = "timestamp", speed = "float64" }

[transforms.keyed]
type    = "lookup"
input   = "readings"
after   = "dim_route"
file    = "mart.db"
table   = "dim_route"
on      = "route_id"
as_of   = "at"
take    = "route_sk"
columns = { route_id = "string", route_sk = "int64", valid_from = "timestamp", valid_to = "timestamp" }

[transforms.by_hour]
type   = "aggregate"
input  = "keyed"
by     = ["route_id", "route_sk", "date_trunc('hour', at) as hour"]
values = ["count(*) as n", "avg(speed) as mean", "quantile(speed, 0.95) as p95"]

[sinks.hourly]
type   = "sqlite"
input  = "by_hour"
path   = "mart.db"
table  = "hourly"
mode   = "replace"
create = true
"""

START = datetime.datetime(2026, 3, 1)


def moment(minutes):
    return (START + datetime.timedelta(minutes=minutes)).isoformat()


class Satellite(CommandTest):
    QUERY = "select customer_id, name, city, seen from sat_customer order by customer_id, seen"

    def load(self, rows):
        lines = ["customer_id,name,city,seen"] + [",".join(map(str, row)) for row in rows]
        self.write("customers.csv", "\n".join(lines) + "\n")
        return self.record(0, "satellite.toml")

    @staticmethod
    def history(loads):
        """Every row of all loads that differs from the one before it of the same customer."""
        rows = collections.defaultdict(list)
        for load in loads:
            for row in load:
                rows[row[0]].append((row[3], *row))
        kept = []
        for customer in sorted(rows):
            last = None
            for _, number, name, city, seen in sorted(rows[customer]):
                if (name, city) != last:
                    kept.append((number, name or None, city or None, seen))
                last = (name, city)
        return kept

    def test_every_change_is_there_once(self):
        self.write("satellite.toml", SATELLITE)
        loads = [[(1, "Ada", "Bergen", moment(0)), (2, "Bo", "Oslo", moment(1)), (3, "Cy", "", moment(2))],
                 [(1, "Ada", "Lund", moment(10)), (2, "Bo", "Oslo", moment(11)),
                  (4, "Di", "Oslo", moment(12)), (4, "Di", "Lund", moment(13)), (4, "Di", "Oslo", moment(14))],
                 [(1, "Ada", "Bergen", moment(20)), (3, "Cy", "", moment(22)), (4, "Di", "Oslo", moment(23))]]
        for load in loads:
            record = self.load(load)
            self.assertTrue(record["runs"][0]["balanced"])
        expected = [(1, "Ada", "Bergen", moment(0)), (1, "Ada", "Lund", moment(10)), (1, "Ada", "Bergen", moment(20)),
                    (2, "Bo", "Oslo", moment(1)), (3, "Cy", None, moment(2)),
                    (4, "Di", "Oslo", moment(12)), (4, "Di", "Lund", moment(13)), (4, "Di", "Oslo", moment(14))]
        self.assertEqual(self.history(loads), expected)
        self.assertEqual(self.rows(self.QUERY, "vault.db"), expected)
        # What is stored has changed since, so the load runs again, and changes nothing; then there is nothing to do.
        self.assertFalse(self.record(0, "satellite.toml")["runs"][0]["up_to_date"])
        self.assertEqual(self.rows(self.QUERY, "vault.db"), expected)
        self.assertTrue(self.record(0, "satellite.toml")["runs"][0]["up_to_date"])
        self.expect(0, "satellite.toml", "--full")
        self.assertEqual(self.rows(self.QUERY, "vault.db"), expected)

    def test_many_customers(self):
        self.write("satellite.toml", SATELLITE)
        draw = random.Random(5)
        loads, minute = [], 0
        for _ in range(4):
            load = []
            for _ in range(3000):
                minute += 1
                load.append((draw.randrange(500), draw.choice("ab"), draw.choice(["x", "y", ""]), moment(minute)))
            loads.append(load)
            self.load(load)
        self.load(loads[-1])
        self.assertEqual(self.rows(self.QUERY, "vault.db"), self.history(loads))


class Mart(CommandTest):
    VERSIONS = [("r1", 11, 0, 90), ("r1", 12, 90, 300), ("r1", 13, 420, None), ("r2", 21, None, 240), ("r2", 22, 240, None)]

    def expected(self, readings):
        groups = collections.defaultdict(list)
        for route, minute, speed in readings:
            key = next((sk for name, sk, start, end in self.VERSIONS if name == route
                        and (start is None or minute >= start) and (end is None or minute < end)), None)
            groups[route, key, moment(minute // 60 * 60)].append(speed)
        rows = {}
        for group, speeds in groups.items():
            speeds.sort()
            place = 0.95 * (len(speeds) - 1)
            low = math.floor(place)
            high = min(low + 1, len(speeds) - 1)
            p95 = speeds[low] + (speeds[high] - speeds[low]) * (place - low)
            rows[group] = (len(speeds), sum(speeds) / len(speeds), p95)
        return rows

    def test_readings_meet_the_version_that_was_valid(self):
        self.write("mart.toml", MART)
        versions = [(route, sk, moment(-10 ** 6) if start is None else moment(start), "" if end is None else moment(end))
                    for route, sk, start, end in self.VERSIONS]
        self.write("routes.csv", "route_id,route_sk,valid_from,valid_to\n" +
                   "".join(",".join(map(str, version)) + "\n" for version in versions))
        draw = random.Random(3)
        # Quarters, so that sums have no error; minutes before, between and behind all versions.
        readings = [(draw.choice(["r1", "r2", "r3"]), draw.randrange(-30, 600), draw.randrange(400) / 4) for _ in range(20000)]
        self.write("readings.csv", "route_id,at,speed\n" +
                   "".join(f"{route},{moment(minute)},{speed}\n" for route, minute, speed in readings))
        record = self.record(0, "mart.toml")
        self.assertTrue(record["runs"][0]["balanced"])
        found = {(route, key, hour): (n, mean, p95) for route, key, hour, n, mean, p95 in
                 self.rows("select route_id, route_sk, hour, n, mean, p95 from hourly", "mart.db")}
        expected = self.expected(readings)
        self.assertEqual(set(found), set(expected))
        self.assertIn(("r1", None, moment(300)), found)  # between two versions
        for group, (n, mean, p95) in expected.items():
            self.assertEqual(found[group][:2], (n, mean), group)
            self.assertAlmostEqual(found[group][2], p95, delta=1e-9, msg=group)
        self.assertEqual(self.rows("select count(*) from dim_route", "mart.db"), [(len(self.VERSIONS),)])
        self.assertTrue(self.record(0, "mart.toml")["runs"][0]["up_to_date"])

    def test_two_versions_at_once_end_the_run_and_nothing_is_written(self):
        self.write("mart.toml", MART)
        self.write("routes.csv", "route_id,route_sk,valid_from,valid_to\n"
                                 f"r1,1,{moment(0)},{moment(60)}\nr1,2,{moment(59)},\n")
        self.write("readings.csv", f"route_id,at,speed\nr1,{moment(1)},1\n")
        done = self.expect(1, "mart.toml")
        self.assertIn("mart.db#dim_route: two versions of the key r1 are valid at once", done.stderr)
        self.assertEqual(self.rows("select count(*) from dim_route", "mart.db"), [(2,)])
        self.assertEqual(self.rows("select count(*) from hourly", "mart.db"), [(0,)])


if __name__ == "__main__":
    unittest.main()
