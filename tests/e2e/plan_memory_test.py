"""Plans under memory limits, as the program is called: what fits, what does not, what is refused.

usage: plan_memory_test.py CLEAVE
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

NETWORK = "tiny.onnx"


class PlanMemory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.cleave("zoo", "write", "tiny", NETWORK)
        cls.cleave("profile", NETWORK, "--threads", "1", "--slowdown", "4", "--idle", "0",
                   "--rounds", "3", "--budget", "5s", "--out", "device.json")
        cls.cleave("profile", NETWORK, "--idle", "0", "--rounds", "3", "--budget", "5s",
                   "--out", "cloud.json")
        profile = json.loads((Path(cls.folder.name) / "device.json").read_text())
        cls.whole_bytes = profile["head"][-1]["memory_bytes"]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def cleave(cls, *args, expected=0):
        done = subprocess.run([CLEAVE, *args], cwd=cls.folder.name, capture_output=True, text=True,
                              check=False)
        assert done.returncode == expected, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr if expected else done.stdout

    def plan(self, *args, **options):
        return self.cleave("plan", NETWORK, "--device", "device.json", "--cloud", "cloud.json",
                           *args, **options)

    def test_what_does_not_fit_is_not_offered(self):
        plan = json.loads(self.plan("--json", "--device-memory", str(self.whole_bytes - 1),
                                    "--cloud-memory", "2GB"))
        self.assertEqual(plan["limits"]["device_memory_bytes"], self.whole_bytes - 1)
        self.assertEqual(plan["limits"]["cloud_memory_bytes"], 2e9)
        self.assertTrue(plan["ranking"])
        for way in plan["ranking"]:
            self.assertLess(way.get("device_memory_bytes", 0), self.whole_bytes)
        self.assertNotIn("device-only", [way["strategy"] for way in plan["ranking"]])
        self.assertGreaterEqual(plan["does_not_fit"]["ways"], 1)
        self.assertLess(plan["schedule"].get("device_memory_bytes", 0), self.whole_bytes)

    def test_nothing_fits(self):
        limits = ("--device-memory", "1kB", "--cloud-memory", "1kB")
        plan = json.loads(self.plan("--json", *limits))
        self.assertEqual(plan["schedule"]["status"], "infeasible")
        self.assertEqual(plan["ranking"], [])
        nearest = plan["does_not_fit"]["nearest"]
        self.assertGreater(nearest.get("device_memory_bytes", 0)
                           + nearest.get("cloud_memory_bytes", 0), 1000)
        text = self.plan("--explain", *limits)
        self.assertIn("no way with one crossing fits", text)
        self.assertIn("of 1.0 kB", text)
        self.assertIn("it does not fit", text)

    def test_goes_with_the_front_and_the_table(self):
        limit = self.whole_bytes - 1
        plan = json.loads(self.plan("--json", "--pareto", "--device-memory", str(limit),
                                    "--table", "table.json", "--rates", "0.5:64:5"))
        whole = [{"first": 1, "last": 15, "where": "device"}]
        self.assertNotIn(whole, [way["groups"] for way in plan["front"]])
        table = json.loads((Path(self.folder.name) / "table.json").read_text())
        self.assertNotIn(whole, [entry["groups"] for entry in table["schedules"]])

    def test_wrong_use(self):
        self.assertIn("is not a size", self.plan("--device-memory", "64XB", expected=2))
        self.assertIn("--training", self.plan("--cloud-memory", "1GB", "--training", expected=2))
        self.assertIn("--tier", self.cleave("plan", NETWORK, "--device", "device.json", "--tier",
                                            "wifi@cloud.json", "--device-memory", "1GB",
                                            expected=2))
        self.assertIn("--problem", self.cleave("plan", "--problem", "p.json", "--device-memory",
                                               "1GB", expected=2))

    def test_a_profile_without_memory(self):
        path = Path(self.folder.name) / "cloud.json"
        profile = json.loads(path.read_text())
        for cost in profile["head"] + profile["tail"] + profile["layer"]:
            if cost:
                cost.pop("memory_bytes", None)
        (path.parent / "old.json").write_text(json.dumps(profile))
        args = ("plan", NETWORK, "--device", "device.json", "--cloud", "old.json")
        self.cleave(*args)
        self.cleave(*args, "--device-memory", "1GB")
        self.assertIn("profile it again", self.cleave(*args, "--cloud-memory", "1GB", expected=2))


if __name__ == "__main__":
    CLEAVE = sys.argv.pop()
    unittest.main()
