#!/usr/bin/env python3
"""Runs a pipeline over all of a real data set and compares every figure with answers that other tools computed.

Environment: FLOWRUN_BIN the command; FLOWRUN_CORPUS the folder of the data (../shared); without the data the test
is skipped (77), or fails where CI is set.
"""

import csv
import glob
import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
CORPUS = os.environ.get("FLOWRUN_CORPUS") or os.path.join(HERE, "../../../shared")
DATA = os.path.join(CORPUS, "data/online_retail")

# Of the data's own description.
FIGURES = {"n": "541909", "invoices": "25900", "codes": "4070", "known": str(541909 - 135080), "qty": "5176450",
           "revenue": "9747747.9340"}
UNIQUE_LINES = 536641
CANCELLED_LINES = 9288


def rows(path):
    """The lines of a CSV file behind its header, sorted."""
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        return sorted(list(csv.reader(file))[1:])


def check(folder):
    out = os.path.join(folder, "out")
    with open(os.path.join(out, "all.csv"), encoding="utf-8") as file:
        assert next(csv.DictReader(file)) == FIGURES
    for path in glob.glob(os.path.join(DATA, "expected/*.csv*")):
        name = os.path.basename(path).removesuffix(".gz")
        expected, found = rows(path), rows(os.path.join(out, name))
        for one, other in zip(expected, found):
            assert one == other, f"{name}: {one} is wanted, and not {other}"
        assert len(expected) == len(found), name
    with open(os.path.join(out, "unique.ndjson"), encoding="utf-8") as file:
        assert sum(1 for _ in file) == UNIQUE_LINES
    with open(os.path.join(out, "cancelled.ndjson"), encoding="utf-8") as file:
        assert json.load(file) == {"cancelled": CANCELLED_LINES}


def main():
    if not os.path.isdir(DATA):
        print(f"no test data; set FLOWRUN_CORPUS to the folder that has it: {CORPUS}", file=sys.stderr)
        sys.exit(1 if os.environ.get("CI") else 77)
    folder = tempfile.mkdtemp(prefix="flowrun-test-")
    try:
        with tarfile.open(glob.glob(os.path.join(DATA, "*.tar.gz"))[0]) as archive:
            archive.extractall(folder)
        shutil.copy(os.path.join(HERE, "online_retail.toml"), folder)
        run = [os.environ["FLOWRUN_BIN"], os.path.join(folder, "online_retail.toml"), "--json", "--progress=never"]
        for threads in ("1", "4"):
            done = subprocess.run(run + ["--threads", threads, "--full"], stdout=subprocess.PIPE, check=True)
            record = json.loads(done.stdout)
            assert record["runs"][0]["balanced"] is True
            check(folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
