"""Plans as the program is called: memory limits, batches, and tables that `cleave run` reads.

usage: plan_test.py CLEAVE
"""

import json
import subprocess
from pathlib import Path

import program
from program import NETWORK


class Plan(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cleave("profile", NETWORK, "--threads", "1", "--slowdown", "4", "--idle", "0",
                   "--rounds", "3", "--budget", "5s", "--out", "device.json")
        cls.cleave("profile", NETWORK, "--idle", "0", "--rounds", "3", "--budget", "5s",
                   "--out", "cloud.json")
        profile = json.loads((Path(cls.folder.name) / "device.json").read_text())
        cls.whole_bytes = profile["head"][-1]["memory_bytes"]

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
        self.assertIn("unknown", self.cleave(*args, "--device-memory", "1GB"))
        self.assertIn("profile it again", self.cleave(*args, "--cloud-memory", "1GB", expected=2))

    def test_an_empty_size_is_no_size(self):
        self.assertIn("is not a size", self.plan("--device-memory", "", expected=2))

    def test_batches(self):
        for side, *options in (("device", "--threads", "1", "--slowdown", "4"), ("cloud",)):
            self.cleave("profile", NETWORK, "--shape", "input=2,3,64,64", *options, "--idle", "0",
                        "--rounds", "3", "--budget", "2s", "--out", f"{side}2.json")
        plan = json.loads(self.plan("--json", "--batch", "2@device2.json@cloud2.json"))
        self.assertEqual([row["batch"] for row in plan["batches"]], [1, 2])
        for row in plan["batches"]:
            self.assertGreater(row["schedule"]["latency_ms"], 0)
        self.assertIn("inputs a s", self.plan("--batch", "2@device2.json@cloud2.json"))
        self.assertIn("profile it again",
                      self.plan("--batch", "2@device.json@cloud.json", expected=2))
        self.assertIn("N@DEVICE@CLOUD", self.plan("--batch", "two@a@b", expected=2))
        self.assertIn("--pareto", self.plan("--batch", "2@a@b", "--pareto", expected=2))

    def one_split(self, cut):
        """A table whose every point chooses to split there, and the network's number of layers."""
        self.plan("--table", "whole.json", "--one-crossing", "--rates", "0.5:64:3", "--loads", "1:2:2")
        table = json.loads((Path(self.folder.name) / "whole.json").read_text())
        table["schedules"] = [{"name": f"split at {cut}", "groups": [
            {"first": 1, "last": cut, "where": "device"},
            {"first": cut + 1, "last": table["layers"], "where": "cloud"}]}]
        table["choices"] = [0] * len(table["choices"])
        (Path(self.folder.name) / "split.json").write_text(json.dumps(table))

    def test_a_table_is_run(self):
        self.one_split(5)
        input_file = Path(self.folder.name) / "x.npy"
        header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 64, 64), }"
        header += b" " * (118 - len(header) - 1) + b"\n"
        input_file.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
                               + bytes(4 * 3 * 64 * 64))
        split = ("split", NETWORK, "--device", "device.json", "--cloud", "cloud.json")
        self.cleave(*split, "--at", "5", "--out", "halves")
        self.cleave(*split, "--at", "9", "--out", "elsewhere")
        self.cleave(*split, "--at", "5", "--codec", "raw", "--out", "raw")
        server = subprocess.Popen([program.PROGRAM[0], "serve", "halves", "--grpc", "0", "--http", "0"],
                                  cwd=self.folder.name, stdout=subprocess.PIPE, text=True)
        try:
            address = next(line.split()[2] for line in server.stdout if line.startswith("serving"))
            run = ("--server", address, "--table", "split.json")
            report = json.loads(self.cleave("run", "halves", "x.npy", *run, "--repeat", "3", "--json"))
            self.assertEqual({(f["strategy"], f["cut"]) for f in report["frames"]}, {("split", "5")})
            self.assertIn("cleave split --at 9 --at 5",
                          self.cleave("run", "elsewhere", "x.npy", *run, expected=2))
            self.assertIn("is coded by 'raw'", self.cleave("run", "raw", "x.npy", *run, expected=2))
        finally:
            server.terminate()
            server.wait()
            server.stdout.close()


if __name__ == "__main__":
    program.run()
