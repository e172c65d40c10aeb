"""The regression guard: Octavo's CPU beside that of the commit in baseline.json, and exit code 1 where it is 20 % more.

    make bench-check                       both measured now, in turns
    python bench/check.py --store          from now on compare with the commit that is checked out

Seconds of one machine at different times cannot be compared, and neither can multiples of a fixed piece of work: on a
busy machine the same code read 1.1 and 1.7 within two hours. So the earlier commit is laid out beside this one, and its
code runs in this environment a moment before or after. What counts is the median of the pairs' ratios.
"""

import argparse
import io
import json
import shutil
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pypdfium2
from born_digital import compiled, spent
from born_digital import document as born_digital
from promises import opened
from throughput import ROOT, excerpt, measured

BASELINE = Path(__file__).with_name("baseline.json")
ALLOWED = 1.2
MODEL = ("report", "tables", "scans")  # around GLM-OCR: documents.py's, with the stand-in server
LIMIT = 64  # requests in flight
SCANNED_AT = 200  # dpi of the pages that stand for scans

Costs = Callable[[Path], float]  # of a tree's code: CPU seconds


def laid_out(commit: str, folder: Path) -> Path:
    """The tree of an earlier commit, with the networks of this one."""
    place = folder / "commits" / commit[:12]
    if not place.exists():
        packed = subprocess.run(["git", "archive", commit], capture_output=True, cwd=ROOT, check=False)
        if packed.returncode:
            raise SystemExit(f"commit {commit[:12]} is not in this clone: fetch it, or store another with --store")
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tree:
            tree.extractall(place, filter="data")
        shutil.copytree(ROOT / "src/octavo/weights", place / "src/octavo/weights", dirs_exist_ok=True)
    return place


@contextmanager
def around_the_model(file: Path, pages: int, trees: Sequence[Path]) -> Iterator[Costs]:
    """Pages whose regions are read by a stand-in for the model, in processes that are open and warm."""
    with ExitStack() as stack:
        settings = {"answers_kept": 0, "recovery": False}
        running = {tree: opened(stack, file, LIMIT, settings, tree) for tree in trees}
        yield lambda tree: float(measured(*running[tree], LIMIT, excerpt(file, pages))["cpu"])


@contextmanager
def embedded(file: Path, out: Path) -> Iterator[Costs]:
    """`octavo parse` of one file, start and end included."""
    command = [
        sys.executable,
        "-m",
        "octavo",
        "parse",
        "--formats",
        "markdown",
        "--fresh",
        str(file),
        "-o",
        str(out),
    ]
    yield lambda tree: spent(command, {**compiled(out), "PYTHONPATH": str(tree / "src")})[0]


def scan(born: Path) -> Path:
    """The pages of a document as pictures."""
    path = born.with_name(f"{born.stem}-scanned.pdf")
    if not path.exists():
        with pypdfium2.PdfDocument(born) as pages:
            pictures = [page.render(scale=SCANNED_AT / 72).to_pil() for page in pages]
        pictures[0].save(path, save_all=True, append_images=pictures[1:], resolution=SCANNED_AT)
    return path


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=Path, default=Path("out/bench"))
    arguments.add_argument("--pages", type=int, default=24)
    arguments.add_argument("--repeat", type=int, default=5)
    arguments.add_argument("--commit", help="compare with this one, not with the stored one")
    arguments.add_argument("--store", action="store_true")
    chosen = arguments.parse_args()
    if chosen.store:
        head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, cwd=ROOT)
        BASELINE.write_text(json.dumps({"commit": head.stdout.strip()}) + "\n")
        return 0
    folder = chosen.folder.resolve()
    commit = chosen.commit or json.loads(BASELINE.read_text())["commit"]
    trees = (laid_out(commit, folder), ROOT)
    born = born_digital(folder, chosen.pages)
    workloads = {name: around_the_model(folder / f"{name}.pdf", chosen.pages, trees) for name in MODEL}
    workloads["born-digital, embedded"] = embedded(born, folder / "checked")
    workloads["scans, embedded"] = embedded(scan(born_digital(folder, 4)), folder / "checked")
    worse = False
    for name, workload in workloads.items():
        with workload as costs:
            for tree in trees:
                costs(tree)  # warm
            pairs = []
            for turn in range(chosen.repeat):
                cpu = {tree: costs(tree) for tree in (trees if turn % 2 else trees[::-1])}
                pairs.append(cpu[ROOT] / cpu[trees[0]])
        worse |= statistics.median(pairs) > ALLOWED
        told = ", ".join(f"{pair:.2f}" for pair in sorted(pairs))
        print(f"{name}: {statistics.median(pairs):.2f} x the CPU of {commit[:9]} ({told})", flush=True)
    return int(worse)


if __name__ == "__main__":
    sys.exit(main())
