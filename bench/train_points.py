#!/usr/bin/env python3
"""Trains the networks of docs/papers/trained.csv and scores them: hours on two cores.

usage: train_points.py CLEAVE DATA WORK [NAME...]

CLEAVE is the program, DATA the folder of networks and data sets, WORK a folder that keeps every result
with the command that made it. What is there is not made again, and a training that was broken off goes
on from its last epoch. With NAMEs only these runs and what they begin from are made; without, all are,
and WORK/trained.csv is written. Several calls may work at once on different NAMEs.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

PLAIN = "none"
PICTURE = "picture"
# `train` holds out the first pictures of the order that this gives, and so `eval --limit` finds them.
SEED = 1
# `codec calibrate` takes the first of another order, most of which were trained on.
CALIBRATION_SEED = 2
# At most as many of the pictures that training held out are scored on; the test set is so whole.
HELD_OUT = 2000
# Of a packet; a search tells payloads alone.
HEADER_BYTES = 14
COLUMNS = ("network,data,value,unit,codec,training_codec,epochs,training_pictures,heldout_accuracy,"
           "test_accuracy,payload_bytes,uncut_accuracy,uncut_test_accuracy").split(",")


@dataclass
class Run:
    """A training. `begin` is a run before it, a file of DATA/models or a network of the zoo; `unit` is
    as `cleave train` takes it, or "network". A run that begins from one with a unit goes on with that,
    its codec at the unit's code."""
    name: str
    begin: str
    epochs: int
    unit: str = "network"
    at: str = ""
    codec: str = ""
    data: str = "cifar10"
    options: str = ""
    after: tuple = ()     # codecs that are put in afterwards
    steps_at: str = ""    # where `cleave` is put in afterwards, at several steps; "code": the unit's


@dataclass
class Sweep:
    """Codecs of the plain value at a cut of a run without a unit, or of the picture, on `pictures` of
    the test set. What some of them are calibrated on are as many others of it."""
    begin: str
    at: str
    codecs: tuple
    pictures: int
    data: str = "cifar10"


@dataclass
class Search:
    """A search for units from a run without one, for a device that is emulated as one thread, 50 times
    slower. What it trained fully are points, without a score on the test set."""
    name: str
    begin: str
    epochs: int
    options: str
    data: str = "cifar10"


def jpeg(quality):
    return f"quant:bits=8|tile|jpeg:q={quality}"


NEW = "--learning-rate 0.05 --distillation 0.5"
ON = "--learning-rate 0.01 --distillation 0.5"
QUALITIES = (20, 15, 10, 5)
SMALL = "bottleneck:channels=4,stride=2"

RUNS = [
    Run("resnet56", "resnet56_cifar10.onnx", 5, options="--learning-rate 0.02", steps_at="Relu_66"),
    Run("bottleneck-2", "resnet56", 8, SMALL, "Relu_66", "cleave", options=f"{NEW} --rate 2",
        steps_at="code"),
    Run("bottleneck-3", "bottleneck-2", 3, codec="cleave", steps_at="code",
        options="--learning-rate 0.02 --distillation 0.5 --rate 3"),
    Run("bottleneck-4", "bottleneck-2", 2, codec="cleave", options=f"{ON} --rate 4"),
    Run("bottleneck-8", "bottleneck-4", 2, codec="cleave", options=f"{ON} --rate 8"),
    Run("butterfly-2", "resnet56", 4, "butterfly:channels=2", "Relu_66", "cleave",
        options=f"{NEW} --rate 1", steps_at="code"),
    # Figure 4.6: JPEG in the loop and put in afterwards, at falling qualities.
    Run("resnet20", "resnet20_cifar10.onnx", 4, options="--learning-rate 0.02"),
    Run("jpeg-none", "resnet20", 4, SMALL, "Relu_24", "quant:bits=8", options=NEW,
        after=tuple(map(jpeg, QUALITIES))),
    *(Run(f"jpeg-{q}", "resnet20", 4, SMALL, "Relu_24", jpeg(q), options=NEW) for q in QUALITIES),
    Run("flowers128", "flowers", 100, data="flowers", steps_at="layer2.0.relu2",
        options="--learning-rate 0.1 --label-smoothing 0.1 --crop 12"),
    Run("flowers-bottleneck", "flowers128", 30, SMALL, "layer2.0.relu2", "cleave", "flowers",
        f"{NEW} --crop 12 --rate 1", steps_at="code"),
    Run("flowers-bottleneck-8", "flowers-bottleneck", 15, codec="cleave", data="flowers",
        options=f"{ON} --crop 12 --rate 8", steps_at="code"),
    Run("flowers-butterfly", "flowers128", 30, "butterfly:channels=2", "layer2.0.relu2", "cleave",
        "flowers", f"{NEW} --crop 12 --rate 1", steps_at="code"),
]
SWEEPS = [
    Sweep("resnet56", "Relu_66", ("picture",), 4000),
    Sweep("resnet56", "Relu_66", ("webp", "h265-intra"), 256),
    Sweep("flowers128", "layer2.0.relu2", ("picture", "webp", "h265-intra", "jpeg"), 255, "flowers"),
]
SEARCHES = [
    Search("search-resnet20", "resnet20", 3,
           "--budget 50min --floor 2% --link 3g --distillation 0.5"),
]


