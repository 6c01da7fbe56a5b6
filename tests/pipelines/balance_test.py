#!/usr/bin/env python3
"""Every row that enters a node ends once, through split, pivot, unpivot, union, lookup and aggregate: the sums of each
node in the run's record against counts made in plain Python.

Environment: FLOWRUN_BIN the command.
"""

import collections
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile

FLOWRUN = os.environ["FLOWRUN_BIN"]
OUTCOMES = ("passed", "absorbed", "filtered", "rejected", "skipped")

PIPELINE = """
name = "balance"

[window]
column   = "at"
every    = "1h"
lateness = "0s"

[rejects]
on_error = "skip"

[sources.readings]
type    = "csv"
path    = "readings.csv"
columns = { at = "timestamp", ship = "string", channel = "string", value = "float64" }

[transforms.positive]
type  = "filter"
input = "readings"
where = "value >= 0"

[transforms.by_kind]
type      = "split"
input     = "positive"
key       = "channel"
routes    = "routes.csv"
unmatched = "reject"

[transforms.wide]
type    = "pivot"
input   = "by_kind.engine"
index   = ["at", "ship"]
name    = "channel"
value   = "value"
columns = ["rpm", "load"]

[transforms.narrow]
type    = "unpivot"
input   = "wide"
index   = ["at", "ship"]
columns = ["rpm", "load"]
name    = "channel"
value   = "value"

[transforms.all]
type   = "union"
inputs = ["narrow", "by_kind.weather"]

[transforms.named]
type    = "lookup"
input   = "all"
file    = "ships.csv"
on      = ["ship"]
take    = ["owner"]
missing = "reject"

[transforms.sums]
type   = "aggregate"
input  = "named"
by     = ["ship", "channel"]
values = ["count(*) as n"]

[sinks.rows]
type  = "csv"
input = "named"
path  = "rows.csv"

[sinks.sums_out]
type  = "csv"
input = "sums"
path  = "sums.csv"
"""


def make_inputs(folder, rng):
    """Rows by what must become of each."""
    counts = collections.Counter()
    cells, groups = set(), set()
    lines = ["at,ship,channel,value"]
    (folder / "routes.csv").write_text("channel,output\nrpm,engine\nload,engine\nwind,weather\n")
    (folder / "ships.csv").write_text("ship,owner\na,X\nb,Y\n")
    for minute in range(600):
        at = f"2026-01-01T{minute // 60:02d}:{minute % 60:02d}:00"
        for _ in range(rng.randrange(20)):
            ship, channel = rng.choice("abc"), rng.choice(["rpm", "load", "wind", "depth"])
            value = rng.choice(["1.5", "2", "-1", "", "many"])
            lines.append(f"{at},{ship},{channel},{value}")
            counts["read"] += 1
            if value == "many":
                counts["bad"] += 1
            elif value in ("-1", ""):
                counts["filtered"] += 1
            elif channel == "depth":
                counts["unrouted"] += 1
            elif channel == "wind":
                counts["wind"] += 1
                counts["wind of c"] += ship == "c"
                if ship != "c":
                    groups.add((at[:13], ship, channel))
            else:
                counts["engine"] += 1
                cells.add((at, ship, channel))
                if ship != "c":
                    groups.add((at[:13], ship, channel))
    (folder / "readings.csv").write_text("\n".join(lines) + "\n")
    counts["wide"] = len({cell[:2] for cell in cells})
    counts["cells"] = len(cells)
    counts["cells of c"] = sum(ship == "c" for _, ship, _ in cells)
    counts["groups"] = len(groups)
    return counts


def check(nodes, n):
    for name, node in nodes.items():
        assert node["in"] == sum(node[outcome] for outcome in OUTCOMES), (name, node)
        assert node["kind"] == "sink" or node["out"] == node["passed"] + node["made"], (name, node)
    expected = {
        "readings": {"in": n["read"], "passed": n["read"] - n["bad"], "rejected": n["bad"]},
        "positive": {"in": n["read"] - n["bad"], "filtered": n["filtered"]},
        "by_kind": {"passed": n["engine"] + n["wind"], "rejected": n["unrouted"]},
        "wide": {"in": n["engine"], "absorbed": n["engine"], "made": n["wide"]},
        "narrow": {"in": n["wide"], "out": n["cells"]},
        "all": {"in": n["cells"] + n["wind"], "out": n["cells"] + n["wind"]},
        "named": {"in": n["cells"] + n["wind"], "rejected": n["cells of c"] + n["wind of c"]},
        "sums": {"absorbed": n["cells"] + n["wind"] - n["cells of c"] - n["wind of c"], "made": n["groups"]},
        "sums_out": {"in": n["groups"], "passed": n["groups"]},
    }
    for name, numbers in expected.items():
        found = {key: nodes[name][key] for key in numbers}
        assert found == numbers, f"{name}: {numbers} is wanted, and not {found}"


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="flowrun-balance-"))
    try:
        (folder / "pipeline.toml").write_text(PIPELINE)
        counts = make_inputs(folder, random.Random(5))
        assert all(counts.values()), counts
        for threads in ("1", "4"):
            shutil.rmtree(folder / ".flowrun", ignore_errors=True)
            done = subprocess.run([FLOWRUN, "run", "pipeline.toml", "--json", "--threads", threads], cwd=folder,
                                  capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr
            run = json.loads(done.stdout)["runs"][0]
            assert run["balanced"]
            assert run["rejects_stored"] == (counts["bad"] + counts["unrouted"] + counts["cells of c"] + counts["wind of c"])
            check({node["name"]: node for node in run["nodes"]}, counts)
            assert "every row accounted for" in done.stderr
            (folder / "rows.csv").unlink()
        print(f"{counts['read']} rows, each ended once at every node")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
