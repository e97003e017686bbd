"""Units trained at a cut, and the engine that trains, as the program is called.

usage: train_test.py CLEAVE
"""

import json
import re
import shutil
import struct
import subprocess
import time
import zlib
from pathlib import Path

import program
from program import NETWORK, PROGRAM

COLOURS = {"blue": (0, 0, 1), "green": (0, 1, 0), "red": (1, 0, 0)}
EACH = 24


def picture(colour, seed, side=64):
    """A noisy picture with more of one colour."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    rows = b"".join(b"\0" + bytes((x * 31 + y * 17 + seed * 101 + x * y) % 128 + 100 * colour[v]
                                  for x in range(side) for v in range(3)) for y in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def weights(half):
    """The weights of a bundle's half, which says where in weights.bin they lie."""
    network, pool = half.read_bytes(), (half.parent / "weights.bin").read_bytes()
    places = re.findall(rb"offset\x12.(\d+).{1,8}length\x12.(\d+)", network, re.DOTALL)
    return [pool[int(offset):int(offset) + int(length)] for offset, length in places]


def only(folder, pattern):
    (path,) = folder.glob(pattern)
    return path


class Train(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, colour in COLOURS.items():
            folder = cls.root / "set" / name
            folder.mkdir(parents=True)
            for i in range(EACH):
                (folder / f"{i}.png").write_bytes(picture(colour, i))

    def train(self, unit, *args, **options):
        return self.cleave("train", unit, NETWORK, "--at", "pool1", "--data", "set", "--batch", "8",
                           *args, **options)

    def test_a_bundle_that_does_what_was_trained(self):
        report = json.loads(self.train("bottleneck:channels=4,stride=2", "--epochs", "6",
                                       "--learning-rate", "0.02", "--codec", "quant:bits=4|zstd",
                                       "--log", "log.csv", "--out", "trained", "--json"))
        self.assertEqual(report["unit"], "bottleneck:channels=4,stride=2,filter=3")
        self.assertEqual((report["training_pictures"], report["validation_pictures"]), (64, 8))
        self.assertGreaterEqual(report["accuracy"], 0.75)
        log = (self.root / "log.csv").read_text().splitlines()
        self.assertEqual(log[0], "epoch,loss,accuracy,code_bytes,learning_rate,seconds,loader_wait_s")
        self.assertEqual(len(log), 7)
        # The network tells ten classes apart; the first three are the pictures'.
        (self.root / "labels.txt").write_text("".join(
            f"{name}\n" for name in [*COLOURS, *(f"other {i}" for i in range(7))]))
        scored = json.loads(self.cleave("eval", "trained", "--data", "set", "--labels", "labels.txt",
                                        "--json"))
        self.assertGreaterEqual(scored["cut"]["top1_share"]["value"], 0.75)
        self.assertEqual(scored["crossing"][0]["codec"], "quant:bits=4,range=minmax|zstd:level=3")
        self.assertLess(abs(scored["bytes_per_sample"]["value"] - 14 - report["payload_bytes"]), 40)
        # The parts of the bundle run in both engines, and agree.
        for engine in ("openvino", "torch"):
            answer = self.cleave("run", "trained", self.root / "set" / "red" / "0.png", "--strategy",
                                 "device", "--engine", engine)
            self.assertIn("class 2 (", answer)

    def test_an_interrupted_run_ends_alike(self):
        args = ("--learning-rate", "0.02", "--seed", "3", "--epochs", "8", "--json", "--freeze", "network")
        whole = self.train("butterfly:channels=2", *args, "--out", "whole")
        command = [PROGRAM[0], "train", "butterfly:channels=2", NETWORK, "--at", "pool1", "--data",
                   "set", "--batch", "8", *args, "--out", "halted", "--checkpoint", "state"]
        state = self.root / "state"
        running = subprocess.Popen(command, cwd=self.root, stdout=subprocess.DEVNULL)
        while not state.exists() and running.poll() is None:
            time.sleep(0.01)
        running.kill()
        running.wait()
        self.assertTrue(state.exists())
        self.assertFalse((self.root / "halted").exists(), "it was over before it was interrupted")
        resumed = self.train("butterfly:channels=2", *args, "--out", "resumed", "--checkpoint", "state")
        self.assertEqual(resumed, whole)
        tails = [weights(only(self.root / name, "*.tail.onnx")) for name in ("whole", "resumed")]
        self.assertGreater(len(tails[0]), 3)
        self.assertEqual(*tails)

    def test_a_network_by_itself(self):
        args = ("--data", "set", "--batch", "8", "--epochs", "6", "--learning-rate", "0.02", "--json")
        report = json.loads(self.cleave("train", "network", NETWORK, *args, "--out", "tuned.onnx"))
        self.assertEqual((report["unit"], report["value"], report["payload_bytes"]), ("", "", 0))
        self.assertGreaterEqual(report["accuracy"], 0.75)
        self.assertIn("10", self.cleave("inspect", "tuned.onnx"))
        # With a codec at a cut it is a bundle; the head that was to stay is as it was.
        report = json.loads(self.cleave("train", "network", "tuned.onnx", "--at", "pool1", "--freeze",
                                        "head", "--codec", "quant:bits=2", *args, "--out", "coded"))
        self.assertEqual(report["unit"], "")
        self.cleave("split", "tuned.onnx", "--at", "pool1", "--out", "plain")
        heads, tails = ([weights(only(self.root / name, f"*.{part}.onnx"))
                         for name in ("coded", "plain")] for part in ("head", "tail"))
        self.assertGreater(min(map(len, heads + tails)), 1)
        self.assertEqual(*heads)
        self.assertNotEqual(*tails)

    def test_a_floor_and_the_network_to_go_on_from(self):
        set_ = ("--data", "set", "--batch", "8")
        self.cleave("train", "network", NETWORK, *set_, "--epochs", "6", "--learning-rate", "0.02",
                    "--out", "good.onnx")
        args = (*set_, "--learning-rate", "1e-6", "--epochs", "1", "--codec", "quant:bits=1")
        unit = ("train", "bottleneck", "good.onnx", "--at", "pool1")
        error = self.cleave(*unit, *args, "--floor", "-90%", "--out", "low", expected=2)
        self.assertIn("--floor: '-90%' is not a share", error)
        for name in ("low", "low/", "./low"):
            error = self.cleave(*unit, *args, "--out", "low", "--network", name, expected=2)
            self.assertIn(f"--network '{name}', expected another than --out", error)
        error = self.cleave(*unit, *args, "--floor", "1%", "--out", "low", "--network", "low.onnx",
                            expected=1)
        self.assertRegex(error, r"\d points of top-1 lost, expected at most 1 .* 'low' is written")
        bundle = json.loads((self.root / "low" / "bundle.json").read_text())
        code = bundle["cuts"][0]["crossing"][0]["name"]
        # The whole network of the file is cut at the unit's code like any other.
        again = json.loads(self.cleave("train", "network", "low.onnx", "--at", code, *args,
                                       "--floor", "99%", "--out", "further", "--json"))
        self.assertEqual(again["value"], code)

    def search(self, *args, **options):
        return self.cleave("search", NETWORK, "--data", "set", "--batch", "8", "--epochs", "2",
                           "--learning-rate", "0.01", "--unit", "bottleneck", "--channels", "1", "4", "--stride", "2",
                           "--codec", "quant:bits=4", "--proxy-pictures", "40", "--floor", "40%",
                           *args, **options)

    def test_a_search_and_what_a_client_makes_of_it(self):
        for side, slowdown in (("device", "40"), ("cloud", "1")):
            self.cleave("profile", NETWORK, "--slowdown", slowdown, "--budget", "3s", "--out",
                        f"{side}.json")
        where = ("--at", "block1.relu2", "--at", "pool1", "--device", "device.json", "--cloud",
                 "cloud.json", "--link", "wifi", "--work", "work", "--budget")
        report = json.loads(self.search(*where, "10min", "--out", "found", "--json"))
        self.assertEqual(report["format"], "cleave-search-report/1")
        self.assertEqual((len(report["records"]), report["proxies"]), (4, 4))
        self.assertTrue(report["all_settled"])
        self.assertRegex(report["basis"], "predicted over wifi; the device is emulated, 40x slower")
        self.assertGreaterEqual(len(report["kept"]), 1)
        self.assertLess(report["used_s"], 600)
        manifest = json.loads((self.root / "found" / "bundle.json").read_text())
        self.assertEqual(len(manifest["cuts"]), len(report["kept"]))
        for kept, cut in zip(report["kept"], manifest["cuts"]):
            self.assertEqual(cut["unit"], report["records"][kept]["unit"])
            self.assertEqual(cut["accuracy"], report["records"][kept]["full"]["accuracy"])
            self.assertGreater(cut["costs"]["head_ms"], 0)
        # Again: nothing is trained twice, and another question is refused.
        again = json.loads(self.search(*where, "10min", "--cloud-load", "3", "--out", "again", "--json"))
        self.assertRegex(again["basis"], "; the server's load is 3$")
        self.assertEqual(again["used_s"], report["used_s"])
        self.assertIn("holds another search",
                      self.search(*where, "10min", "--out", "none", "--seed", "5", expected=2))
        # A client chooses by link and load; with the server all but standing still, the device.
        choices = json.loads(self.cleave("choose", "found", "--link", "wifi", "--cloud-load", "1",
                                         "--cloud-load", "100000", "--json"))
        self.assertEqual(choices["emulated_slowdown"], 40)
        choices = choices["choices"]
        self.assertEqual([c["cloud_load"] for c in choices], [1, 100000])
        self.assertEqual(choices[1]["strategy"], "device-only")
        self.assertIn("latency ms", self.cleave("choose", "found"))
        answer = self.cleave("run", "found", self.root / "set" / "red" / "0.png", "--strategy", "device")
        self.assertIn("class", answer)

    def test_searches_that_make_no_sense(self):
        rest = ("--work", "w", "--out", "none")
        self.assertIn("no unit goes to cut", self.search("--at", "flatten", "--budget", "1min", *rest,
                                                         expected=2))
        self.assertIn("without --device and --cloud", self.search("--objective", "energy", "--budget",
                                                                  "1min", *rest, expected=2))
        self.assertIn("--budget", self.search(*rest, expected=2))
        self.assertFalse((self.root / "none").exists())

    def test_wrong_uses(self):
        def refused(*args):
            return self.cleave("train", *args, expected=2)
        rest = ("--data", "set", "--out", "none")
        self.assertIn("unknown unit 'moth', expected one of butterfly, bottleneck",
                      refused("moth", NETWORK, "--at", "pool1", *rest))
        self.assertIn("expected something that learns",
                      refused("network", NETWORK, "--at", "pool1", "--freeze", "network", *rest))
        self.assertIn("expected a folder that can be written to", self.cleave(
            "train", "butterfly", NETWORK, "--at", "pool1", "--data", "set", "--out", "no/such/place",
            expected=None))
        self.assertIn("without a cut, expected where it goes", refused("butterfly", NETWORK, *rest))
        self.assertIn("unknown frozen part 'tail', expected one of nothing, head, network",
                      refused("butterfly", NETWORK, "--at", "pool1", "--freeze", "tail", *rest))
        self.assertIn("64 pictures, expected a batch of 500 or more",
                      refused("butterfly", NETWORK, "--at", "pool1", "--batch", "500", *rest))
        self.assertIn("unknown stage", refused("butterfly", NETWORK, "--at", "pool1", "--codec",
                                               "morse", *rest))
        self.assertIn("expected f32 1xCxHxW", refused("butterfly", NETWORK, "--at", "flatten", *rest))
        self.assertIn("'set' is there already", self.cleave(
            "train", "butterfly", NETWORK, "--at", "pool1", "--data", "set", "--out", "set", expected=2))
        self.assertIn("diverges", refused("butterfly", NETWORK, "--at", "pool1", "--batch", "8",
                                          "--learning-rate", "1e30", *rest))
        self.assertFalse((self.root / "none").exists())

    def test_without_its_program_the_engine_is_missing(self):
        alone = self.root / "alone"
        alone.mkdir()
        shutil.copy(PROGRAM[0], alone / "cleave")
        done = subprocess.run([alone / "cleave", "doctor", "--engine", "torch"], cwd=self.root,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cleave-torch: No such file or directory, expected the program with libtorch",
                      done.stderr)


if __name__ == "__main__":
    program.run()
