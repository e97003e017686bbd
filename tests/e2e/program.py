"""What tests that call the program share. A test's last argument is the program: run()."""

import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

NETWORK = "tiny.onnx"
PROGRAM = [""]


def png(seed, side=64):
    """A picture that is another for every seed."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    rows = b"".join(b"\0" + bytes((v + 23 * seed) & 255 for x in range(side)
                                  for v in (x * 4, y * (seed + 1), x ^ y)) for y in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class ProgramTest(unittest.TestCase):
    """The program in a folder of its own, which has NETWORK."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = Path(cls.folder.name)
        cls.cleave("zoo", "write", "tiny", NETWORK)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def cleave(cls, *args, expected=0):
        """What the program prints; with another exit status expected (None: any), its errors too."""
        done = subprocess.run([PROGRAM[0], *map(str, args)], cwd=cls.root, capture_output=True,
                              text=True, check=False)
        if expected is not None:
            assert done.returncode == expected, \
                f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if expected == 0 else done.stdout + done.stderr


def run():
    """Runs the tests of the script with the program that its last argument names."""
    PROGRAM[0] = str(Path(sys.argv.pop()).resolve())
    unittest.main()
