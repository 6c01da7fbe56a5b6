"""What the tests of the command share: a folder of their own, and ways to call the built command in it."""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

BIN = os.environ["FLOWRUN_BIN"]
ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
SANITIZED = bool(os.environ.get("FLOWRUN_SANITIZED"))
TIMEOUT = 120

SOURCE = """
[sources.readings]
type    = "csv"
path    = "readings.csv"
columns = { at = "timestamp", ship = "string", channel = "string", value = "float64" }
"""

# Narrow readings to wide rows of one table, an hour at a time.
PIPELINE = """name = "wide"

[window]
column   = "at"
every    = "1h"
lateness = "1m"
""" + SOURCE + """
[transforms.wide]
type    = "pivot"
input   = "readings"
index   = ["ship", "at"]
name    = "channel"
value   = "value"
columns = ["rpm", "load"]

[sinks.table]
type   = "sqlite"
input  = "wide"
path   = "out.db"
table  = "wide"
mode   = "upsert"
key    = ["ship", "at"]
create = true
"""


def readings(hours, ships=2, per_hour=6):
    """CSV text of narrow readings, in order of time."""
    lines = ["at,ship,channel,value"]
    for step in range(hours * per_hour):
        seconds = step * 3600 // per_hour
        moment = f"2024-03-{1 + seconds // 86400:02d}T{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        for ship in range(ships):
            for number, channel in enumerate(("rpm", "load")):
                lines.append(f"{moment},ship-{ship},{channel},{step}.{ship}{number}")
    return "\n".join(lines) + "\n"


class CommandTest(unittest.TestCase):
    """A test with a folder, in which the command runs without a terminal, colours or settings of the caller."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="flowrun-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "LANG": "C.UTF-8", "TERM": "xterm"}

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        mode = "wb" if isinstance(text, bytes) else "w"
        with open(self.path(name), mode, **({} if mode == "wb" else {"encoding": "utf-8"})) as file:
            file.write(text)
        return name

    def start(self, *words, **options):
        """Starts the command and returns its process."""
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                    "text": True, "cwd": self.folder, "env": self.environment}
        return subprocess.Popen([BIN, *words], **{**settings, **options})

    def run_flowrun(self, *words, **options):
        """Runs the command to its end."""
        with self.start(*words, **options) as process:
            try:
                out, errors = process.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(words, process.returncode, out, errors)

    def expect(self, code, *words, **options):
        """Runs the command and checks its exit code."""
        done = self.run_flowrun(*words, **options)
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}\n{done.stderr}")
        return done

    def record(self, code, *words):
        """Runs the command with --json and returns its record."""
        done = self.expect(code, *words, "--json")
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 1, done.stdout)
        return json.loads(lines[0])

    def rows(self, query, database="out.db"):
        connection = sqlite3.connect(f"file:{self.path(database)}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()
