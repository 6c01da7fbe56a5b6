#!/usr/bin/env python3
"""The three telemetry pipelines on a real PostgreSQL: a day of eight ships, corrections over it, and readings that keep
arriving while batch and realtime run side by side. Every cell is compared with the narrow table by SQL.

Environment: FLOWRUN_BIN the command, SHIP_READINGS the generator.
"""

import datetime
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from postgres import Server  # pylint: disable=wrong-import-position

FLOWRUN, GENERATOR = os.environ["FLOWRUN_BIN"], os.environ["SHIP_READINGS"]
SHIPPED = HERE.parents[1] / "pipelines/ship_telemetry"
SHIPS = re.findall(r"IMO\d+", (SHIPPED / "batch.toml").read_text(encoding="utf-8").split("parallel")[0])
TABLES = {"auxiliary": 1, "engine": 2, "navigation": 3}
DAY = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=2)
NARROW = """
create schema tenant;
create table tenant.tbl_data_timeseries (
  created_time timestamptz not null, ship_id text not null, channel_id text not null, value double precision);
create table routes (channel text primary key, output text);
"""
# What one side has and the other lacks, cell by cell; $W is a condition on the time.
DIFFERENCES = """
with wide as (
  select w.created_time, c.key, c.value::text::double precision as value from {table} w, jsonb_each(to_jsonb(w) - 'created_time') c
  where c.value <> 'null' and {when}),
narrow as (
  select created_time, channel_id, value from tenant.tbl_data_timeseries n join routes r on r.channel = n.channel_id
  where ship_id = '{ship}' and output = '{output}' and {when})
select count(*) from ((table wide except all table narrow) union all (table narrow except all table wide)) d
"""


