"""Stock tritonclient, unchanged, against a small server: python triton_conformance.py SERVER

ctest starts this with any Python; the one that holds tritonclient is named by CLEAVE_TEST_PYTHON.
"""

import os
import subprocess
import sys
import unittest

SKIPPED = 77

if __name__ == "__main__" and "CLEAVE_CONFORMANCE_CHILD" not in os.environ:
    python = os.environ.get("CLEAVE_TEST_PYTHON")
    if not python:
        print("skipped: CLEAVE_TEST_PYTHON names no Python with tritonclient[grpc,http]")
        sys.exit(SKIPPED)
    child = dict(os.environ, CLEAVE_CONFORMANCE_CHILD="1", no_proxy="127.0.0.1")
    sys.exit(subprocess.run([python] + sys.argv, env=child).returncode)

import numpy as np
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from tritonclient.utils import InferenceServerException


def peak_bytes(pid):
    """The most memory that a process has had so far."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


class Conformance:
    """What must hold over both transports; a subclass names the client's module."""

    def infer_input(self, name, array, datatype):
        tensor = self.triton.InferInput(name, list(array.shape), datatype)
        tensor.set_data_from_numpy(array)
        return tensor

    def test_health(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("echo@cut"))
        self.assertTrue(self.client.is_model_ready("echo@cut", "1"))

    def test_metadata(self):
        server = self.as_dict(self.client.get_server_metadata)
        self.assertEqual(server["name"], "echo-server")
        self.assertIn("packet", server["extensions"])
        model = self.as_dict(self.client.get_model_metadata, "echo@cut")
        self.assertEqual(model["name"], "echo@cut")
        self.assertEqual([i["name"] for i in model["inputs"]], ["a", "text"])
        self.assertEqual([int(d) for d in model["inputs"][0]["shape"]], [-1, 2])
        self.assertEqual(model["outputs"][0]["datatype"], "FP32")

    def test_config_and_statistics(self):
        config = self.as_dict(self.client.get_model_config, "add")
        config = config.get("config", config)
        self.assertEqual(config["input"][0]["data_type"], "TYPE_FP32")
        self.assertEqual(config["input"][1]["data_type"], "TYPE_STRING")
        for name in ("echo@cut", ""):
            statistics = self.as_dict(self.client.get_inference_statistics, name)
            first = statistics["model_stats"][0]
            self.assertEqual(first["name"], "echo@cut")
            self.assertEqual(int(first["inference_stats"]["success"]["count"]), 3)

    def test_repository_index(self):
        index = self.as_dict(self.client.get_model_repository_index)
        models = index["models"] if isinstance(index, dict) else index
        self.assertIn("echo@cut", [model["name"] for model in models])
        self.assertEqual(models[0]["state"], "READY")

    def test_add(self):
        for dtype, datatype in ((np.float32, "FP32"), (np.int64, "INT64")):
            a = np.array([[1, 2], [3, -4]], dtype)
            inputs = [self.infer_input("a", a, datatype), self.infer_input("b", a, datatype)]
            outputs = [self.triton.InferRequestedOutput("sum")]
            for wanted in (outputs, None):
                result = self.client.infer("add", inputs, outputs=wanted, request_id="7")
                np.testing.assert_array_equal(result.as_numpy("sum"), a + a)
                self.assertEqual(self.as_response(result)["id"], "7")

    def test_every_datatype_is_echoed(self):
        for datatype, dtype in (("BOOL", bool), ("INT8", np.int8), ("UINT8", np.uint8),
                                ("INT16", np.int16), ("UINT16", np.uint16), ("INT32", np.int32),
                                ("UINT32", np.uint32), ("INT64", np.int64), ("UINT64", np.uint64),
                                ("FP16", np.float16), ("FP32", np.float32), ("FP64", np.float64)):
            array = np.array([[0, 1, 1]], dtype)
            result = self.client.infer("echo@cut", [self.infer_input("x", array, datatype)])
            np.testing.assert_array_equal(result.as_numpy("x"), array)
            self.assertEqual(result.as_numpy("x").dtype, array.dtype)

    def test_bytes_are_echoed(self):
        array = np.array([[b"packet", b"", b"\x00\xff"]], np.object_)
        result = self.client.infer("echo@cut", [self.infer_input("packet", array, "BYTES")])
        np.testing.assert_array_equal(result.as_numpy("packet"), array)

    def test_megabytes(self):
        array = np.random.default_rng(1).random((1, 3, 512, 512), np.float32)
        result = self.client.infer("echo@cut", [self.infer_input("x", array, "FP32")])
        np.testing.assert_array_equal(result.as_numpy("x"), array)

    def test_errors(self):
        a = self.infer_input("a", np.zeros((1, 2), np.float32), "FP32")
        with self.assertRaisesRegex(InferenceServerException, "there is no model 'nothing'"):
            self.client.infer("nothing", [a])
        with self.assertRaisesRegex(InferenceServerException, "expected inputs 'a' and 'b'"):
            self.client.infer("add", [a])
        with self.assertRaisesRegex(InferenceServerException, "there is no model 'nothing'"):
            self.client.get_model_metadata("nothing")


