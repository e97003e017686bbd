"""What the README promises: its commands run as they stand, its links lead somewhere.

usage: readme_test.py CLEAVE

Every ```sh block is run, in order and in one shell, in an empty folder with CLEAVE's folder on PATH
and no data beside it. Lines of ```console blocks that call ./dev.sh are not run, which would begin
this test again: their verbs must exist.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
TIMEOUT_S = 240

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def blocks(markdown, language):
    """(first line's number, text) of every fenced block of this language."""
    return [(markdown.count("\n", 0, match.start(2)) + 1, match[2])
            for match in FENCE.finditer(markdown) if match[1] == language]


def script_of(markdown):
    """One script of all ```sh blocks; what it prints before failing names the block."""
    parts = ["set -euo pipefail"]
    for line, text in blocks(markdown, "sh"):
        parts += [f"echo '--- the block at line {line}'", text]
    return "\n".join(parts) + "\n"


def left_behind(group):
    """Whether some process of the group is still there; it is then ended."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def fault_of(script, path):
    """Runs the script in a folder of its own; what went wrong, or nothing."""
    environment = {key: value for key, value in os.environ.items() if key != "CLEAVE_DATA"}
    environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
    # The output goes to a file: a pipe would wait for whoever was left behind with its end.
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as output:
        shell = subprocess.Popen(["bash", "-c", script], cwd=folder, env=environment,
                                 stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code = shell.wait(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            code = f"nothing within {TIMEOUT_S} s"
        stray = left_behind(shell.pid)
        shell.wait()
        output.seek(0)
        text = output.read()
    if code != 0:
        return f"the commands ended with {code}:\n{text}"
    if stray:
        return f"the commands left a process behind:\n{text}"
    return None


def dev_verbs(markdown):
    return [verb for _, text in blocks(markdown, "console")
            for verb in re.findall(r"^\./dev\.sh (\S+)", text, re.MULTILINE)]


def anchors(markdown):
    """What links to the headings of a page end in."""
    headings = re.findall(r"^#+ (.*)", FENCE.sub("", markdown), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def leads_somewhere(document, target):
    path, _, anchor = target.partition("#")
    to = document.parent / path if path else document
    return to.exists() and (not anchor or anchor in anchors(to.read_text(encoding="utf-8")))


def broken_links(document):
    """Relative links of a document that lead to no file or to no heading."""
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    return [f"{document}: {target}" for target in LINK.findall(text)
            if "://" not in target and not leads_somewhere(document, target)]


class TheReadme(unittest.TestCase):
    def test_its_commands_run(self):
        script = script_of(README.read_text(encoding="utf-8"))
        listed = subprocess.run([CLEAVE, "--help"], capture_output=True, text=True, check=True)
        verbs = re.findall(r"^  (\w+) ", listed.stdout.partition("Subcommands:")[2], re.MULTILINE)
        self.assertIn("inspect", verbs)
        for verb in set(verbs) - {"demo"}:
            self.assertRegex(script, rf"(?m)^cleave {verb}\b", "the tour leaves it out")
        fault = fault_of(script, CLEAVE.parent)
        if fault:
            self.fail(fault)

    def test_the_verbs_of_dev_sh_exist(self):
        verbs = dev_verbs(README.read_text(encoding="utf-8"))
        self.assertLessEqual({"demo", "test"}, set(verbs))
        script = (ROOT / "dev.sh").read_text(encoding="utf-8")
        for verb in verbs:
            self.assertRegex(script, rf"(?m)^verb_{verb}\(\)")

    def test_links_lead_somewhere(self):
        documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        self.assertGreater(len(documents), 10)
        self.assertEqual([link for document in documents for link in broken_links(document)], [])


class TheCheckItself(unittest.TestCase):
    """Planted faults are found."""

    def test_links_to_no_file_and_to_no_heading(self):
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.md"
            page.write_text("# Of `cleave`: one\n[a](#of-cleave-one) [b](page.md#two) [c](none.md)\n")
            self.assertEqual(broken_links(page), [f"{page}: page.md#two", f"{page}: none.md"])

    def fault(self, commands):
        readme = f"# Title\n```sh\n{textwrap.dedent(commands)}```\n```text\nexit 9\n```\n"
        return fault_of(script_of(readme), CLEAVE.parent)

    def test_good_commands(self):
        self.assertIsNone(self.fault("x=1\n") or self.fault("sleep 100 &\nkill %1\nwait || true\n"))

    def test_a_failing_command(self):
        self.assertIn("line 3", self.fault("false\necho on\n"))
        self.assertIn("ended with", self.fault("false | cat\n"))

    def test_a_server_left_behind(self):
        self.assertIn("left a process", self.fault("sleep 100 &\n"))

    def test_the_folder_is_empty_and_the_program_is_there(self):
        self.assertIsNone(self.fault('test -z "$(ls)"\ncleave --version\n'))
        self.assertIsNone(self.fault('test -z "${CLEAVE_DATA:-}"\n'))


if __name__ == "__main__":
    CLEAVE = Path(sys.argv.pop()).resolve()
    unittest.main(argv=sys.argv, verbosity=2)
