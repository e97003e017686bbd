"""Scores of networks and bundles, as the program is called.

usage: eval_test.py CLEAVE
"""

import json
import os
import tarfile
import unittest
from pathlib import Path

import program
from program import NETWORK, png

CLASSES = 10
EACH = 3


class Eval(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for label in range(CLASSES):
            folder = cls.root / "set" / f"class{label}"
            folder.mkdir(parents=True)
            for i in range(EACH):
                (folder / f"{i}.png").write_bytes(png(label * EACH + i))
        with tarfile.open(cls.root / "set.tar.gz", "w:gz") as archive:
            archive.add(cls.root / "set", "set")
        (cls.root / "flat").mkdir()
        for i in range(4):
            (cls.root / "flat" / f"{i}.png").write_bytes(png(i))
        split = ("split", NETWORK, "--samples", "flat", "--at", "5", "--at", "9")
        cls.cleave(*split, "--codec", "raw", "--out", "raw")
        cls.cleave(*split, "--codec", "quant:bits=2|zstd", "--out", "coarse")

    def eval(self, *args, **options):
        return self.cleave("eval", *args, **options)

    def report(self, *args):
        return json.loads(self.eval(*args, "--json"))

    def test_a_network_on_a_folder_and_its_archive(self):
        folder = self.report(NETWORK, "--data", "set")
        self.assertEqual(folder["format"], "cleave-eval/1")
        self.assertEqual(folder["network_classes"], CLASSES)
        self.assertEqual((folder["pictures"], folder["pictures_in_all"]), (30, 30))
        self.assertEqual(folder["uncut"]["top1_share"]["samples"], 30)
        self.assertGreaterEqual(folder["uncut"]["top5_share"]["value"],
                                folder["uncut"]["top1_share"]["value"])
        self.assertNotIn("cut", folder)
        archive = self.report(NETWORK, "--data", "set.tar.gz", "--threads", "1")
        self.assertEqual(archive["uncut"], folder["uncut"])
        self.assertRegex(self.eval(NETWORK, "--data", "set"), r"top-1 +\d+\.\d\d % .* 30\n")

    def test_a_raw_bundle_is_the_uncut_network(self):
        for cut in ((), ("--cut", "9")):
            report = self.report("raw", "--data", "set", *cut)
            self.assertEqual(report["cut_id"], cut[1] if cut else "5")
            self.assertEqual(report["cut"]["agreement_share"]["value"], 1)
            self.assertLess(report["cut"]["kl_nats"]["value"], 1e-9)
            self.assertEqual(report["cut"]["top1_share"], report["uncut"]["top1_share"])
            self.assertEqual(report["bytes_per_sample"]["value"], 32768 + 14)

    def test_a_coarse_codec_costs_something(self):
        report = self.report("coarse", "--data", "flat")
        self.assertNotIn("top1_share", report["uncut"])
        self.assertEqual(report["cut"]["agreement_share"]["samples"], 4)
        self.assertGreater(report["cut"]["kl_nats"]["value"], 0)
        self.assertLess(report["bytes_per_sample"]["value"], 32768 / 8)
        self.assertEqual(report["crossing"][0]["codec"], "quant:bits=2,range=minmax|zstd:level=3")
        self.assertIn("without labels", self.eval("coarse", "--data", "flat"))

    def test_the_limit_takes_some_by_the_seed(self):
        def scores(seed):
            return self.report("coarse", "--data", "set", "--limit", "5", "--seed", seed)
        self.assertEqual(scores("1"), scores("1"))
        self.assertEqual(scores("1")["pictures"], 5)
        self.assertNotEqual(scores("1")["cut"]["kl_nats"], scores("2")["cut"]["kl_nats"])

    def test_labels_are_found_by_name(self):
        names = self.root / "labels.txt"
        names.write_text("".join(f"class{(i + 1) % CLASSES}, also {i}\n" for i in range(CLASSES)))
        plain = self.report(NETWORK, "--data", "set")
        named = self.report(NETWORK, "--data", "set", "--labels", "labels.txt")
        self.assertNotEqual(plain["uncut"]["top1_share"], named["uncut"]["top1_share"])
        names.write_text("class0\n" * CLASSES)
        self.assertIn("class 'class1' of the data is none of the network's 10 labels",
                      self.eval(NETWORK, "--data", "set", "--labels", "labels.txt", expected=2))

    def test_wrong_use(self):
        (self.root / "two" / "a").mkdir(parents=True)
        (self.root / "two" / "b").mkdir()
        for name in ("a", "b"):
            (self.root / "two" / name / "1.png").write_bytes(png(1))
        self.assertIn("the data has 2 classes, the network has 10",
                      self.eval(NETWORK, "--data", "two", expected=2))
        self.assertIn("has no labels", self.eval(NETWORK, "--data", "flat", expected=2))
        self.assertIn("expected a bundle", self.eval(NETWORK, "--data", "set", "--cut", "5",
                                                     expected=2))
        self.assertIn("'train' and 'test'", self.eval(NETWORK, "--data", "set", "--split", "train",
                                                      expected=2))
        self.assertIn("cifar10, fashion-mnist", self.eval(NETWORK, "--data", "nothing", expected=1))
        self.assertIn("makes f32 1x3x32x32", self.eval(NETWORK, "--data", "set", "--preprocess",
                                                       "image:size=32", expected=2))

    @unittest.skipUnless(os.environ.get("CLEAVE_DATA"), "skipped: CLEAVE_DATA not found")
    def test_a_trained_network(self):
        models = Path(os.environ["CLEAVE_DATA"]) / "models"
        report = self.report(str(models / "resnet20_cifar10.onnx"), "--data", "cifar10", "--limit",
                             "1000")
        top1 = report["uncut"]["top1_share"]
        self.assertEqual(report["data_split"], "test")
        self.assertTrue(0.75 < top1["low"] < top1["value"] < top1["high"] < 0.87, top1)


if __name__ == "__main__":
    program.run()
