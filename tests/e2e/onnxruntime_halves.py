"""The halves that `cleave split` writes are ONNX files like any other: the ONNX project's checker
accepts them, and ONNX Runtime, joined, gives what it gives for the whole network. With a trained
unit and its codec between them they are right as often there as here.

usage: onnxruntime_halves.py CLEAVE
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper as make

CLEAVE = Path(sys.argv.pop()).resolve()
DATA = os.environ.get("CLEAVE_DATA")
FASHION = Path(__file__).resolve().parents[2] / "assets" / "fashion"
TOLERANCE = 1e-4
DTYPES = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64, "u8": np.uint8,
          "bool": np.bool_}


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    # Errors alone: it warns of every unread initialiser in the trained networks.
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(network, values, outputs):
    fed = {i.name: values[i.name] for i in network.get_inputs()}
    return dict(zip(outputs, network.run(outputs, fed)))


def cleave(*arguments):
    return subprocess.run([CLEAVE, *map(str, arguments)], check=True, capture_output=True,
                          text=True).stdout


class Halves(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def assert_same(self, found, expected, what):
        self.assertEqual(found.dtype, expected.dtype, what)
        self.assertEqual(found.shape, expected.shape, what)
        if expected.dtype.kind != "f":
            np.testing.assert_array_equal(found, expected, what)
            return
        scale = np.ptp(expected) or max(np.abs(expected).max(), 1)
        self.assertLessEqual(np.abs(found - expected).max() / scale, TOLERANCE, what)

    def split(self, model, share_of_cuts):
        """Cuts at these shares of the way through the network."""
        cuts = [c["index"] for c in json.loads(cleave("inspect", model, "--json"))["cuts"]]
        chosen = sorted({cuts[int(share * (len(cuts) - 1))] for share in share_of_cuts})
        out = self.folder / "bundle"
        at = [word for cut in chosen for word in ("--at", cut)]
        cleave("split", model, *at, "--codec", "raw", "--out", out)
        return out, json.loads((out / "bundle.json").read_text())

    def check(self, model, share_of_cuts=(0.1, 0.5, 0.9)):
        out, manifest = self.split(model, share_of_cuts)
        rng = np.random.default_rng(5)
        inputs = {v["name"]: rng.standard_normal(v["shape"]).astype(DTYPES[v["dtype"]])
                  for v in manifest["inputs"]}
        outputs = [v["name"] for v in manifest["outputs"]]
        expected = run(session(model), inputs, outputs)
        kept = run(session(out / manifest["model"]["file"]), inputs, outputs)
        for name in outputs:
            self.assert_same(kept[name], expected[name], f"{name} of the bundle's whole network")
        for cut in manifest["cuts"]:
            self.check_cut(out, cut, inputs, expected)

    def check_cut(self, out, cut, inputs, expected):
        values = dict(inputs)
        for half in ("head", "tail"):
            path = out / cut[half]["file"]
            onnx.checker.check_model(str(path), full_check=True)
            network = session(path)
            made = [v["name"] for v in cut[f"{half}_outputs"]]
            takes = {v["name"] for v in cut["head_inputs" if half == "head" else "crossing"]}
            self.assertEqual({i.name for i in network.get_inputs()}, takes)
            values.update(run(network, values, made))
        for crossing in cut["crossing"]:
            value = values[crossing["name"]]
            self.assertEqual(list(value.shape), crossing["shape"], crossing["name"])
            self.assertEqual(value.dtype, DTYPES[crossing["dtype"]], crossing["name"])
        for name, whole in expected.items():
            self.assert_same(values[name], whole, f"{name} at cut {cut['id']}")

    def check_trained(self, name):
        if DATA is None:
            self.skipTest("skipped: CLEAVE_DATA not found")
        self.check(Path(DATA) / "models" / name)

    def test_tiny(self):
        model = self.folder / "tiny.onnx"
        cleave("zoo", "write", "tiny", model)
        self.check(model, (0, 0.3, 0.6, 1))

    def test_local_functions(self):
        """Three calls of one function, the middle one without the attribute that has a default."""
        block = make.make_function(
            "mine", "Block", ["x", "w"], ["y"],
            [make.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
             make.make_node("LeakyRelu", ["c"], ["r"]), make.make_node("Add", ["r", "x"], ["y"])],
            [make.make_opsetid("", 17)], attribute_protos=[make.make_attribute("slope", 0.5)])
        block.node[1].attribute.add(name="alpha", ref_attr_name="slope",
                                    type=onnx.AttributeProto.FLOAT)
        calls = [make.make_node("Block", [x, w], [y], domain="mine", **slope)
                 for x, w, y, slope in (("x", "w0", "a", {"slope": 0.1}), ("a", "w1", "b", {}),
                                        ("b", "w2", "y", {"slope": 0.9}))]
        image = [make.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 4, 8, 8])
                 for name in "xy"]
        rng = np.random.default_rng(3)
        weights = [onnx.numpy_helper.from_array(
            rng.standard_normal((4, 4, 3, 3)).astype(np.float32) / 4, f"w{i}") for i in range(3)]
        graph = make.make_graph(calls, "calls", image[:1], image[1:], weights)
        model = self.folder / "functions.onnx"
        onnx.save(make.make_model(graph, functions=[block], ir_version=9, opset_imports=[
            make.make_opsetid("", 17), make.make_opsetid("mine", 1)]), model)
        self.check(model, (0, 0.3, 0.6, 1))

    def test_squeezenet(self):
        self.check_trained("squeezenet1.1.onnx")

    def test_resnet(self):
        self.check_trained("resnet20_cifar10.onnx")

    def test_face_detector_of_two_outputs(self):
        self.check_trained("version-RFB-320.onnx")

    def test_face_detector_of_three_outputs(self):
        self.check_trained("face_detection_yunet_120x160.onnx")

    def test_segmentation_in_nhwc(self):
        self.check_trained("deeplab_v3_1_default_1.onnx")

    def test_style_transfer(self):
        self.check_trained("fast_neural_style_candy.onnx")


class TrainedUnit(unittest.TestCase):
    """The network that is shipped, on the 10,000 test pictures of Fashion-MNIST."""

    def test_accuracy_with_unit_and_codec(self):
        if DATA is None:
            self.skipTest("skipped: CLEAVE_DATA not found")
        pictures, labels = self.pictures()
        cut = json.loads((FASHION / "bundle.json").read_text())["cuts"][0]
        head, tail = (session(FASHION / cut[half]["file"]) for half in ("head", "tail"))
        [code] = cut["crossing"]
        codes = [head.run([code["name"]], {"input": picture})[0] for picture in pictures]
        coded = self.coded(np.stack(codes), code)
        answers = [tail.run(["logits"], {code["name"]: value})[0].argmax() for value in coded]
        accuracy = np.mean(np.array(answers) == labels)

        report = json.loads(cleave("eval", FASHION, "--data", "fashion-mnist", "--json"))
        self.assertEqual(report["pictures"], len(labels))
        self.assertAlmostEqual(accuracy, report["cut"]["top1_share"]["value"], delta=0.002)

    def pictures(self):
        def read(name, skip):
            with gzip.open(Path(DATA) / "fashion-mnist" / name) as file:
                return np.frombuffer(file.read(), np.uint8, offset=skip)
        pictures = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 1, 1, 28, 28)
        return pictures.astype(np.float32) / 255, read("t10k-labels-idx1-ubyte.gz", 8)

    def coded(self, codes, crossing):
        """What comes out of the bundle's codec, picture by picture."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "calibration.json").write_text(
                json.dumps({"format": "cleave-calibration/1", "values": [crossing]}))
            np.save(folder / "in.npy", codes)
            cleave("codec", "encode", folder / "in.npy", folder / "packets", "--each",
                   "--calibration", folder / "calibration.json")
            cleave("codec", "decode", folder / "packets", folder / "out.npy", "--each")
            return np.load(folder / "out.npy")


if __name__ == "__main__":
    unittest.main()
