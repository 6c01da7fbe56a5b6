#!/usr/bin/env python3
"""The command line itself: help, choice of the command, usage errors, channels, colours, speed of the start."""

import os
import pty
import random
import subprocess
import time
import unittest

from support import BIN, PIPELINE, ROOT, SANITIZED, CommandTest, readings

COMMANDS = ("run", "backfill", "validate", "plan", "preview", "graph", "runs", "rejects", "logs", "compare", "doctor", "nodes", "completions")


class Help(CommandTest):
    def test_without_words_the_help_with_examples_first(self):
        text = self.expect(0).stdout
        self.assertLess(text.index("Examples:"), text.index("Commands:"))
        for name in COMMANDS:
            self.assertIn(f"  {name} ", text)
        for words in (("--help",), ("-h",), ("help",)):
            self.assertEqual(self.expect(0, *words).stdout, text)

    def test_each_command_explains_itself_examples_first(self):
        for name in COMMANDS:
            text = self.expect(0, name, "--help").stdout
            self.assertTrue(text.startswith(f"flowrun {name}: "), text)
            self.assertLess(text.index("Examples:"), text.index("Options:"))
            self.assertEqual(self.expect(0, "help", name).stdout, text)

    def test_the_version(self):
        self.assertRegex(self.expect(0, "--version").stdout, r"^flowrun \d+\.\d+\.\d+\n$")


