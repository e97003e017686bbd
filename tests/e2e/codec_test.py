"""Codecs from calibration over plan and bundle to a run, and sweeps, as the program is called.

usage: codec_test.py CLEAVE
"""

import csv
import json
import os
import subprocess
import unittest
from pathlib import Path

import program
from program import NETWORK, png

DATA = Path(os.environ.get("CLEAVE_DATA", ""))
LINKS = ("3g", "4g", "wifi")


class Codec(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.root / "pictures").mkdir()
        for i in range(16):
            (cls.root / "pictures" / f"{i:02}.png").write_bytes(png(i))
        cls.profile(NETWORK)
        cls.cleave("codec", "calibrate", NETWORK, "--at", "5", "--data", "pictures", "--kl", "1e-4",
                   "--no-compare", "--out", "pool1.json")
        (cls.root / "both").mkdir()
        cls.cleave("codec", "calibrate", NETWORK, "--at", "13", "--data", "pictures", "--kl",
                   "1e-3", "--no-compare", "--out", "both/avgpool.json")
        (cls.root / "both" / "pool1.json").write_text((cls.root / "pool1.json").read_text())

    @classmethod
    def profile(cls, network):
        for side, *options in (("device", "--threads", "1", "--slowdown", "4"), ("cloud",)):
            cls.cleave("profile", network, *options, "--idle", "0", "--rounds", "3", "--budget",
                       "5s", "--out", f"{side}.{Path(network).stem}.json")

    def plan(self, *args, network=NETWORK, **options):
        name = Path(network).stem
        return self.cleave("plan", network, "--device", f"device.{name}.json", "--cloud",
                           f"cloud.{name}.json", *args, **options)

    def assert_never_slower_than_raw(self, *args, network=NETWORK):
        """Of every plan: at its cut, raw values would not have been faster. Returns the codecs."""
        chosen = set()
        for link in LINKS:
            plan = json.loads(self.plan("--link", link, "--json", "--compare-codecs", *args,
                                        network=network))
            raw = {row["cut"]: row["latency_ms"] for row in plan["codecs"]
                   if row["link"] == link and row["codec"] == "raw"}
            self.assertTrue(raw)
            for way in plan["ranking"]:
                if way["strategy"] == "split" and way["cut"] in raw:
                    chosen.add(plan["codec"])
                    # The same measurement of the same values, but for sums' last digits.
                    self.assertLessEqual(way["latency_ms"], raw[way["cut"]] + 1e-6)
                    break
        return chosen

    def test_calibrate_plan_split_run(self):
        # Bytes are so dear over this link that the calibrated codec pays wherever it is smaller.
        plan = json.loads(self.plan("--link", "link:up=0.02,down=50,rtt=1", "--calibration", "both",
                                    "--samples", "pictures", "--out", "plan.json", "--json"))
        self.assertEqual({value["name"] for value in plan["calibrated"]}, {"pool1", "avgpool"})
        splits = [way for way in plan["ranking"] if way["strategy"] == "split"]
        self.cleave("split", NETWORK, "--plan", "plan.json", "--samples", "pictures", "--device",
                    "device.tiny.json", "--cloud", "cloud.tiny.json", "--out", "planned")
        (cut,) = json.loads((self.root / "planned" / "bundle.json").read_text())["cuts"]
        self.assertEqual(cut["id"], str(splits[0]["cut"]))
        self.assertEqual(cut["id"], "13")
        self.assertTrue(cut["crossing"][0]["codec"].startswith("cleave"))
        # What the bundle knows of its codec is what the plan knew: 150 bytes are the request's.
        payload = cut["costs"]["codec"]["payload_bytes"]
        self.assertAlmostEqual(payload + 150, splits[0]["bytes_up"], delta=1e-6)
        self.run_over_a_server("planned")

    def run_over_a_server(self, bundle):
        server = subprocess.Popen([program.PROGRAM[0], "serve", bundle, "--grpc", "0", "--http", "0"],
                                  cwd=self.root, stdout=subprocess.PIPE, text=True)
        try:
            address = next(line.split()[2] for line in server.stdout if line.startswith("serving"))
            report = json.loads(self.cleave("run", bundle, "pictures/00.png", "--server", address,
                                            "--strategy", "split", "--json"))
            self.assertEqual({frame["strategy"] for frame in report["frames"]}, {"split"})
        finally:
            server.terminate()
            server.wait()
            server.stdout.close()

    def test_plans_choose_no_codec_that_makes_them_slower(self):
        self.cleave("codec", "table", NETWORK, "--codec", "quant:bits=8|zstd:level=19", "--codec",
                    "tile|png", "--codec", "cleave", "--samples", "pictures/00.png", "--out",
                    "codecs.json")
        self.assert_never_slower_than_raw("--samples", "pictures/00.png", "--codecs",
                                          "codecs.json", "--calibration", "both")

    @unittest.skipUnless((DATA / "models" / "resnet20_cifar10.onnx").exists(), "no CLEAVE_DATA")
    def test_nor_of_a_trained_network(self):
        network = str(DATA / "models" / "resnet20_cifar10.onnx")
        self.profile(network)
        codecs = ("quant:bits=4|zstd", "tile|jpeg:q=80", "tile|webp:q=80", "tile|h265:qp=27")
        samples = ("--samples", str(DATA / "photos"), "--sample-limit", "2")
        self.cleave("codec", "table", network, *samples, "--out", "resnet.json",
                    *[arg for codec in codecs for arg in ("--codec", codec)])
        chosen = self.assert_never_slower_than_raw(*samples, "--codecs", "resnet.json",
                                                   network=network)
        self.assertGreater(len(chosen), 0)

    def test_a_sweep(self):
        self.cleave("codec", "sweep", NETWORK, "--at", "5", "--at", "13", "--data", "pictures",
                    "--pictures", "8", "--codec", "cleave", "--codec", "quant+zstd", "--codec",
                    "picture", "--calibration", "pool1.json", "--kl", "1e-4", "--out", "sweep.csv")
        with open(self.root / "sweep.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual({row["cut"] for row in rows}, {"", "5", "13"})
        self.assertEqual(rows[0]["family"], "uncut")
        families = {row["family"] for row in rows if row["cut"] == "5"}
        self.assertEqual(families, {"cleave", "quant+zstd minmax", "quant+zstd sigma3"})
        for row in rows[1:]:
            self.assertEqual(row["samples"], "8")
            self.assertGreater(float(row["bytes_per_sample"]), 0)
            self.assertGreaterEqual(float(row["bytes_standard_error"]), 0)
            self.assertGreater(float(row["encode_ms"]), 0)
            self.assertEqual(row["top1_share"], "")
        bits = [row for row in rows if row["cut"] == "5" and row["family"] == "quant+zstd minmax"]
        self.assertEqual(len(bits), 8)
        kl = [float(row["kl_nats"]) for row in bits]
        self.assertGreater(kl[0], kl[-1])

    def test_what_a_sweep_refuses(self):
        def refused(*args):
            text = self.cleave("codec", "sweep", NETWORK, *args, expected=2)
            self.assertEqual(len(text.strip().splitlines()), 1, text)
            return text
        self.assertIn("unknown cut 'nowhere'", refused("--at", "nowhere", "--data", "pictures"))
        self.assertIn("is none of cleave",
                      refused("--at", "5", "--data", "pictures", "--codec", "best"))
        self.assertIn("ends in .svg", refused("--at", "5", "--data", "pictures", "--picture", "x"))
        self.assertIn("is not there", self.cleave("codec", "sweep", NETWORK, "--data", "nowhere",
                                                  "--at", "5", "--codec", "png", expected=1))
        calibration = json.loads((self.root / "pool1.json").read_text())
        (self.root / "others").mkdir()
        calibration["model_sha256"] = "0" * 64
        (self.root / "others" / "other.json").write_text(json.dumps(calibration))
        for verb in (("codec", "sweep", NETWORK, "--at", "5", "--data", "pictures"),
                     ("plan", NETWORK, "--device", "device.tiny.json", "--cloud",
                      "cloud.tiny.json"),
                     ("split", NETWORK, "--at", "5", "--out", "never")):
            text = self.cleave(*verb, "--calibration", "others", expected=2)
            self.assertIn("calibrated for another network", text)

    def test_split_says_where_noise_was_calibrated_on(self):
        for i, (codec, rests_on_noise) in enumerate((
                (("--codec", "quant:bits=4,range=sigma3"), True),
                (("--codec", "quant:bits=4|zstd"), False),
                (("--codec", "quant:range=sigma3", "--calibration", "pool1.json"), False))):
            text = self.cleave("split", NETWORK, "--at", "pool1", *codec, "--out", f"split{i}",
                               expected=None)
            self.assertIn(f"wrote split{i}", text)
            self.assertEqual("seeded noise" in text, rests_on_noise, codec)


if __name__ == "__main__":
    program.run()
