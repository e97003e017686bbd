"""A film's features over a cut, as the program is called.

usage: stream_test.py CLEAVE
"""

import json
from pathlib import Path

import program
from program import NETWORK

CORPUS = Path(__file__).resolve().parents[1] / "fuzz" / "corpus" / "film"
FRAMES = 8


def film(frames, side=64):
    """A square that moves over a slope, as YUV4MPEG2."""
    file = b"YUV4MPEG2 W%d H%d Cmono\n" % (side, side)
    for t in range(frames):
        file += b"FRAME\n" + bytes(
            220 if 20 <= y < 36 and 4 * t <= x < 4 * t + 16 else 40 + x + y // 2
            for y in range(side) for x in range(side))
    return file


class Stream(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.root / "film.y4m").write_bytes(film(FRAMES))
        listed = cls.cleave("codec", "encode", "--codec", "tile|h264", "none.npy", "none.pkt",
                            expected=None)
        cls.has_video = "no video codecs" not in listed

    def stream(self, *args, at="pool1", video="film.y4m", **options):
        return self.cleave("codec", "stream", NETWORK, "--at", at, "--video", str(video), *args,
                           **options)

    def ways(self, *args):
        return json.loads(self.stream(*args, "--json"))["ways"]

    def error(self, *args, expected=1, **options):
        """The one line that a run ends with."""
        text = self.stream(*args, expected=expected, **options)
        self.assertEqual(text.count("\n"), 1, text)
        return text

    def test_still_frames(self):
        report = json.loads(self.stream("--codec", "raw", "--codec", "quant:bits=2|zstd", "--json"))
        self.assertEqual(report["format"], "cleave-stream/1")
        self.assertEqual(report["frames"], FRAMES)
        raw, coarse = report["ways"]
        self.assertEqual((raw["coding"], raw["bytes_per_frame"]), ("still", 32768 + 14))
        self.assertEqual(raw["agreement_share"], 1)
        self.assertIsNone(raw["change_bytes"])
        self.assertLess(coarse["bytes_per_frame"], 32768 / 8)
        self.assertNotIn("recovery", raw)

    def test_streams_and_a_lost_packet(self):
        if not self.has_video:
            self.skipTest("built without video")
        for codec in ("h264", "h265"):
            spec = f"quant:range=sigma3|tile|{codec}:qp=20,gop=50"
            intra, inter = self.ways("--codec", spec, "--drop", "2", "--request-frames", "1")
            self.assertEqual((intra["coding"], inter["coding"]), ("intra", "inter"))
            self.assertLess(inter["bytes_per_frame"], intra["bytes_per_frame"])
            self.assertLess(inter["change_bytes"], inter["key_bytes"])
            self.assertEqual(intra["recovery"]["lost_frames"], 1)
            self.assertEqual(inter["recovery"]["lost_frames"], 3)
            self.assertEqual(inter["recovery"]["decoded_frames"], FRAMES - 2 - 3)
            self.assertEqual(inter["recovery"]["differing_frames"], 0)

    def test_as_text_with_every_codec(self):
        if not self.has_video:
            self.skipTest("built without video")
        text = self.stream("--frames", "4", "--drop", "1")
        self.assertIn("64x64, 4 frame(s)", text)
        self.assertEqual(text.count("\nintra "), 4, text)
        self.assertEqual(text.count("\nstill "), 2, text)
        self.assertIn("the packet of frame 1 lost", text)

    def test_mp4(self):
        if not self.has_video:
            self.assertIn("this build has no video codecs", self.error(video=CORPUS / "h264"))
            return
        report = json.loads(self.stream("--codec", "quant|zstd", "--json", video=CORPUS / "h264"))
        self.assertEqual((report["film_width"], report["frames"]), (48, 2))
        self.assertIn("ends behind the file's", self.error(video=CORPUS / "cut_short"))
        self.assertIn("picture 0", self.error(video=CORPUS / "damaged"))
        self.assertIn("has no pictures", self.error(video=CORPUS / "no_pictures", expected=2))

    def test_wrong_films(self):
        wrong = self.root / "wrong"
        wrong.write_bytes(b"not a film")
        self.assertIn("expected YUV4MPEG2 or MP4", self.error(video=wrong))
        wrong.write_bytes(b"")
        self.assertIn("found 0 bytes", self.error(video=wrong))
        wrong.write_bytes(film(2)[:-7])
        self.assertIn("a frame has", self.error(video=wrong))
        wrong.write_bytes(film(0))
        self.assertIn("has no pictures", self.error(video=wrong, expected=2))
        self.assertIn("cannot open", self.error(video="nowhere.mp4"))

    def test_wrong_use(self):
        self.assertIn("--drop is 8, expected a frame of the film's 0 to 7",
                      self.error("--drop", "8", expected=2))
        self.assertIn("unknown stage", self.error("--codec", "mpeg2", expected=2))
        self.assertIn("nowhere", self.error(at="nowhere", expected=2))

    def test_a_cut_of_single_numbers(self):
        ways = json.loads(self.stream("--codec", "quant|zstd", "--json", at="flatten"))["ways"]
        self.assertEqual(ways[0]["coding"], "still")
        if self.has_video:
            text = self.stream("--codec", "quant:range=sigma3|tile|h264", at="flatten")
            self.assertIn("inter", text)


if __name__ == "__main__":
    program.run()
