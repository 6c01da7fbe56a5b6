#!/usr/bin/env python3
"""Kills the real command with SIGKILL at random moments, runs it again, and compares every target row by row with an
undisturbed run's: nothing lost, nothing doubled.

Environment: FLOWRUN_BIN the command; FLOWRUN_KILLS how many kills (50); FLOWRUN_SEED for the same moments again.
"""

import hashlib
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

FLOWRUN = os.environ["FLOWRUN_BIN"]
KILLS = int(os.environ.get("FLOWRUN_KILLS", "50"))
SEED = int(os.environ.get("FLOWRUN_SEED", str(random.randrange(1 << 30))))

PIPELINE = """
name = "crash"

[window]
column   = "ts"
every    = "10m"
lateness = "2m"

[sources.readings]
type    = "csv"
path    = "in/*.csv"
columns = { ts = "timestamp", ship = "string", channel = "string", value = "float64" }

[transforms.latest]
type  = "dedup"
input = "readings"
key   = ["ts", "ship", "channel"]

[transforms.by_ship]
type    = "pivot"
input   = "latest"
index   = ["ts", "ship"]
name    = "channel"
value   = "value"
columns = ["c0", "c1", "c2", "c3", "c4"]

[sinks.wide]
type   = "sqlite"
input  = "by_ship"
path   = "out.db"
table  = "wide"
mode   = "upsert"
key    = ["ts", "ship"]
create = true

[sinks.narrow]
type   = "sqlite"
input  = "latest"
path   = "out.db"
table  = "narrow"
mode   = "append"
create = true

[sinks.elsewhere]
type   = "sqlite"
input  = "by_ship"
path   = "second.db"
table  = "wide"
mode   = "append"
create = true

[sinks.text]
type  = "csv"
input = "by_ship"
path  = "wide.csv"

[sinks.bad]
type   = "ndjson"
inputs = ["readings.rejected", "by_ship.rejected"]
path   = "bad.ndjson"
"""


def write_inputs(folder, rng):
    """Four ships, two days, some rows out of order, doubled, or bad in one of several ways."""
    folder.mkdir()
    for ship in range(4):
        lines = ["ts,ship,channel,value"]
        for minute in range(2 * 24 * 60):
            stamp = f"2026-03-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00"
            for channel in range(5):
                lines.append(f"{stamp},s{ship},c{channel},{rng.randrange(10000) / 100}")
                if rng.random() < 0.002:
                    lines.append(f"{stamp},s{ship},c{channel},{rng.randrange(10000) / 100}")
                if rng.random() < 0.001:
                    lines.append(rng.choice([f"{stamp},s{ship},c{channel},oops", f"{stamp},s{ship}",
                                             f"{stamp},s{ship},unknown,1.5", f"never,s{ship},c1,2"]))
        for i in range(1, len(lines) - 1):
            if rng.random() < 0.05:
                lines[i], lines[i + 1] = lines[i + 1], lines[i]
        (folder / f"s{ship}.csv").write_text("\n".join(lines) + "\n")


def table(database, name):
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return sorted(map(repr, connection.execute(f"select * from {name}")))


def bad_rows(path):
    """Rejects without what may differ between runs: the run's id."""
    import json
    rows = []
    for line in path.read_text().splitlines():
        row = json.loads(line)
        row.pop("run")
        rows.append(json.dumps(row, sort_keys=True))
    return sorted(rows)


def contents(work):
    return {
        "wide": table(work / "out.db", "wide"),
        "narrow": table(work / "out.db", "narrow"),
        "elsewhere": table(work / "second.db", "wide"),
        "text": (work / "wide.csv").read_text(),
        "bad": bad_rows(work / "bad.ndjson"),
    }


def run(work, kill_after=None):
    """Runs the command; returns its exit code, None where it was killed before it ended."""
    process = subprocess.Popen([FLOWRUN, "pipeline.toml", "--progress", "never", "--quiet"], cwd=work,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if kill_after is not None:
        try:
            process.wait(timeout=kill_after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return None
    errors = process.communicate(timeout=300)[1]
    if process.returncode != 0:
        sys.exit(f"exit code {process.returncode}:\n{errors}")
    return 0


def fresh(root, name):
    work = root / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    (work / "pipeline.toml").write_text(PIPELINE)
    os.symlink(root / "in", work / "in")
    return work


def main():
    rng = random.Random(SEED)
    print(f"seed {SEED}, {KILLS} kills")
    root = pathlib.Path(tempfile.mkdtemp(prefix="flowrun_kill_"))
    try:
        write_inputs(root / "in", random.Random(1))
        reference = fresh(root, "reference")
        started = time.monotonic()
        run(reference)
        length = time.monotonic() - started
        expected = contents(reference)
        print(f"undisturbed: {length:.2f} s, " + ", ".join(f"{k} {len(v)}" for k, v in expected.items()))
        assert len(expected["narrow"]) > 50_000 and len(expected["bad"]) > 20, "the sample is too small to show anything"

        killed = 0
        finished = 0
        number = 0
        while killed < KILLS:
            number += 1
            work = fresh(root, "victim")
            # One to three kills before a run may end: a crash during recovery counts, too.
            for _ in range(rng.randrange(1, 4)):
                if run(work, kill_after=rng.uniform(0.0, length * 1.05)) is None:
                    killed += 1
                else:
                    finished += 1
            run(work)
            found = contents(work)
            for name, rows in expected.items():
                if found[name] != rows:
                    kept = root.parent / f"flowrun_kill_failed_{SEED}_{number}"
                    shutil.copytree(work, kept, symlinks=True)
                    sys.exit(f"after round {number} (seed {SEED}): {name} differs: {len(found[name])} "
                             f"instead of {len(rows)}; kept in {kept}")
            # Once more: nothing is left to do, nothing changes.
            before = hashlib.sha256((work / "wide.csv").read_bytes()).hexdigest()
            run(work)
            assert hashlib.sha256((work / "wide.csv").read_bytes()).hexdigest() == before
            assert table(work / "out.db", "narrow") == expected["narrow"], "a run with nothing to do changed something"
        print(f"{killed} kills in {number} rounds ({finished} runs ended before their kill): all equal")
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