class Telemetry:
    """A server with readings, and a folder with the pipelines."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        shutil.copytree(SHIPPED, folder, dirs_exist_ok=True)
        server.query(NARROW)
        self.copy("routes", (SHIPPED / "channels.csv").read_bytes(), "csv, header")

    def copy(self, table, data, form):
        subprocess.run([self.server.bin + "/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.server.url(), "-c",
                        f"\\copy {table} from stdin with (format {form})"], input=data, check=True)

    def start(self, *words):
        environment = {**os.environ, "DATABASE_URL": self.server.url()}
        return subprocess.Popen([FLOWRUN, *words, *(["--quiet"] if words[0] not in ("plan", "test", "compare") else [])], cwd=self.folder, env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, code, *words):
        with self.start(*words) as process:
            out, errors = process.communicate(timeout=600)
        assert process.returncode == code, f"{words}: {process.returncode}\n{out}{errors}"
        return out + errors

    def edit(self, name, *changes):
        path = pathlib.Path(self.folder) / name
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, (name, old)
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    @staticmethod
    def table(ship, output):
        return f"tenant.tbl_data_timeseries_{ship.lower()}_{TABLES[output]}"

    def check_cells(self, ship, when="true"):
        for output in TABLES:
            differences = self.server.value(DIFFERENCES.format(table=self.table(ship, output), ship=ship, output=output, when=when))
            assert differences == "0", f"{ship} {output}: {differences} cells differ"

    def dump(self, ship):
        return [self.server.query(f"select * from {self.table(ship, output)} order by 1") for output in TABLES]


def check_day(telemetry):
    """Every cell of a day of eight ships, and what a second run changes: nothing."""
    server = telemetry.server
    with subprocess.Popen([GENERATOR, str(SHIPPED / "channels.csv"), str(DAY), str(DAY + datetime.timedelta(days=1)), "10m", *SHIPS],
                          stdout=subprocess.PIPE) as made:
        telemetry.copy("tenant.tbl_data_timeseries", made.communicate()[0], "csv")
    server.query("insert into tenant.tbl_data_timeseries values "
                 f"('{DAY} 01:00:00Z', '{SHIPS[0]}', 'no list knows this; drop table routes', 1)")
    server.query("create index on tenant.tbl_data_timeseries (ship_id, created_time); analyze")
    day = ("--window-from", str(DAY), "--window-until", str(DAY + datetime.timedelta(days=1)))
    telemetry.run(0, "batch.toml", *day)
    for ship in SHIPS:
        telemetry.check_cells(ship)
    for output, channels in {"auxiliary": 347, "engine": 650, "navigation": 40}.items():
        columns, rows = server.query("select (select count(*) from information_schema.columns where table_schema || '.' || table_name = "
                                     f"'{telemetry.table(SHIPS[0], output)}'), (select count(*) from {telemetry.table(SHIPS[0], output)})")[0]
        assert (int(columns), int(rows)) == (channels + 1, 144), (output, columns, rows)
    before = [telemetry.dump(ship) for ship in SHIPS[:2]]
    versions = "select max(xmin::text::bigint) from " + telemetry.table(SHIPS[0], "engine")
    newest = server.value(versions)
    telemetry.run(0, "batch.toml", *day)
    telemetry.run(0, "compare", "batch.toml", *day)
    assert [telemetry.dump(ship) for ship in SHIPS[:2]] == before
    assert server.value(versions) == newest, "the second run wrote rows"


def check_corrections(telemetry):
    """Two files touch different columns of one row; the others stay, and a window loaded again undoes nothing."""
    server = telemetry.server
    ship, table = SHIPS[0], telemetry.table(SHIPS[0], "auxiliary")
    one, two = "/hs4sd_v1/ab/fuel/oil///use", "/hs4sd_v1/ab01/burner////run"
    others = f"select to_jsonb(w) - '{one}' - '{two}' from {table} w order by created_time"
    untouched = server.query(others)
    folder = pathlib.Path(telemetry.folder) / "corrections/H2546"
    folder.mkdir(parents=True)
    moment = f"{DAY}T00:10:00Z"
    (folder / "a.csv").write_text(f"timestamp,{one},unknown/channel\n{moment},1001.5,7\n{DAY}T00:20:00Z,,7\n", encoding="utf-8")
    (folder / "b.csv").write_text(f"timestamp,{two}\n{moment},1002.5\n", encoding="utf-8")
    shown = telemetry.run(0, "plan", "corrections.toml", "--rows", "--only", "hull=H2546", "--param", "data_dir=corrections")
    assert "auxiliary: 2/347 columns of its list are in the input (0.6 %)" in shown, shown
    assert "auxiliary: 1 row to write" in shown and "engine: 0 rows to write" in shown, shown
    assert "in no list of channels.csv: unknown/channel" in shown, shown
    telemetry.run(0, "corrections.toml", "--only", "hull=H2546", "--param", "data_dir=corrections")
    cells = f'select "{one}", "{two}" from {table} where created_time = \'{moment}\''
    assert server.query(cells) == [("1001.5", "1002.5")], server.query(cells)
    assert server.query(others) == untouched
    telemetry.run(0, "backfill", "batch.toml", "--from", str(DAY), "--until", f"{DAY}T02:00:00Z", "--only", f"ship={ship}")
    assert server.query(cells) == [("1001.5", "1002.5")]
    assert server.query(others) == untouched


def write_readings(server, ship, until, failed):
    """Readings of now, a few at a time; every third lot in a transaction that stays open for a while."""
    lots = 0
    try:
        while time.monotonic() < until:
            lots += 1
            values = ", ".join(f"(clock_timestamp(), '{ship}', '{channel}', {lots})" for channel in
                               ("/hs4sd_v1/ab/fuel/oil///use", "/hs4sd_v1/ship////m/trim"))
            wait = "select pg_sleep(2.5);" if lots % 3 == 0 else ""
            server.query(f"begin; insert into tenant.tbl_data_timeseries values {values}; {wait} commit;")
            time.sleep(0.2)
    except RuntimeError as problem:
        failed.append(problem)


def check_side_by_side(telemetry):
    """Realtime follows while rows arrive, some visible late; batch runs beside it: no overlap and no hole."""
    server, ship = telemetry.server, SHIPS[3]
    telemetry.edit("realtime.toml", ('every     = "1m"', 'every     = "2s"'), ('until     = "now - 5s"', 'until     = "now - 1s"'),
                   ('[schedule]\nevery = "1m"', '[schedule]\nevery = "1s"'))
    telemetry.edit("batch.toml", ('every     = "2h"', 'every     = "10s"'), ('from      = "now - 365d"', 'from      = "now - 1m"'))
    only = ("--only", f"ship={ship}")
    failed = []
    writer = threading.Thread(target=write_readings, args=(server, ship, time.monotonic() + 24, failed))
    writer.start()
    time.sleep(4)
    realtime = telemetry.start("run", "realtime.toml", "--follow", *only)
    while True:
        time.sleep(4)
        telemetry.run(0, "batch.toml", *only)
        if not writer.is_alive():
            break
    writer.join()
    time.sleep(8)  # the last windows
    realtime.send_signal(signal.SIGTERM)
    out, errors = realtime.communicate(timeout=60)
    assert realtime.returncode == 0, out + errors
    assert not failed, failed
    telemetry.run(0, "batch.toml", *only)
    telemetry.check_cells(ship, f"created_time >= '{DAY}'::timestamptz + interval '2 days'")
    bound = ("select {} from flowrun.coverage where kind = 'window' and sink = 'engine' and pipeline = 'ship_telemetry_{}' "
             f"and instance = 'ship={ship}'")
    assert server.value(bound.format("max(until_us)", "batch")) == server.value(bound.format("min(from_us)", "realtime"))


def main():
    with Server() as server, tempfile.TemporaryDirectory(prefix="flowrun-telemetry-") as folder:
        telemetry = Telemetry(server, folder)
        telemetry.run(0, "test", "batch.toml")
        telemetry.run(0, "test", "realtime.toml")
        check_day(telemetry)
        check_corrections(telemetry)
        check_side_by_side(telemetry)


if __name__ == "__main__":
    main()
