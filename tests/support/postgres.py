#!/usr/bin/env python3
"""A PostgreSQL server of a test's own: in a temporary folder, on a free port of this machine's own address, gone afterwards.

  postgres.py COMMAND…      runs COMMAND with FLOWRUN_POSTGRES_URL set to a fresh server's database, and stops the server

PostgreSQL refuses to run as root; there it runs as the user `postgres` that the package makes. A missing server is a
failure, never a skip. In Python: `with Server() as server: server.query("select 1")`.
"""

import glob
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

USER, PASSWORD, DATABASE = "flowrun", "not a/secret:@", "tests"
START_SECONDS = 60


def binaries():
    """The folder of the newest installed server."""
    found = [folder for folder in glob.glob("/usr/lib/postgresql/*/bin") if os.path.exists(folder + "/initdb")]
    if not found and shutil.which("initdb"):
        found = [os.path.dirname(shutil.which("initdb"))]
    if not found:
        sys.exit("no PostgreSQL server is installed: tools/setup installs one")
    return max(found, key=lambda folder: [int(n) for n in re.findall(r"\d+", folder)] or [0])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """Starts on construction. `settings`: lines of postgresql.conf, by name."""

    def __init__(self, **settings):
        self.bin = binaries()
        self.folder = tempfile.mkdtemp(prefix="flowrun-postgres-")
        self.as_user = []
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.as_user = ["runuser", "-u", "postgres", "--"]
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        self.process = None
        try:
            self._make(settings)
            self.start()
        except BaseException:
            self.stop()
            raise

    def _run(self, *words, **options):
        done = subprocess.run([*self.as_user, *words], text=True, capture_output=True, check=False, cwd=self.folder, **options)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _make(self, settings):
        words = os.path.join(self.folder, "password")
        with open(words, "w", encoding="utf-8") as file:
            file.write(PASSWORD + "\n")
        os.chmod(words, 0o644)
        self._run(os.path.join(self.bin, "initdb"), "-D", self.data, "-U", USER, "--pwfile", words, "-A", "scram-sha-256",
                  "-E", "UTF8", "--locale=C.UTF-8", "-N")
        # Nothing here outlives the machine; a killed server keeps what it wrote even so.
        lines = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.folder, "fsync": "off",
                 "max_connections": 100, "max_prepared_transactions": 4, "log_line_prefix": "%m [%p] %a ", **settings}
        self._run("tee", "-a", os.path.join(self.data, "postgresql.conf"),
                  input="".join(f"{name} = '{value}'\n" for name, value in lines.items()))

    def start(self):
        """Starts the server and waits until it takes connections."""
        log = open(os.path.join(self.folder, "log"), "ab")
        with log:
            self.process = subprocess.Popen([*self.as_user, os.path.join(self.bin, "postgres"), "-D", self.data],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder)
        ended = time.monotonic() + START_SECONDS
        while subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                             check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > ended:
                raise RuntimeError("the server did not start:\n" + self.log())
            time.sleep(0.05)
        databases = self.query("select datname from pg_database", "postgres")
        if (DATABASE,) not in databases:
            self.query(f"create database {DATABASE}", "postgres")

    def halt(self, how=signal.SIGINT):
        """Stops the server: SIGINT as asked, SIGQUIT as a crash."""
        if self.process is None:
            return
        try:
            with open(os.path.join(self.data, "postmaster.pid"), encoding="utf-8") as file:
                os.kill(int(file.readline()), how)
        except (OSError, ValueError):
            self.process.terminate()
        self.process.wait(timeout=START_SECONDS)
        self.process = None

    def restart(self, how=signal.SIGQUIT):
        self.halt(how)
        self.start()

    def stop(self):
        """Stops the server and removes what it had."""
        self.halt(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def url(self, database=DATABASE, password=PASSWORD):
        secret = "".join(c if c.isalnum() else f"%{ord(c):02X}" for c in password)
        return f"postgresql://{USER}:{secret}@127.0.0.1:{self.port}/{database}"

    def query(self, sql, database=DATABASE):
        """Runs SQL by psql; the rows as tuples of texts, None for null."""
        done = subprocess.run([os.path.join(self.bin, "psql"), "-X", "-q", "-At", "-F", "\x1f", "-R", "\x1e", "-P", "null=\x1d",
                               "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-f", "-"],
                              input=sql, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{sql}\n{done.stderr}")
        text = done.stdout.removesuffix("\n").removesuffix("\x1e")
        return [tuple(None if cell == "\x1d" else cell for cell in row.split("\x1f")) for row in text.split("\x1e")] if text else []

    def value(self, sql, database=DATABASE):
        """The only value of a query."""
        return self.query(sql, database)[0][0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with Server() as server:
        done = subprocess.run(sys.argv[1:], env={**os.environ, "FLOWRUN_POSTGRES_URL": server.url()}, check=False)
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