class Work:
    """The folder of results, and the program that makes them."""

    def __init__(self, cleave, data, folder):
        self.cleave = Path(cleave).resolve()
        self.data = Path(data).resolve()
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.environment = {**os.environ, "CLEAVE_DATA": str(self.data)}

    def call(self, *args):
        print("cleave", *args, file=sys.stderr, flush=True)
        return subprocess.run([self.cleave, *map(str, args)], env=self.environment, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def kept(self, path, *args, clear=()):
        """What a call prints as JSON, kept in a file; what `clear` names is away before it is made."""
        command = " ".join(map(str, args)).replace(str(self.folder), "WORK")
        if path.exists():
            kept = json.loads(path.read_text())
            if kept["command"] != command:
                sys.exit(f"{path} is of\n  {kept['command']}\nexpected\n  {command}\n"
                         "delete it, and what was made from it")
            return kept["output"]
        for left in clear:
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
        output = json.loads(self.call(*args))
        path.with_suffix(".new").write_text(json.dumps({"command": command, "output": output}))
        path.with_suffix(".new").rename(path)
        return output

    def pictures(self, data):
        return self.flowers() if data == "flowers" else data

    def flowers(self):
        """The flowers with every fifth picture, by name, in a split of its own."""
        folder = self.folder / "flowers"
        if folder.exists():
            return folder
        new = self.folder / "flowers.new"
        shutil.rmtree(new, ignore_errors=True)
        with tarfile.open(self.data / "flowers" / "flowers_128px.tar.gz") as archive:
            pictures = {m.name: archive.extractfile(m).read() for m in archive
                        if m.name.endswith(".jpg")}
        for i, name in enumerate(sorted(pictures)):
            to = new / ("test" if i % 5 == 0 else "train") / Path(name).parent.name
            to.mkdir(parents=True, exist_ok=True)
            (to / Path(name).name).write_bytes(pictures[name])
        new.rename(folder)
        return folder

    def network(self, name):
        """The file of a run's network, or of one that is there before all runs."""
        if run := by_name(name):
            self.train(run)
            return self.folder / name / "network.onnx"
        if name.endswith(".onnx"):
            return self.data / "models" / name
        path = self.folder / f"{name}.onnx"
        if not path.exists():
            self.call("zoo", "write", name, path)
        return path

    def values(self, network):
        """What crosses at cuts of a single value, by their indices and by the layers before them."""
        report = json.loads(self.call("inspect", network, "--json"))
        names = {}
        for cut in report["cuts"]:
            if cut["single"]:
                layer = report["layers"][cut["index"] - 1]["name"]
                names[layer] = names[str(cut["index"])] = cut["values"][0]["name"]
        return names

    def train(self, run):
        """Makes a run's network and, where something crosses in it, its bundle; what was told."""
        folder = self.folder / run.name
        folder.mkdir(exist_ok=True)
        at = run.at
        if run.codec and not at:
            at = self.train(by_name(run.begin))["value"]
        bundle, network = folder / "bundle", folder / "network.onnx"
        out = (("--at", at, "--codec", run.codec, "--out", bundle, "--network", network) if at else
               ("--out", network))
        return self.kept(folder / "train.json", "train", run.unit, self.network(run.begin), *out,
                         "--data", self.pictures(run.data), "--epochs", run.epochs,
                         *run.options.split(), "--seed", SEED, "--checkpoint", folder / "checkpoint",
                         "--log", folder / "log.csv", "--json", clear=(bundle, network))

    def scores(self, run, path, name):
        """Right answers on the pictures held out in training and on the test set, and bytes."""
        held_out = min(self.train(run)["validation_pictures"], HELD_OUT)
        reports = []
        for split, limit in (("train", ("--limit", held_out, "--seed", SEED)), ("test", ())):
            reports.append(self.kept(self.folder / run.name / f"{name}.{split}.json", "eval", path,
                                     "--data", self.pictures(run.data), "--split", split, *limit,
                                     "--json"))
        shares = [report.get("cut", report["uncut"])["top1_share"]["value"] for report in reports]
        return *shares, reports[1].get("bytes_per_sample", {}).get("value")

    def points(self, run):
        """Those of a run: with the codec it was trained with, and with those put in afterwards."""
        if not run.codec and not run.steps_at:
            return
        first, epochs = run, run.epochs
        while not first.at and by_name(first.begin):
            first = by_name(first.begin)
            epochs += first.epochs
        has_unit = first.unit != "network"
        whole = by_name(first.begin) if has_unit else run
        uncut, uncut_test, _ = self.scores(whole, self.network(whole.name), "whole")
        trained = self.train(run)
        row = {"network": origin(run), "data": run.data,
               "value": self.values(self.network(whole.name))[first.at or run.steps_at],
               "unit": self.train(first)["unit"] if has_unit else PLAIN, "codec": run.codec,
               "training_codec": run.codec, "epochs": epochs,
               "training_pictures": trained["training_pictures"], "uncut_accuracy": uncut,
               "uncut_test_accuracy": uncut_test}
        if run.codec:
            bundle = self.folder / run.name / "bundle"
            yield with_scores(row, *self.scores(run, bundle, "bundle"))
        for codec in run.after:
            other = self.split(run, re.sub(r"\W+", "-", codec), trained["value"], "--codec", codec)
            yield with_scores({**row, "codec": codec}, *self.scores(run, other, other.name))
        value = trained["value"] if run.steps_at == "code" else run.steps_at
        for step, codec, file in self.steps(run, value) if value else ():
            other = self.split(run, f"at{step:g}", value, "--calibration", file)
            yield with_scores({**row, "codec": codec, "training_codec": run.codec or codec},
                              *self.scores(run, other, other.name))

    def split(self, run, name, at, *codec):
        out = self.folder / run.name / name
        if not out.exists():
            self.call("split", self.network(run.name), "--at", at, *codec, "--out", out)
        return out

    def steps(self, run, value):
        """Calibrations of `cleave`, one for each step that it knows the loss of. `target_loss` takes
        the coarsest step up to which none lost more."""
        folder = self.folder / run.name
        calibration = self.kept(folder / "calibrated.json", "codec", "calibrate",
                                self.network(run.name), "--at", value, "--data",
                                self.pictures(run.data), "--floor", "2%", "--limit", 1024, "--seed",
                                CALIBRATION_SEED, "--no-compare", "--json")
        known = sorted(calibration["steps"], key=lambda step: step["step"])
        worst = 0
        for step, coarser in zip(known, known[1:] + [{"loss_share": 2}]):
            worst = max(worst, step["loss_share"])
            if coarser["loss_share"] <= worst:
                continue
            codec = f"cleave:target_loss={worst + 1e-6:.6f}"
            calibration["values"][0]["codec"] = codec
            file = folder / f"at{step['step']:g}.calibration"
            file.write_text(json.dumps(calibration))
            yield step["step"], codec, file

    def searched(self, search):
        """The points of a search."""
        network = self.network(search.begin)
        folder = self.folder / search.name
        folder.mkdir(exist_ok=True)
        if not (folder / "bundle").exists():
            for side, options in (("device", ("--threads", 1, "--slowdown", 50)), ("cloud", ())):
                self.call("profile", network, *options, "--out", folder / f"{side}.json")
            self.call("search", network, "--data", self.pictures(search.data), "--work", folder,
                      "--out", folder / "bundle", "--device", folder / "device.json", "--cloud",
                      folder / "cloud.json", "--epochs", search.epochs, *search.options.split())
        values = self.values(network)
        trained = self.train(by_name(search.begin))["training_pictures"]
        for found in json.loads((folder / "search.json").read_text())["records"]:
            if full := found.get("full"):
                yield with_scores({"network": origin(by_name(search.begin)), "data": search.data,
                                   "value": values[str(found["cut"])], "unit": found["unit"],
                                   "codec": found["codec"], "training_codec": found["codec"],
                                   "epochs": search.epochs, "training_pictures": trained,
                                   "uncut_accuracy": full["uncut_accuracy"]},
                                  full["accuracy"], "", full["payload_bytes"] + HEADER_BYTES)

    def swept(self, sweep):
        """The points of a sweep, whose losses are from the uncut network on the same pictures."""
        begin = by_name(sweep.begin)
        value = self.values(self.network(begin.name))[sweep.at]
        uncut = self.scores(begin, self.network(begin.name), "whole")[0]
        first, *lines = self.sweep_table(sweep)
        for line in lines:
            is_plain = bool(line["cut"])  # which is empty for pictures
            yield with_scores({"network": origin(begin), "data": sweep.data,
                               "value": value if is_plain else "input",
                               "unit": PLAIN if is_plain else PICTURE, "codec": line["codec"],
                               "training_codec": "", "epochs": begin.epochs,
                               "training_pictures": self.train(begin)["training_pictures"],
                               "uncut_accuracy": uncut,
                               "uncut_test_accuracy": float(first["top1_share"])},
                              "", float(line["top1_share"]), float(line["bytes_per_sample"]))

    def sweep_table(self, sweep):
        out = self.folder / sweep.begin / f"sweep-{sweep.pictures}-{'-'.join(sweep.codecs)}.csv"
        if not out.exists():
            self.call("codec", "sweep", self.network(sweep.begin), "--at", sweep.at, "--data",
                      self.pictures(sweep.data), "--split", "test", "--pictures", sweep.pictures,
                      *[a for codec in sweep.codecs for a in ("--codec", codec)], "--out", out)
        with open(out, newline="") as file:  # whose first line is the uncut network
            return list(csv.DictReader(file))

    def write(self, rows):
        new = self.folder / "trained.csv.new"
        with open(new, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        new.rename(self.folder / "trained.csv")


def with_scores(row, held_out, test, size):
    return {**row, "heldout_accuracy": held_out, "test_accuracy": test,
            "payload_bytes": round(size, 2)}


def by_name(name):
    return next((run for run in RUNS if run.name == name), None)


def origin(run):
    """The network that a run goes back to."""
    while before := by_name(run.begin):
        run = before
    return run.begin.removesuffix(".onnx")


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    work = Work(*sys.argv[1:4])
    names = sys.argv[4:]
    known = [made.name for made in RUNS + SEARCHES]
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"found {', '.join(unknown)}, expected some of {', '.join(known)}")
    rows = []
    for made, points in ((RUNS, work.points), (SEARCHES, work.searched)):
        for one in made:
            if not names or one.name in names:
                rows += points(one)
    if not names:
        for sweep in SWEEPS:
            rows += work.swept(sweep)
        work.write(rows)


if __name__ == "__main__":
    main()