class Words(CommandTest):
    def fails(self, *words):
        done = self.expect(2, *words)
        self.assertEqual(done.stdout, "")
        self.assertTrue(done.stderr.startswith("flowrun: error: "), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_an_unknown_first_word_gets_a_suggestion(self):
        self.assertIn('no command "validat"', self.fails("validat"))
        self.assertIn('did you mean "validate"?', self.fails("validat"))
        self.assertIn("--help lists the commands", self.fails("zzzzzz"))
        self.assertIn('did you mean "preview"?', self.fails("--quiet", "previw"))

    def test_an_unknown_option_gets_a_suggestion(self):
        self.assertIn("no option --dry-ran; did you mean --dry-run?", self.fails("x.toml", "--dry-ran"))
        self.assertIn("no option --zzz; flowrun run --help", self.fails("x.toml", "--zzz=1"))

    def test_a_word_too_many_or_too_few(self):
        self.assertIn('takes no further word "b.toml"', self.fails("run", "a.toml", "b.toml"))
        self.assertIn("FILE is required", self.fails("validate"))
        self.assertIn("--threads", self.fails("a.toml", "--threads"))

    def test_values_that_cannot_be_read(self):
        for words in (("--threads", "many"), ("--threads", "0"), ("--limit", "5"), ("--param", "novalue"),
                      ("--only", "=x"), ("--max-memory", "lots"), ("--color", "blue"), ("--progress", "fancy")):
            self.assertIn(words[0], self.fails("a.toml", *words))
        self.assertIn('did you mean "svg"?', self.fails("graph", "a.toml", "--format", "svq"))
        self.assertIn("no pipeline file is named", self.fails("--quiet"))

    def test_options_may_stand_before_the_file(self):
        self.write("p.toml", PIPELINE)
        self.write("readings.csv", readings(2))
        self.expect(0, "--threads", "1", "--progress=never", "p.toml")
        self.assertEqual(self.rows("select count(*) from wide"), [(24,)])

    def test_a_file_that_is_not_there(self):
        for words in (("nowhere.toml",), ("run", "nowhere.toml"), ("validate", "./nowhere/p.toml")):
            done = self.expect(2, *words)
            self.assertIn("nowhere", done.stderr)

    def test_a_file_is_a_file_whatever_its_name(self):
        self.write("pipeline", PIPELINE)
        self.write("readings.csv", readings(1))
        self.expect(0, "pipeline")
        with open(self.path("pipeline"), encoding="utf-8") as file:
            self.assertIn("ok", self.expect(0, "validate", "-", stdin=file).stdout)


class Diagnosed(CommandTest):
    def test_all_problems_at_once_with_place_caret_and_hint(self):
        self.write("p.toml", PIPELINE.replace('mode   = "upsert"', 'moda   = "upsert"')
                   .replace('index   = ["ship", "at"]', 'index   = ["shp", "at"]'))
        for words in (("p.toml",), ("validate", "p.toml"), ("plan", "p.toml"), ("graph", "p.toml")):
            done = self.expect(2, *words)
            self.assertRegex(done.stderr, r"p\.toml:16:\d+: error: .*shp")
            self.assertRegex(done.stderr, r"p\.toml:26:\d+: error: .*moda")
            self.assertIn('did you mean "mode"?', done.stderr)
            self.assertIn("^^^", done.stderr)

    def test_the_record_of_validate(self):
        self.write("p.toml", PIPELINE.replace("index   =", "indx    ="))
        record = self.record(2, "validate", "p.toml")
        self.assertEqual(record["schema"], "flowrun.validate/1")
        self.assertIs(record["ok"], False)
        found = [each for each in record["diagnostics"] if "indx" in each["message"]]
        self.assertEqual((found[0]["file"], found[0]["line"], found[0]["severity"]), ("p.toml", 16, "error"))
        self.write("p.toml", PIPELINE)
        record = self.record(0, "validate", "p.toml")
        self.assertEqual((record["ok"], record["exit_code"], record["diagnostics"]), (True, 0, []))

    def test_warnings_are_0_and_under_warn_error_4(self):
        self.write("p.toml", PIPELINE.replace("[window]", '[params]\nunused = "x"\n\n[window]'))
        self.write("readings.csv", readings(1))
        self.assertIn("warning:", self.expect(0, "validate", "p.toml").stderr)
        self.expect(4, "validate", "p.toml", "--warn-error")
        self.assertEqual(self.expect(4, "validate", "p.toml", "--warn-error", "--quiet").stderr, "")
        self.assertEqual(self.record(4, "p.toml", "--warn-error")["exit_code"], 4)

    def test_nothing_crashes_on_rubbish(self):
        chance = random.Random(3)
        whole = PIPELINE.encode()
        samples = [b"", b"\0", b"\xff\xfe", b"[" * 5000, b"a = " + b"[" * 5000, whole[:200],
                   bytes(chance.randrange(256) for _ in range(5000))]
        for _ in range(30):
            broken = bytearray(whole)
            for _ in range(5):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            samples.append(bytes(broken))
        for number, sample in enumerate(samples):
            self.write("p.toml", sample)
            done = subprocess.run([BIN, "validate", "p.toml"], cwd=self.folder, env=self.environment,
                                  capture_output=True, check=False)
            self.assertIn(done.returncode, (0, 2), f"sample {number}: {done.stderr!r}")
        self.expect(2, "validate", self.folder)


class Channels(CommandTest):
    def test_a_reader_that_goes_away_is_no_error(self):
        self.write("p.toml", PIPELINE)
        self.write("readings.csv", readings(300))
        for words in (("nodes", "--markdown"), ("preview", "p.toml", "readings", "--rows", "3000", "--json"),
                      ("p.toml", "--json"), ("--help",)):
            reader, writer = os.pipe()
            os.close(reader)
            done = self.expect(0, *words, stdout=writer)
            os.close(writer)
            self.assertNotIn("error", done.stderr)

    def test_a_full_disk_behind_stdout_is_one(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = self.expect(1, "nodes", stdout=full)
        self.assertIn("flowrun: error: stdout cannot be written: No space left on device", done.stderr)

    def test_colours_only_where_they_are_wanted(self):
        self.write("p.toml", "name = 5\n")
        self.assertNotIn("\x1b", self.expect(2, "validate", "p.toml").stderr)
        self.assertIn("\x1b[", self.expect(2, "validate", "p.toml", "--color=always").stderr)
        for extra, colored in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
            self.assertEqual("\x1b[" in self.on_terminal({**self.environment, **extra}), colored)

    def on_terminal(self, environment):
        """What validate says on a terminal."""
        master, slave = pty.openpty()
        process = self.start("validate", "p.toml", stderr=slave, env=environment)
        os.close(slave)
        process.communicate()
        text = b""
        try:
            while part := os.read(master, 4096):
                text += part
        except OSError:  # the other side is closed
            pass
        os.close(master)
        return text.decode()

    def test_quiet_says_nothing_where_all_is_well(self):
        self.write("p.toml", PIPELINE)
        self.write("readings.csv", readings(1))
        for words in (("p.toml",), ("p.toml",), ("validate", "p.toml")):
            done = self.expect(0, *words, "--quiet")
            self.assertEqual((done.stdout, done.stderr), ("", ""))

    def test_completions_are_scripts_that_their_shell_can_read(self):
        script = self.expect(0, "completions", "bash").stdout
        done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("--dry-run", script)
        self.assertTrue(self.expect(0, "completions", "zsh").stdout.startswith("#compdef flowrun\n"))
        self.assertIn("complete -c flowrun", self.expect(0, "completions", "fish").stdout)
        self.expect(2, "completions", "tcsh")


@unittest.skipIf(SANITIZED, "sanitizers change the time")
class Start(CommandTest):
    def test_validate_takes_at_most_20_ms(self):
        pipeline = os.path.join(ROOT, "pipelines/quickstart/pipeline.toml")
        best = min(self.seconds("validate", pipeline) for _ in range(40))
        self.assertLess(best, 0.020)

    def seconds(self, *words):
        started = time.perf_counter()
        subprocess.run([BIN, *words], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started


if __name__ == "__main__":
    unittest.main()
