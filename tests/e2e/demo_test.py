"""The demo without data of one's own: a trained network, its unit and its pictures come along.

usage: demo_test.py CLEAVE
"""

import json
import os
import unittest
from pathlib import Path

import program

FASHION = Path(__file__).resolve().parents[2] / "assets" / "fashion"


class Demo(program.ProgramTest):
    def setUp(self):
        data = os.environ.pop("CLEAVE_DATA", None)
        if data is not None:
            self.addCleanup(os.environ.__setitem__, "CLEAVE_DATA", data)

    def test_it_shows_real_labels_and_what_is_right(self):
        report = json.loads(self.cleave("demo", "--repeat", "1", "--device-budget", "2s", "--cloud-budget",
                                        "2s", "--confirm-budget", "1s", "--json"))
        self.assertEqual((report["model"], report["trained"]), ("fashion", True))
        self.assertEqual([link["link"] for link in report["links"]], ["3g", "4g", "wifi"])
        for link in report["links"]:
            device, cloud, split, unit = link["rows"]
            self.assertEqual((device["strategy"], cloud["strategy"]), ("device-only", "cloud-only"))
            self.assertEqual(unit["strategy"], "unit at 8")
            self.assertEqual([row["top"] for row in link["rows"]], ["T-shirt/top"] * 4)
            # As assets/fashion/README.md says; a JPEG may cost the cloud one.
            self.assertEqual((device["right"], device["pictures"]), (28, 30))
            self.assertGreaterEqual(min(cloud["right"], split["right"], unit["right"]), 25)
            self.assertLess(unit["bytes_up"], cloud["bytes_up"] / 4)
            self.assertEqual(sum(row["planned"] for row in link["rows"]), 1)

    def test_the_bundle_is_sound(self):
        self.assertIn("1 with a unit: by recorded runs alone", self.cleave("verify", FASHION))
        # No folder can be called "T-shirt/top": the pictures' classes have names of their own.
        folders = sorted(folder.name for folder in (FASHION / "pictures").iterdir())
        (self.root / "labels.txt").write_text("".join(f"{name}\n" for name in folders))
        report = json.loads(self.cleave("eval", FASHION, "--data", FASHION / "pictures", "--labels",
                                        "labels.txt", "--json"))
        self.assertEqual(report["pictures"], 30)
        self.assertEqual(round(report["uncut"]["top1_share"]["value"] * 30), 28)

    def test_without_what_comes_along_there_is_a_seeded_network(self):
        self.assertIn("bundle.json", self.cleave("demo", "--assets", self.root / "none", expected=1))
        report = json.loads(self.cleave("demo", "--assets", "", "--repeat", "1",
                                        "--device-budget", "1s", "--cloud-budget", "1s",
                                        "--confirm-budget", "1s", "--json"))
        self.assertEqual((report["model"], report["trained"]), ("mobilenet_v2", False))


@unittest.skipUnless(os.environ.get("CLEAVE_DATA"), "skipped: CLEAVE_DATA not found")
class WithData(program.ProgramTest):
    def test_the_accuracies_are_those_that_are_stated(self):
        report = json.loads(self.cleave("eval", FASHION, "--data", "fashion-mnist", "--json"))
        self.assertAlmostEqual(report["uncut"]["top1_share"]["value"], 0.9384, delta=0.0005)
        self.assertAlmostEqual(report["cut"]["top1_share"]["value"], 0.9230, delta=0.001)


if __name__ == "__main__":
    program.run()
