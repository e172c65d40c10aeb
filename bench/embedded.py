"""What would make the embedded engine faster, measured: processes for threads, networks in int8, orientation once.

    pip install onnx                                     for int8 only; without it that part is left out
    python bench/embedded.py [--pages 6] [--repeat 3]
    python bench/embedded.py --data ../shared/eval/public [--earlier f76ac8e=FOLDER] [--peers PYTHON]

The second reads the pictures and scans of the tuning set and the made scans with Octavo, with an earlier Octavo whose
source is in a folder, and with its peers (an environment with rapidocr, faster-paddle, pypdfium2 and Pillow): CPU
seconds a page of each (other tenants of a machine lengthen all else), beside the F1 of its words in the same run.

Reads the first pages of scans.pdf (of documents.py), whose words report.pdf knows: each line has the F1 of its words,
so that speed bought with quality shows. int8 is static, per channel, calibrated on the next pages of the same document.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from throughput import excerpt, text_of, words

from octavo import EngineSettings, ParseOptions, Parser, machine, to_markdown, weights
from octavo.networks.session import Network, Tensor
from octavo.orientation import Orientation

NETWORKS = ("text_lines.onnx", "text_reader.onnx")


def read(parser: Parser, document: Path, pages: str | None = None) -> tuple[float, str]:
    """Seconds, and what was read."""
    options = ParseOptions(pages=pages)
    began = time.perf_counter()
    found = parser.parse(document, options)
    return time.perf_counter() - began, to_markdown(found, options)


def f1(text: str, truth: str) -> float:
    found, wanted = Counter(words(text)), Counter(words(truth))
    return 2 * (found & wanted).total() / max(1, found.total() + wanted.total())


def line(what: str, seconds: list[float], pages: int, quality: float) -> None:
    print(f"{what:40} {statistics.median(seconds) / pages:6.3f} s/page   words F1 {quality:.3f}", flush=True)


def in_threads(document: Path, truth: str, pages: int, repeat: int) -> None:
    """One process with all threads, and the share of it that looking which way up a page is takes."""
    spent: list[float] = []
    upright = Orientation.upright

    def timed(self: Orientation, page: Any) -> Any:
        began = time.thread_time()
        try:
            return upright(self, page)
        finally:
            spent.append(time.thread_time() - began)

    Orientation.upright = timed
    with Parser(EngineSettings()) as parser:
        read(parser, document)
        spent.clear()
        cpu = time.process_time()
        done = [read(parser, document) for _ in range(repeat)]
        cpu = time.process_time() - cpu
    Orientation.upright = upright
    line("one process, all threads", [seconds for seconds, _ in done], pages, f1(done[0][1], truth))
    print(f"{'':40} orientation: {sum(spent) / cpu:.1%} of the CPU, {1000 * statistics.median(spent):.0f} ms a page")


def in_processes(document: Path, pages: int, repeat: int) -> None:
    """As many processes of one thread as there are cores, each with its share of the pages."""
    count = machine.cores()
    halves = [f"{n * pages // count + 1}-{(n + 1) * pages // count}" for n in range(count)]
    command = [sys.executable, __file__, "--repeat", str(repeat), "--share", str(document)]
    running = [
        subprocess.Popen([*command, share], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for share in halves
    ]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()  # open and warm
    took = []
    for _ in range(repeat):
        began = time.perf_counter()
        for process in running:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        for process in running:
            assert process.stdout is not None
            process.stdout.readline()
        took.append(time.perf_counter() - began)
    for process in running:
        process.communicate()
    print(f"{f'{count} processes of one thread':40} {statistics.median(took) / pages:6.3f} s/page")


def share(document: Path, pages: str, repeat: int) -> None:
    """A process of `in_processes`."""
    options = ParseOptions(pages=pages)
    with Parser(EngineSettings(threads=1)) as parser:
        for _ in range(repeat + 1):  # the first warms up
            parser.parse(document, options)
            print("done", flush=True)
            sys.stdin.readline()


def in_int8(document: Path, calibration: Path, truth: str, pages: int, repeat: int) -> None:
    try:
        import onnx
        from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError:
        print("int8 is left out: it needs the package onnx")
        return

    class Samples(CalibrationDataReader):
        def __init__(self, batches: list[Tensor], name: str) -> None:
            self._batches: Iterator[dict[str, Tensor]] = iter([{name: batch} for batch in batches])

        def get_next(self) -> dict[str, Tensor] | None:
            return next(self._batches, None)

    path = weights.path
    others = f"{pages + 1}-{pages + 2}"  # pages that are not measured
    with tempfile.TemporaryDirectory() as folder:
        for network, batches in seen(calibration, others).items():
            prepared, smaller = Path(folder) / f"prepared-{network}", Path(folder) / network
            as_published = onnx.load(str(path(network)))
            newer = onnx.version_converter.convert_version(as_published, 17)  # with scales per channel, since 13
            newer.metadata_props.extend(as_published.metadata_props)  # the reader's characters
            onnx.save(newer, str(prepared))
            quant_pre_process(str(prepared), str(prepared), skip_symbolic_shape=True)
            few = [batches[n] for n in np.linspace(0, len(batches) - 1, min(24, len(batches))).astype(int)]
            quantize_static(
                str(prepared), str(smaller), Samples(few, "x"), per_channel=True, weight_type=QuantType.QInt8
            )
        for chosen in (("text_lines.onnx",), ("text_reader.onnx",), NETWORKS):
            weights.path = lambda name, chosen=chosen: Path(folder) / name if name in chosen else path(name)
            with Parser(EngineSettings()) as parser:
                read(parser, document)
                done = [read(parser, document) for _ in range(repeat)]
            size = " and ".join(name.removesuffix(".onnx") for name in chosen)
            line(f"int8: {size}", [seconds for seconds, _ in done], pages, f1(done[0][1], truth))
    weights.path = path


def seen(document: Path, pages: str) -> dict[str, list[Tensor]]:
    """What the networks are given when pages of the document are read."""
    given: dict[str, list[Tensor]] = {name: [] for name in NETWORKS}
    run: Callable[[Network, Tensor], list[Tensor]] = Network.run

    def watched(self: Network, batch: Tensor) -> list[Tensor]:
        for name in NETWORKS:
            if self.described.startswith(name):
                given[name].append(batch)
        return run(self, batch)

    Network.run = watched
    with Parser(EngineSettings()) as parser:
        read(parser, document, pages)
    Network.run = run
    return given


def beside(data: Path, folder: Path, pages: int, peers: Path | None, earlier: str) -> None:
    """A table: CPU seconds a page and words F1 by set of documents, and by reader."""
    sets = {"public pictures": dict(pictures(data)), "made scans": {}}
    made = excerpt(folder / "scans.pdf", pages)
    sets["made scans"] = {made: text_of(excerpt(folder / "report.pdf", pages))}
    readers = [("Octavo", sys.executable, "octavo", "")]
    if earlier:
        name, _, source = earlier.partition("=")
        readers.insert(0, (f"Octavo {name}", sys.executable, "octavo", f"{source}/src"))
    if peers:
        names = ("rapidocr", "faster-paddle-small", "faster-paddle-tiny")
        readers += [(name, str(peers), name, "") for name in names]
    print("| documents | reader | CPU s/page | words F1 |\n| --- | --- | --- | --- |", flush=True)
    for group, documents in sets.items():
        for name, python, engine, source in readers:
            with tempfile.TemporaryDirectory() as out:
                command = [python, str(Path(__file__).with_name("run_engine.py")), engine, out]
                environment = os.environ | ({"PYTHONPATH": source} if source else {})
                warm = next(iter(documents))  # read twice: the first time networks are loaded
                subprocess.run([*command, str(warm), *map(str, documents)], check=True, env=environment)
                lines = Path(out, f"{engine}.jsonl").read_text().splitlines()[1:-1]
                done = [json.loads(line) for line in lines]
                quality = [f1(Path(out, f"{file.stem}.md").read_text(), truth) for file, truth in documents.items()]
            cpu = sum(one["cpu"] for one in done) / sum(one["pages"] for one in done)
            print(f"| {group} | {name} | {cpu:.2f} | {statistics.mean(quality):.4f} |", flush=True)


def pictures(data: Path) -> Iterator[tuple[Path, str]]:
    """The documents without a text layer whose words are known, and those words."""
    for row in map(json.loads, (data / "manifest.jsonl").read_text().splitlines()):
        truth = row["gt"].get("txt") or row["gt"].get("words")
        file = data / row["file"]
        if truth and (file.suffix != ".pdf" or row["kind"].startswith("scan")):
            yield file, (data / truth).read_text()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=Path, default=Path("out/bench"))
    arguments.add_argument("--pages", type=int, default=6)
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--data", type=Path)
    arguments.add_argument("--earlier", default="", metavar="NAME=FOLDER")
    arguments.add_argument("--peers", type=Path, metavar="PYTHON")
    arguments.add_argument("--share", nargs=2, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.share:
        share(Path(chosen.share[0]), chosen.share[1], chosen.repeat)
        return
    folder: Path = chosen.folder.resolve()
    if chosen.data:
        beside(chosen.data, folder, chosen.pages, chosen.peers, chosen.earlier)
        return
    document, truth = excerpt(folder / "scans.pdf", chosen.pages), text_of(excerpt(folder / "report.pdf", chosen.pages))
    in_threads(document, truth, chosen.pages, chosen.repeat)
    in_processes(document, chosen.pages, chosen.repeat)
    in_int8(document, excerpt(folder / "scans.pdf", chosen.pages + 2), truth, chosen.pages, chosen.repeat)
    in_threads(document, truth, chosen.pages, chosen.repeat)  # once more: how far two measurements of one thing differ


if __name__ == "__main__":
    main()
