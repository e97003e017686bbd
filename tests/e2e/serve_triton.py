"""`cleave serve` as stock clients see it: tritonclient over gRPC and HTTP, unchanged.

usage: serve_triton.py CLEAVE
"""

import os
import queue
import re
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import urllib.request
import zlib
from pathlib import Path

import numpy as np
import onnxruntime
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

CLEAVE = Path(sys.argv.pop()).resolve()
MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])
PREPROCESS = "image:size=64,mean=imagenet"
DATA = os.environ.get("CLEAVE_DATA")


def png(pixels):
    """An 8-bit RGB PNG of a height x width x 3 array."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def pixels_of(seed):
    return np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def tensor_of(pixels):
    return (((pixels / 255 - MEAN) / STD).transpose(2, 0, 1)[None]).astype(np.float32)


class Server:
    """A server process; `ports` once it is ready."""

    def __init__(self, *arguments):
        command = [CLEAVE, "serve", *arguments, "--grpc", "0", "--http", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.models = []
        for line in self.process.stdout:
            if line.startswith("model "):
                self.models.append(line.split()[1])
            ready = re.fullmatch(r"serving grpc (\S+) http (\S+)\n", line)
            if ready:
                self.grpc, self.http = ready.groups()
                return
        raise RuntimeError(f"the server ended with {self.process.wait()} before it was ready")

    def metric(self, name, model):
        with urllib.request.urlopen(f"http://{self.http}/metrics") as page:
            text = page.read().decode()
        return float(re.search(rf'^{name}{{model="{model}",version="1"}} (\S+)$', text, re.M)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        return code


def setUpModule():
    global folder, server, reference
    folder = tempfile.TemporaryDirectory()
    model = Path(folder.name) / "tiny.onnx"
    bundle = Path(folder.name) / "split"
    for command in (["zoo", "write", "tiny", model],
                    ["split", model, "--at", "4", "--out", bundle]):
        subprocess.run([CLEAVE, *command], check=True, stdout=subprocess.DEVNULL)
    bare = Path(folder.name) / "bare.onnx"
    bare.write_bytes(model.read_bytes())
    reference = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    server = Server(bundle, bare, "--preprocess", PREPROCESS)


def tearDownModule():
    code = server.stop()
    folder.cleanup()
    assert code == 0, f"the server ended with {code}"


class Inputs:
    """Makes inputs; `module` is the client's."""

    def tensor_input(self, name, array, datatype="FP32"):
        tensor = self.module.InferInput(name, list(array.shape), datatype)
        tensor.set_data_from_numpy(array)
        return tensor

    def bytes_input(self, name, elements, shape):
        return self.tensor_input(name, np.array(elements, dtype=np.object_).reshape(shape), "BYTES")


