#!/usr/bin/env python3
"""Plants violations in a small tree of its own and checks that tools/check_layers names each."""

import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(__file__), "../../tools/check_layers")


class CheckLayers(unittest.TestCase):
    def setUp(self):
        self.tree = tempfile.TemporaryDirectory()
        self.addCleanup(self.tree.cleanup)
        for folder in ("engine", "engine/core", "engine/run", "nodes", "nodes/sources",
                       "nodes/sinks", "pipelines/first"):
            self.write(folder + "/README.md", "A folder.\n")

    def write(self, path, text):
        full = os.path.join(self.tree.name, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def check(self):
        return subprocess.run([sys.executable, SCRIPT, self.tree.name], text=True,
                              capture_output=True, check=False)

    def assert_found(self, *lines):
        """Exactly these violations, each given by how its line begins."""
        done = self.check()
        found = done.stdout.splitlines()
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(len(found), len(lines), done.stdout)
        for got, want in zip(found, lines):
            self.assertTrue(got.startswith(want), got)
        self.assertIn(f"{len(lines)} violations", done.stderr)

    def test_a_tree_that_keeps_the_rules_passes_in_silence(self):
        self.write("engine/run/a.cc", '#include <tbb/flow_graph.h>\n#include "engine/plan/b.h"\n'
                                      '#include "engine/run/a.h"\n')
        self.write("nodes/sinks/sqlite.cc", '#include "nodes/catalog.h"\n'
                                            '#include "engine/sqlite/database.h"\n')
        self.write("nodes/sources/csv.cc", '#include "nodes/sources/csv_files.h"\n'
                                           '#include "nodes/formats/csv.h"\n')
        self.write("nodes/sources/csv_files.h", '#include "nodes/sources/csv_names.h"\n')
        self.write("tests/engine/run/a_test.cc", '#include <oneapi/tbb/task_arena.h>\n'
                                                 '#include "nodes/sources/csv_files.h"\n'
                                                 '#include "tests/support/catch.h"\n')
        self.write("tools/flowrun/main.cc", '#include <CLI/CLI.hpp>\n#include "nodes/catalog.h"\n')
        self.write("tools/flowrun/README.md", "The command.\n")
        self.write("tools/README.md", "Tools.\n")
        done = self.check()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_a_lower_layer_does_not_include_a_higher_one(self):
        self.write("engine/core/a.h", '#pragma once\n\n#include "engine/data/batch.h"\n')
        self.assert_found('engine/core/a.h:3: engine/core may not include "engine/data/batch.h"')

    def test_the_engine_knows_no_node(self):
        self.write("engine/run/a.cc", '#include "nodes/catalog.h"\n')
        self.assert_found('engine/run/a.cc:1: engine/run may not include "nodes/catalog.h"')

    def test_angle_brackets_do_not_hide_an_include(self):
        self.write("engine/core/a.cc", "#include <engine/run/runner.h>\n")
        self.assert_found('engine/core/a.cc:1: engine/core may not include "engine/run/runner.h"')

    def test_a_node_does_not_see_the_scheduler(self):
        self.write("nodes/sources/a.cc", '#include "engine/plan/plan.h"\n'
                                         '#include "engine/run/runner.h"\n'
                                         '#include "engine/sqlite/database.h"\n')
        self.assert_found('nodes/sources/a.cc:1: nodes/sources may not include "engine/plan/plan',
                          'nodes/sources/a.cc:2: nodes/sources may not include "engine/run/run',
                          'nodes/sources/a.cc:3: nodes/sources may not include "engine/sqlite/')

    def test_a_node_does_not_include_another_node(self):
        self.write("nodes/sources/a.cc", '#include "nodes/sources/csv.h"\n'
                                         '#include "nodes/sinks/csv.h"\n')
        self.write("tools/gen/a.cc", '#include "nodes/sources/csv.h"\n')
        self.write("tools/README.md", "Tools.\n")
        self.assert_found('nodes/sources/a.cc:1: "nodes/sources/csv.h" belongs to one node',
                          'nodes/sources/a.cc:2: "nodes/sinks/csv.h" belongs to one node',
                          'tools/gen/a.cc:1: "nodes/sources/csv.h" belongs to one node')

    def test_third_party_headers_stay_in_their_folder(self):
        homes = {"oneapi/tbb/flow_graph.h": "engine/run", "toml++/toml.h": "engine/plan",
                 "sqlite3.h": "engine/sqlite", "xxhash.h": "engine/core",
                 "simdjson.h": "nodes/formats", "libfccp/csv.h": "nodes/formats",
                 "zlib.h": "nodes/formats", "zstd.h": "nodes/formats",
                 "CLI/CLI.hpp": "tools/flowrun", "catch2/catch.hpp": "tests/support"}
        self.write("nodes/sinks/a.cc", "".join(f"#include <{name}>\n" for name in homes))
        found = self.check().stdout.splitlines()
        self.assertEqual(len(found), len(homes))
        for number, (line, home) in enumerate(zip(found, homes.values()), 1):
            self.assertRegex(line, rf"^nodes/sinks/a\.cc:{number}: \S+ is used in {home} only; ")

    def test_tests_use_third_party_headers_but_catch2(self):
        self.write("tests/README.md", "Tests.\n")
        self.write("tests/nodes/a_test.cc", "#include <sqlite3.h>\n#include <catch2/catch.hpp>\n")
        self.assert_found("tests/nodes/a_test.cc:2: Catch2 is used in tests/support only")

    def test_includes_are_written_from_the_root(self):
        self.write("engine/core/a.cc", '#include "error.h"\n#include "../data/batch.h"\n')
        self.assert_found('engine/core/a.cc:1: "error.h" is not written from the root',
                          'engine/core/a.cc:2: "../data/batch.h" is not written from the root')

    def test_a_new_folder_of_the_engine_needs_a_rule(self):
        self.write("engine/magic/README.md", "Magic.\n")
        self.write("engine/magic/a.cc", '#include "engine/core/error.h"\n')
        self.assert_found("engine/magic/a.cc:1: nothing says what engine/magic may include")

    def test_a_file_has_at_most_400_lines(self):
        self.write("engine/core/full.cc", "//\n" * 400)
        self.write("engine/core/long.cc", "//\n" * 401)
        self.assert_found("engine/core/long.cc:401: 401 lines, at most 400")

    def test_every_folder_has_its_readme(self):
        self.write("nodes/formats/a.h", "#pragma once\n")
        self.write("pipelines/second/pipeline.toml", "[pipeline]\n")
        self.write("pipelines/first/sample/a.csv", "a\n")
        self.assert_found("nodes/formats/README.md:1: missing",
                          "pipelines/second/README.md:1: missing")


if __name__ == "__main__":
    unittest.main()
