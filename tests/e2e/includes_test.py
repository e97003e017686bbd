"""The ladder of modules: no #include "module/…" points up it, and no file grows past 400 lines.

usage: includes_test.py

Where code needs another rung, change the table here and the one of ARCHITECTURE.md.
"""

import re
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What each module may include besides itself.
ALLOWED = {
    "base": "",
    "graph": "base",
    "engine": "base graph",
    "zoo": "base",
    "profile": "base graph engine",
    "plan": "base graph profile",
    "codec": "base",
    "bundle": "base graph engine codec plan",
    # codec: films and pictures share its way into libavcodec.
    "data": "base codec",
    "wire": "base",
    # graph: a network that is served without a bundle is read by it.
    "cloud": "base graph engine codec bundle data wire",
    "edge": "base engine codec bundle plan data wire",
    "study": "base graph engine zoo profile plan codec bundle data wire",
    "search": "base graph engine profile plan codec bundle study",
    "train": "base graph engine codec data",
    "reproduce": "base graph engine zoo profile plan codec data study",
}

MAX_LINES = 400
# Files that may be longer, each with its reason: tables and kernels alone qualify.
LONGER = {}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([a-z0-9_]+)/[^>"]+[>"]', re.MULTILINE)


def sources(root):
    return sorted(path for top in ("src", "apps") for path in (root / top).rglob("*")
                  if path.suffix in (".cpp", ".h"))


def module_of(path):
    """The module of a file's path below the root; nothing for programs, which may use all."""
    return path.parts[1] if path.parts[0] == "src" else None


def wrong_includes(root):
    """A line for every include of a module that the including one may not use."""
    found = []
    for path in sources(root):
        name = path.relative_to(root)
        module = module_of(name)
        if module is None:
            continue
        if module not in ALLOWED:
            found.append(f"{name}: module '{module}' is not in the table of {Path(__file__).name}")
            continue
        text = path.read_text(encoding="utf-8")
        for include in INCLUDE.finditer(text):
            used = include[1]
            if used not in ALLOWED or used == module or used in ALLOWED[module].split():
                continue
            line = text.count("\n", 0, include.start()) + 1
            found.append(f"{name}:{line}: {module} includes {used}, expected one of: "
                         f"{ALLOWED[module] or 'none'}")
    return found


def long_files(root):
    """A line for every file of more than MAX_LINES lines that LONGER does not name."""
    found = []
    for path in sources(root):
        name = str(path.relative_to(root))
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_LINES and name not in LONGER:
            found.append(f"{name} has {lines} lines, expected at most {MAX_LINES}")
    return found


def documented(markdown):
    """The table of modules as ARCHITECTURE.md has it."""
    rows = re.findall(r"^\| `(\w+)` \| ([a-z, –]+) \|", markdown, re.MULTILINE)
    return {module: set(used.replace(",", " ").replace("–", "").split()) for module, used in rows}


def linked(cmake):
    """The modules that a src/MODULE/CMakeLists.txt links to."""
    lists = re.findall(r"\bDEPENDS\s+([a-z_\s]+)", cmake)
    return {used for names in lists for used in names.split() if used in ALLOWED}


def cycle_in(allowed):
    """A module that may, by way of others, use itself; nothing where the table is a ladder."""
    def below(module, seen):
        for used in allowed[module].split():
            if used not in seen:
                seen.add(used)
                below(used, seen)
        return seen
    return next((module for module in allowed if module in below(module, set())), None)


class TheTree(unittest.TestCase):
    def test_there_is_something_to_read(self):
        self.assertGreater(len(sources(ROOT)), 100)
        self.assertEqual({p.name for p in (ROOT / "src").iterdir() if p.is_dir()}, set(ALLOWED))

    def test_the_documents_say_the_same(self):
        table = documented((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
        self.assertEqual(table, {module: set(used.split()) for module, used in ALLOWED.items()})

    def test_libraries_link_no_others(self):
        for module, used in ALLOWED.items():
            cmake = (ROOT / "src" / module / "CMakeLists.txt").read_text(encoding="utf-8")
            self.assertLessEqual(linked(cmake), set(used.split()), module)

    def test_the_table_is_a_ladder(self):
        self.assertIsNone(cycle_in(ALLOWED))

    def test_includes_point_down(self):
        self.assertEqual(wrong_includes(ROOT), [])

    def test_files_are_short(self):
        self.assertEqual(long_files(ROOT), [])

    def test_exceptions_are_needed(self):
        for name in LONGER:
            self.assertGreater(len((ROOT / name).read_text().splitlines()), MAX_LINES, name)


class TheCheckItself(unittest.TestCase):
    """Planted faults are found."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, text in {
                "src/base/tensor.h": '#pragma once\n#include <vector>\n',
                "src/codec/codec.h": '#include "base/tensor.h"\n#include "codec/stage.h"\n',
                "apps/cleave/run.cpp": '#include "edge/runner.h"\n#include "verbs.h"\n'}.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def test_right_ones_pass(self):
        self.assertEqual(wrong_includes(self.root), [])
        self.assertEqual(long_files(self.root), [])

    def test_a_wrong_include(self):
        for include in ('#include "wire/types.h"', '# include  "wire/types.h"',
                        '#include <wire/types.h>'):
            self.write("src/base/tensor.h", f"#pragma once\n\n{include}\n")
            self.assertEqual(wrong_includes(self.root),
                             ["src/base/tensor.h:3: base includes wire, expected one of: none"])

    def test_an_unknown_module(self):
        self.write("src/misc/all.h", "")
        self.assertIn("module 'misc'", wrong_includes(self.root)[0])

    def test_a_long_file(self):
        self.write("src/codec/codec.cpp", "//\n" * MAX_LINES)
        self.assertEqual(long_files(self.root), [])
        self.write("src/codec/codec.cpp", "//\n" * (MAX_LINES + 1))
        self.assertEqual(len(long_files(self.root)), 1)

    def test_the_readers_of_tables(self):
        self.assertEqual(documented("| `codec` | base, wire | zstd |\n| `base` | – | – |\n"),
                         {"codec": {"base", "wire"}, "base": set()})
        self.assertEqual(linked("cleave_module(codec SOURCES wire.cpp DEPENDS base\n  wire)"),
                         {"base", "wire"})

    def test_a_cycle(self):
        self.assertIsNotNone(cycle_in({"a": "b", "b": "c", "c": "a"}))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