class Common(Inputs):
    """What both clients must see."""

    def assert_refused(self, status, pattern, *arguments, **options):
        with self.assertRaisesRegex(InferenceServerException, pattern) as caught:
            self.client.infer(*arguments, **options)
        self.assertEqual(caught.exception.status(), status)

    def test_health_and_index(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        for name in ("split", "split@4", "tiny", "bare"):
            self.assertIn(name, server.models)
            self.assertTrue(self.client.is_model_ready(name), name)
        self.assertFalse(self.is_ready("nobody"))
        self.assertEqual(sorted(self.index()), ["bare", "split", "split@4", "tiny"])

    def is_ready(self, name):
        try:
            return self.client.is_model_ready(name)
        except InferenceServerException:
            return False

    def test_plain_tensors_agree_with_onnxruntime(self):
        array = np.random.default_rng(1).standard_normal((1, 3, 64, 64)).astype(np.float32)
        expected = reference.run(None, {"input": array})[0]
        for name in ("bare", "tiny"):
            for outputs in (None, [self.module.InferRequestedOutput("logits")]):
                result = self.client.infer(name, [self.tensor_input("input", array)],
                                           outputs=outputs, request_id="42")
                np.testing.assert_allclose(result.as_numpy("logits"), expected, atol=1e-4)

    def test_pictures_agree_with_onnxruntime(self):
        pictures = [pixels_of(seed) for seed in (1, 2)]
        expected = np.concatenate(
            [reference.run(None, {"input": tensor_of(p)})[0] for p in pictures])
        result = self.client.infer(
            "bare", [self.bytes_input("image", [png(p) for p in pictures], [2, 1])])
        np.testing.assert_allclose(result.as_numpy("logits"), expected, atol=1e-4)

    @unittest.skipUnless(DATA, "skipped: CLEAVE_DATA not found")
    def test_a_photograph(self):
        photo = (Path(DATA) / "photos" / "darknet_horses.jpg").read_bytes()
        result = self.client.infer("bare", [self.bytes_input("image", [photo], [1])])
        self.assertEqual(result.as_numpy("logits").shape, (1, 10))

    def test_errors(self):
        array = np.zeros((1, 3, 64, 64), np.float32)
        good = self.tensor_input("input", array)
        bad = self.bad_request
        self.assert_refused(self.not_found, "nobody", "nobody", [good])
        self.assert_refused(bad, "1x3x32x32, expected FP32 1x3x64x64", "bare",
                            [self.tensor_input("input", array[:, :, ::2, ::2].copy())])
        self.assert_refused(bad, "INT32", "bare",
                            [self.tensor_input("input", array.astype(np.int32), "INT32")])
        self.assert_refused(bad, "no input 'data'", "bare", [self.tensor_input("data", array)])
        self.assert_refused(bad, "no output 'scores'", "bare", [good],
                            outputs=[self.module.InferRequestedOutput("scores")])
        self.assert_refused(bad, "sample 0", "bare", [self.bytes_input("image", [b"no"], [1])])
        self.assert_refused(bad, "sample 0", "split",
                            [self.bytes_input("packet", [b"\1" + b"\0" * 40], [1, 1])])
        self.assert_refused(bad, "with 3 elements", "split",
                            [self.bytes_input("packet", [b"x"] * 3, [1, 3])])
        self.client.infer("bare", [good])


class Grpc(Common, unittest.TestCase):
    module = tritonclient.grpc
    bad_request = "StatusCode.INVALID_ARGUMENT"
    not_found = "StatusCode.NOT_FOUND"

    def setUp(self):
        self.client = tritonclient.grpc.InferenceServerClient(server.grpc)
        self.addCleanup(self.client.close)

    def index(self):
        return [model.name for model in self.client.get_model_repository_index().models]

    def test_metadata(self):
        about = self.client.get_server_metadata()
        self.assertEqual(about.name, "cleave")
        self.assertLessEqual({"cleave_packet", "cleave_image"}, set(about.extensions))
        tail = self.client.get_model_metadata("split")
        self.assertEqual(list(tail.outputs[0].shape), [1, 10])
        whole = self.client.get_model_metadata("bare", "1")
        self.assertEqual((whole.inputs[0].name, whole.inputs[0].datatype), ("input", "FP32"))

    def test_statistics(self):
        before = self.client.get_inference_statistics("bare").model_stats[0].inference_count
        self.client.infer("bare", [self.tensor_input("input", np.zeros((1, 3, 64, 64), np.float32))])
        after = self.client.get_inference_statistics("bare").model_stats[0].inference_count
        self.assertEqual(after, before + 1)


class Http(Common, unittest.TestCase):
    module = tritonclient.http
    bad_request = "400"
    not_found = "404"

    def setUp(self):
        self.client = tritonclient.http.InferenceServerClient(server.http)
        self.addCleanup(self.client.close)

    def index(self):
        return [model["name"] for model in self.client.get_model_repository_index()]

    def test_metadata(self):
        self.assertEqual(self.client.get_server_metadata()["name"], "cleave")
        tail = self.client.get_model_metadata("split@4")
        self.assertRegex(tail["parameters"]["packet"], r"^[^;]+:f32:1x\d+(x\d+)*:quant")
        self.assertTrue(self.client.get_model_metadata("bare")["parameters"]["image"])

    def test_metrics(self):
        before = server.metric("nv_inference_request_success", "bare")
        self.client.infer("bare", [self.tensor_input("input", np.zeros((1, 3, 64, 64), np.float32))])
        self.assertEqual(server.metric("nv_inference_request_success", "bare"), before + 1)


class GracefulStop(Inputs, unittest.TestCase):
    module = tritonclient.grpc

    def test_requests_in_flight_are_answered(self):
        requests, batch = 8, 256
        own = Server(Path(folder.name) / "bare.onnx", "--preprocess", PREPROCESS, "--grace", "60s")
        with tritonclient.grpc.InferenceServerClient(own.grpc) as client:
            answers = queue.SimpleQueue()
            pictures = self.bytes_input("image", [png(pixels_of(1))] * batch, [batch])
            for _ in range(requests):
                client.async_infer("bare", [pictures],
                                   lambda result, error: answers.put((result, error)))
            # Once all have arrived, the worker has one and the others wait.
            arrived = 0
            while arrived < requests:
                arrived = 1 + own.metric("nv_inference_pending_request_count", "bare")
                arrived += own.metric("nv_inference_request_success", "bare")
            self.assertEqual(own.stop(), 0)
            for _ in range(requests):
                result, error = answers.get(timeout=60)
                self.assertIsNone(error)
                self.assertEqual(result.as_numpy("logits").shape, (batch, 10))


class WrongUse(unittest.TestCase):
    def test_one_clear_line(self):
        bare = Path(folder.name) / "bare.onnx"
        noise = Path(folder.name) / "noise.onnx"
        noise.write_bytes(b"this is no network")
        port = server.grpc.rpartition(":")[2]
        for arguments, code, says in (
                ([noise], 1, "noise.onnx"),
                ([Path(folder.name) / "nothing.onnx"], 2, "nothing.onnx"),
                ([bare, "--precision", "f8"], 2, "f8"),
                ([bare, "--engine", "steam"], 2, "steam"),
                ([bare, "--preprocess", "image:size=32"], 2, "1x3x64x64"),
                ([bare, "--grpc", port, "--http", "0"], 1, port)):
            with self.subTest(says):
                done = subprocess.run([CLEAVE, "serve", *arguments], capture_output=True, text=True)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(says, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