class GrpcConformance(Conformance, unittest.TestCase):
    triton = triton_grpc

    def setUp(self):
        self.client = triton_grpc.InferenceServerClient(f"127.0.0.1:{GRPC_PORT}")

    def as_dict(self, call, *arguments):
        return call(*arguments, as_json=True)

    def as_response(self, result):
        return result.get_response(as_json=True)

    def test_async(self):
        import queue
        answers = queue.Queue()
        for i in range(32):
            a = np.full((1, 2), i, np.float32)
            inputs = [self.infer_input("a", a, "FP32"), self.infer_input("b", a, "FP32")]
            self.client.async_infer("add", inputs, lambda result, error: answers.put((result, error)),
                                    request_id=str(i))
        for _ in range(32):
            result, error = answers.get(timeout=60)
            self.assertIsNone(error)
            i = int(result.get_response().id)
            np.testing.assert_array_equal(result.as_numpy("sum"), np.full((1, 2), 2 * i))

    def test_compression_is_refused_and_nothing_unpacked(self):
        large = self.infer_input("x", np.zeros(50_000_000, np.float32), "FP32")
        for kind in ("gzip", "deflate"):
            with self.assertRaisesRegex(InferenceServerException, "UNIMPLEMENTED.*" + kind):
                self.client.infer("echo@cut", [large], compression_algorithm=kind)
        self.assertLess(peak_bytes(SERVER_PID), 150_000_000)
        self.test_add()

    def test_typed_contents(self):
        from tritonclient.grpc import service_pb2, service_pb2_grpc
        import grpc
        stub = service_pb2_grpc.GRPCInferenceServiceStub(
            grpc.insecure_channel(f"127.0.0.1:{GRPC_PORT}"))
        request = service_pb2.ModelInferRequest(model_name="echo@cut")
        for datatype, field, values in (("INT8", "int_contents", [-128, 127]),
                                        ("BYTES", "bytes_contents", [b"a", b"\xff"]),
                                        ("FP64", "fp64_contents", [0.1, 2.0])):
            tensor = request.inputs.add(name=datatype, datatype=datatype, shape=[2])
            getattr(tensor.contents, field).extend(values)
        answer = stub.ModelInfer(request)
        self.assertEqual(answer.raw_output_contents[0], bytes([128, 127]))
        self.assertEqual(answer.raw_output_contents[1], b"\1\0\0\0a\1\0\0\0\xff")
        request.inputs[0].contents.int_contents[0] = 128
        with self.assertRaisesRegex(grpc.RpcError, "128 does not fit"):
            stub.ModelInfer(request)
        request.inputs[0].contents.int_contents[0] = 0
        request.raw_input_contents.append(b"")
        with self.assertRaisesRegex(grpc.RpcError, "1 raw contents for 3 tensors"):
            stub.ModelInfer(request)


class HttpConformance(Conformance, unittest.TestCase):
    triton = triton_http

    def setUp(self):
        self.client = triton_http.InferenceServerClient(f"127.0.0.1:{HTTP_PORT}", concurrency=8)

    def tearDown(self):
        self.client.close()

    def as_dict(self, call, *arguments):
        return call(*arguments)

    def as_response(self, result):
        return result.get_response()

    def test_model_parameters_announce_the_packet(self):
        self.assertEqual(self.client.get_model_metadata("add")["parameters"]["packet"], "BYTES")

    def test_async(self):
        requests = []
        for i in range(32):
            a = np.full((1, 2), i, np.float32)
            inputs = [self.infer_input("a", a, "FP32"), self.infer_input("b", a, "FP32")]
            requests.append(self.client.async_infer("add", inputs))
        for i, request in enumerate(requests):
            np.testing.assert_array_equal(request.get_result().as_numpy("sum"),
                                          np.full((1, 2), 2 * i))

    def test_json_and_binary_both_ways(self):
        number = np.array([[0.1, -2e30]], np.float32)
        text = np.array([["größer".encode(), b""]], np.object_)
        for binary_in in (False, True):
            for binary_out in (False, True):
                x = triton_http.InferInput("x", [1, 2], "FP32")
                x.set_data_from_numpy(number, binary_data=binary_in)
                t = triton_http.InferInput("t", [1, 2], "BYTES")
                t.set_data_from_numpy(text, binary_data=binary_in)
                outputs = [triton_http.InferRequestedOutput("x", binary_data=binary_out),
                           triton_http.InferRequestedOutput("t", binary_data=not binary_out)]
                result = self.client.infer("echo@cut", [x, t], outputs=outputs)
                np.testing.assert_array_equal(result.as_numpy("x"), number)
                answered = [e if isinstance(e, bytes) else e.encode()
                            for e in result.as_numpy("t").reshape(-1)]
                self.assertEqual(answered, list(text.reshape(-1)))

    def test_compression(self):
        a = np.ones((100, 100), np.float32)
        for kind in ("gzip", "deflate"):
            result = self.client.infer("echo@cut", [self.infer_input("x", a, "FP32")],
                                       request_compression_algorithm=kind,
                                       response_compression_algorithm=kind)
            np.testing.assert_array_equal(result.as_numpy("x"), a)


if __name__ == "__main__":
    server = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    SERVER_PID = server.pid
    GRPC_PORT, HTTP_PORT = server.stdout.readline().split()
    program = unittest.main(argv=sys.argv[:1] + sys.argv[2:], exit=False)
    server.stdin.close()
    status = server.wait(timeout=30)
    sys.exit(0 if program.result.wasSuccessful() and status == 0 else 1)
