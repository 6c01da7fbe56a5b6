#!/usr/bin/env python3
"""The pages that are made from the code say what the code says, and what the READMEs show works."""

import os
import re
import unittest

from support import ROOT, CommandTest

GENERATED = {"nodes/REFERENCE.md": ("nodes", "--markdown"),
             "schemas/pipeline.schema.json": ("nodes", "--json-schema"),
             "pipelines/quickstart/graph.svg": ("graph", "pipelines/quickstart/pipeline.toml", "--format", "svg")}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def without_tool_version(text):
    """Graphviz signs its pictures, and each version measures text a bit differently."""
    words = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    return sorted(re.findall(r"<(?:title|text)[^>]*>([^<]*)</", words))


class Docs(CommandTest):
    def test_generated_pages_are_up_to_date(self):
        for path, words in GENERATED.items():
            made = self.expect(0, *words, cwd=ROOT).stdout
            kept = read(path)
            if path.endswith(".svg"):
                made, kept = without_tool_version(made), without_tool_version(kept)
            self.assertEqual(kept, made, f"{path} is out of date; make it anew: "
                                         f"flowrun {' '.join(words)} > {path}")

    def test_the_pipeline_in_the_readme_is_right(self):
        text = re.search(r"```toml\n(.*?)```", read("README.md"), re.S).group(1)
        self.assertLessEqual(text.count("\n"), 40)
        self.write("p.toml", text)
        self.write("channels.csv", "channel,output\nrpm,engine\nload,engine\nspeed,navigation\n")
        os.mkdir(self.path("readings"))
        self.write("readings/a.csv", "ship_id,channel,created_time,value\ns,rpm,2024-01-01T00:00:00,1\n")
        self.expect(0, "validate", "p.toml", "--warn-error")
        self.expect(0, "p.toml")
        self.assertEqual(self.rows("select * from engine", "readings.db"),
                         [("s", "2024-01-01T00:00:00", 1.0, None)])

    def test_the_readme_names_every_command_and_exit_code(self):
        text = read("tools/flowrun/README.md")
        for name in ("run", "backfill", "validate", "plan", "preview", "graph", "runs", "rejects", "logs", "compare", "doctor", "nodes", "completions"):
            self.assertIn(f"`{name}", text)
        for code in (0, 1, 2, 3, 4, 70, 75, 130, 143):
            self.assertRegex(text, rf"(?m)^\| {code} \|")


if __name__ == "__main__":
    unittest.main()
