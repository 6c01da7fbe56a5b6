#!/usr/bin/env python3
"""Loads four versions of a collectors' folder by cursor and compares every target with a model in Python: nothing
lost, nothing doubled, and a run over files that it knows changes nothing.

Environment: FLOWRUN_BIN the command.
"""

import collections
import csv
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FLOWRUN = os.environ["FLOWRUN_BIN"]
HEADER = "chokepoint,date,vessel_count,collected_at\n"

SUEZ = ["suez,2026-01-01,50,2026-01-02T06:00:00", "suez,2026-01-02,52,2026-01-03T06:00:00",
        "suez,2026-01-03,49,2026-01-03T06:00:00"]
HORMUZ = ["hormuz,2026-01-01,80,2026-01-02T07:00:00"]
# By version: the lines of each file, and how many of them can never be loaded.
VERSIONS = [
    ({"suez": SUEZ, "hormuz": HORMUZ}, 0),
    # Grown: a new day, a row that shares the newest moment, a day counted anew; the other file as it was.
    ({"suez": SUEZ + ["suez,2026-01-04,51,2026-01-03T06:00:00", "suez,2026-01-02,53,2026-01-05T06:00:00",
                      "suez,2026-01-05,48,2026-01-05T06:00:00"], "hormuz": HORMUZ}, 0),
    # Rotated: old rows are gone, one is there twice, others are bad: from the future, without a moment, no number.
    ({"suez": ["suez,2026-01-05,48,2026-01-05T06:00:00", "suez,2026-01-06,47,2026-01-07T06:00:00",
               "suez,2026-01-06,47,2026-01-07T06:00:00", "suez,2026-01-07,1,2099-01-01T00:00:00",
               "suez,2026-01-07,2,", "suez,2026-01-07,many,2026-01-07T07:00:00"],
      "hormuz": HORMUZ + ["hormuz,2026-01-02,81,2026-01-02T07:00:00"]}, 3),
    # A place of its own has a mark of its own, old as its rows may be; a mended row counts as it is now.
    ({"suez": ["suez,2026-01-06,47,2026-01-07T06:00:00", "suez,2026-01-06,47,2026-01-07T06:00:00",
               "suez,2026-01-07,46,2026-01-07T07:00:00"],
      "hormuz": HORMUZ + ["hormuz,2026-01-02,81,2026-01-02T07:00:00"],
      "malacca": ["malacca,2026-01-01,200,2026-01-01T01:00:00"]}, 0),
]


class Model:
    """What a cursor loads, told again in few words: rows beyond the mark of their place, or at it and not known."""

    def __init__(self):
        self.marks = {}
        self.log = []
        self.latest = {}

    def load(self, lines):
        fresh = []
        seen = collections.Counter()
        for line in lines:
            place, _, count, moment = line.split(",")
            if not count.isdigit() or not moment or moment > "2090":
                continue
            mark, known = self.marks.get(place, ("", collections.Counter()))
            seen[line] += 1
            if moment > mark or (moment == mark and seen[line] > known[line]):
                fresh.append(line)
        for line in fresh:
            place, day, count, moment = line.split(",")
            mark, known = self.marks.get(place, ("", collections.Counter()))
            self.marks[place] = (moment, collections.Counter([line])) if moment > mark else (mark, known)
            if moment == mark:
                known[line] += 1
            if moment >= self.latest.get((place, day), ("", ""))[1]:
                self.latest[place, day] = (count, moment)
        self.log += fresh
        return len(fresh)


def run(folder, *words):
    done = subprocess.run([FLOWRUN, "run", "pipeline.toml", "--json", "--progress", "never", *words], cwd=folder,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["runs"][0]


def table(folder, database, name):
    with sqlite3.connect(f"file:{folder / database}?mode=ro", uri=True) as connection:
        return sorted(",".join(map(str, row)) for row in connection.execute(f"select * from {name}"))


def compare(folder, model):
    assert table(folder, "log.db", "log") == sorted(model.log)
    with open(folder / "log.csv", encoding="utf-8") as file:
        assert sorted(",".join(row) for row in list(csv.reader(file))[1:]) == sorted(model.log)
    latest = sorted(",".join((*key, *value)) for key, value in model.latest.items())
    assert table(folder, "arrivals.db", "latest") == latest


def write(folder, files):
    shutil.rmtree(folder / "data", ignore_errors=True)
    for name, lines in files.items():
        path = folder / "data" / name / "vessel_arrivals.csv"
        path.parent.mkdir(parents=True)
        path.write_text(HEADER + "".join(line + "\n" for line in lines), encoding="utf-8")


def state(folder, *words, code=0):
    done = subprocess.run([FLOWRUN, "state", *words], cwd=folder, capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stdout + done.stderr


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="flowrun-arrivals-"))
    try:
        shutil.copy(HERE / "vessel_arrivals.toml", folder / "pipeline.toml")
        model = Model()
        for files, bad in VERSIONS:
            write(folder, files)
            lines = [line for part in sorted(files) for line in files[part]]
            fresh = model.load(lines)
            assert fresh > 0, "a version that brings nothing shows nothing"
            record = run(folder)
            source = record["nodes"][0]
            assert (source["passed"], source["rejected"]) == (fresh, bad), source
            assert record["balanced"]
            compare(folder, model)
            again = run(folder)
            assert again["up_to_date"] and again["units_committed"] == 0, again
            assert again["rejects_stored"] == 0, again
            compare(folder, model)

        shown = json.loads(state(folder, "show", "pipeline.toml", "--json"))["instances"][0]["cursors"][0]
        assert {mark["key"]: mark["value"] for mark in shown["marks"]} == {
            "chokepoint=" + place: mark for place, (mark, _) in model.marks.items()}
        assert state(folder, "verify", "pipeline.toml") == "journal and targets agree\n"

        # A target that is gone gets again what the cursor has passed and the files still hold; the others nothing.
        (folder / "arrivals.db").unlink()
        (folder / "log.csv").unlink()
        assert "are not in" in state(folder, "verify", "pipeline.toml", code=1)
        run(folder)
        held = sorted(line for part in VERSIONS[3][0].values() for line in part)
        with open(folder / "log.csv", encoding="utf-8") as file:
            assert sorted(",".join(row) for row in list(csv.reader(file))[1:]) == held
        assert len(table(folder, "arrivals.db", "latest")) == len({line.rsplit(",", 2)[0] for line in held})
        assert table(folder, "log.db", "log") == sorted(model.log)

        # Set by hand: rows from there on come again, which a sink that appends is told by the person who sets it.
        state(folder, "set", "pipeline.toml", "arrivals", "2026-01-07T07:00:00", "--key", "chokepoint=suez")
        run(folder)
        assert table(folder, "log.db", "log") == sorted(model.log + ["suez,2026-01-07,46,2026-01-07T07:00:00"])
        assert "chokepoint=suez" in state(folder, "clear", "pipeline.toml", "arrivals", "--key", "chokepoint=sues", code=2)
        state(folder, "clear", "pipeline.toml", "arrivals")
        refused = subprocess.run([FLOWRUN, "pipeline.toml"], cwd=folder, capture_output=True, text=True, check=False)
        assert refused.returncode == 2 and "flowrun state set" in refused.stderr, refused.stderr
        print("four versions, each loaded once")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
