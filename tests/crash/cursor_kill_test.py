#!/usr/bin/env python3
"""Kills the real command at random moments while it loads a growing file by cursor: each row must be in each target
once, whatever was committed when the process died.

Environment: FLOWRUN_BIN the command; FLOWRUN_KILLS how many kills (50); FLOWRUN_SEED for the same moments again.
"""

import pathlib
import random
import shutil
import sys
import tempfile
import time

from kill_test import KILLS, SEED, run, table

PIPELINE = """
name = "growing"

[sources.rows]
type    = "csv"
path    = "rows.csv"
columns = { place = "string", at = "timestamp", n = "int64" }
cursor  = { column = "at", per = "place" }

[sinks.one]
type   = "sqlite"
input  = "rows"
path   = "one.db"
table  = "rows"
mode   = "append"
create = true

[sinks.other]
type   = "sqlite"
input  = "rows"
path   = "other.db"
table  = "rows"
mode   = "append"
create = true

[sinks.text]
type  = "csv"
input = "rows"
path  = "text.csv"
"""
STAGES = 4
ROWS = 20_000


def stages(rng):
    """What the file holds after each stage: rows in order of time, many of them at the same moment."""
    lines = ["place,at,n"]
    clock = dict.fromkeys("abc", 0)
    texts = []
    for _ in range(STAGES):
        for _ in range(ROWS):
            place = rng.choice("abc")
            clock[place] += rng.random() < 0.3
            minute, second = divmod(clock[place], 60)
            lines.append(f"{place},2026-01-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:{second:02d},"
                         f"{rng.randrange(3)}")
        texts.append("\n".join(lines) + "\n")
    return texts


def contents(work):
    return {"one": table(work / "one.db", "rows"), "other": table(work / "other.db", "rows"),
            "text": sorted((work / "text.csv").read_text().splitlines()[1:])}


def fresh(root, name):
    work = root / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    (work / "pipeline.toml").write_text(PIPELINE)
    return work


def main():
    rng = random.Random(SEED)
    print(f"seed {SEED}, {KILLS} kills")
    root = pathlib.Path(tempfile.mkdtemp(prefix="flowrun_cursor_kill_"))
    try:
        texts = stages(random.Random(2))
        work = fresh(root, "reference")
        (work / "rows.csv").write_text(texts[-1])
        started = time.monotonic()
        run(work)
        length = time.monotonic() - started
        expected = contents(work)
        assert all(len(rows) == STAGES * ROWS for rows in expected.values()), "the reference lacks rows"
        killed = number = 0
        while killed < KILLS:
            number += 1
            work = fresh(root, "victim")
            for text in texts:
                (work / "rows.csv").write_text(text)
                # The file may grow again before the interrupted load is finished.
                for _ in range(rng.randrange(3)):
                    killed += run(work, kill_after=rng.uniform(0.0, length * 0.7)) is None
            run(work)
            found = contents(work)
            for name, rows in expected.items():
                if found[name] != rows:
                    kept = root.parent / f"flowrun_cursor_kill_failed_{SEED}_{number}"
                    shutil.copytree(work, kept)
                    sys.exit(f"after round {number} (seed {SEED}): {name} differs: {len(found[name])} instead of "
                             f"{len(rows)}; kept in {kept}")
        print(f"{killed} kills in {number} rounds: all equal")
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
