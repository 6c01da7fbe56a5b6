#!/usr/bin/env python3
"""The shipped vessel arrivals on a real PostgreSQL: only what is new is loaded, --full changes nothing, the database comes
from .env, and one that is away is told.

Environment: FLOWRUN_BIN the command.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from postgres import Server, free_port  # pylint: disable=wrong-import-position

FLOWRUN = os.environ["FLOWRUN_BIN"]
SHIPPED = HERE.parents[1] / "pipelines/vessel_arrivals"
TABLE = "select chokepoint, date, vessel_count from vessel_arrivals order by 1, 2"
FIRST = [("hormuz", "2026-01-01", "80"), ("hormuz", "2026-01-02", "81"), ("suez", "2026-01-01", "50"),
         ("suez", "2026-01-02", "53"), ("suez", "2026-01-03", "49")]


def main():
    with Server() as server, tempfile.TemporaryDirectory(prefix="flowrun-arrivals-") as root:
        folder = pathlib.Path(root) / "vessel_arrivals"
        shutil.copytree(SHIPPED, folder)
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

        def run(code, *words):
            done = subprocess.run([FLOWRUN, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
            return done.stdout + done.stderr

        assert "DATABASE_URL is not set" in run(2, "pipeline.toml")
        (folder / ".env").write_text(f"# the tests' own\nDATABASE_URL='{server.url()}'\n", encoding="utf-8")
        run(0, "pipeline.toml")
        assert server.query(TABLE) == FIRST, server.query(TABLE)
        rows = server.query("select xmin, * from vessel_arrivals order by 2, 3")
        assert "nothing to do" in run(0, "pipeline.toml")
        run(0, "pipeline.toml", "--full")
        assert server.query("select xmin, * from vessel_arrivals order by 2, 3") == rows, "--full wrote rows that are the same"

        with open(folder / "sample/suez/vessel_arrivals.csv", "a", encoding="utf-8") as file:
            file.write("suez,2026-01-03,47,2026-01-06T06:00:00Z\nsuez,2026-01-04,-3,2026-01-06T06:00:00Z\n"
                       "suez,2026-01-05,46,2026-01-06T06:00:00Z\n")
        record = run(0, "pipeline.toml", "--json")
        assert '"rows_read":3' in record.replace(" ", "") or "3 rows" in record, record
        assert server.query(TABLE) == FIRST[:4] + [("suez", "2026-01-03", "47"), ("suez", "2026-01-05", "46")]
        assert "count sane" in run(0, "rejects", "last", "pipeline.toml")
        # An older count that comes late changes nothing.
        place = folder / "sample/malacca"
        place.mkdir()
        (place / "vessel_arrivals.csv").write_text("chokepoint,date,vessel_count,collected_at\nsuez,2026-01-05,99,2026-01-06T05:00:00Z\n"
                                                   "malacca,2026-01-01,200,2026-01-02T00:00:00Z\n", encoding="utf-8")
        run(0, "pipeline.toml")
        assert server.query(TABLE + " limit 3")[2] == ("malacca", "2026-01-01", "200")
        assert ("suez", "2026-01-05", "46") in server.query(TABLE)

        away = server.url().replace(str(server.port), str(free_port()))
        (folder / ".env").write_text(f"DATABASE_URL={away}\n", encoding="utf-8")
        said = run(1, "pipeline.toml")
        assert "127.0.0.1:" in said and "refused" in said and "flowrun:" in said, said
        assert "not%20a" not in said and "not a/secret" not in said, said


if __name__ == "__main__":
    main()
