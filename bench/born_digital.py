"""CPU seconds of whole processes that turn born-digital PDFs into Markdown: Octavo, LiteParse and pdf-inspector.

    python bench/born_digital.py --pages 1,100                         peers in .venvs/native, made where missing
    python bench/born_digital.py --earlier b17a13c=../octavo-b17a13c   another tree of Octavo beside this one

The shipped paper and statement, over and over, as one document of so many pages. What counts is the CPU of the process
and its children from start to end, imports included, so that other tenants of the machine matter less than by the
clock. All take turns, after one run each that is not counted; the least of `--repeat` is told, for others can only
add to it, with the peak memory of the largest process. The peers take what the text layer says and look at no picture;
what their Markdown is worth `make bench-quality` says.
"""

import argparse
import itertools
import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

import pypdfium2

ROOT = Path(__file__).parents[1]
SAMPLES = (ROOT / "samples/two-column-paper.pdf", ROOT / "samples/bank-statement.pdf")
OCTAVO = (sys.executable, "-m", "octavo", "parse", "--formats", "markdown")
PEERS = ("liteparse==2.18.0", "pdf-inspector==1.25.2")
LITEPARSE = """
import sys, liteparse
result = liteparse.LiteParse(ocr_enabled=False, output_format="markdown").parse(sys.argv[1])
open(sys.argv[2], "w").write(result.text)
"""
PDF_INSPECTOR = """
import sys, pdf_inspector
open(sys.argv[2], "w").write(pdf_inspector.process_pdf(sys.argv[1]).markdown or "")
"""


def document(folder: Path, pages: int) -> Path:
    """So many pages of the samples, in turns."""
    path = folder / f"born-digital-{pages}.pdf"
    if not path.exists():
        samples = itertools.cycle(SAMPLES)
        with pypdfium2.PdfDocument.new() as made:
            while len(made) < pages:
                with pypdfium2.PdfDocument(next(samples)) as source:
                    made.import_pages(source, list(range(min(len(source), pages - len(made)))))
            made.save(path)
    return path


def peers(folder: Path) -> str:
    """The Python that has the peers."""
    python = folder / "bin/python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS], check=True)
    return str(python)


def spent(command: list[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """CPU seconds of a program and all that it starts, and MiB of the largest of these processes at its peak."""
    program = subprocess.Popen(command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(program.pid, 0)
    program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode:
        raise subprocess.CalledProcessError(program.returncode, command)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def compiled(folder: Path) -> dict[str, str]:
    """What an installed package has, too: modules that are compiled. An environment, which keeps them in a folder."""
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**given, "PYTHONPYCACHEPREFIX": str((folder / "compiled").resolve())}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pages", default="1,100", help="of the documents, comma-separated")
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--earlier", metavar="NAME=FOLDER", help="a tree of an earlier commit, weights included")
    arguments.add_argument("--peers", type=Path, default=ROOT / ".venvs/native", help="environment of the peers")
    arguments.add_argument("--out", type=Path, default=Path("out/bench/born-digital"))
    chosen = arguments.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    trees = {"Octavo": ROOT}
    if chosen.earlier:
        name, _, folder = chosen.earlier.partition("=")
        trees[f"Octavo {name}"] = Path(folder).resolve()
    native = peers(chosen.peers)
    counts = [int(count) for count in chosen.pages.split(",")]
    environment = compiled(chosen.out)
    print("| pages | program | CPU s | CPU ms/page | MiB |\n| --- | --- | --- | --- | --- |")
    for count in counts:
        file, best = document(chosen.out, count), dict[str, tuple[float, float]]()
        for turn in range(1 if counts.index(count) else 0, chosen.repeat + 1):
            runs = {
                name: (
                    [*OCTAVO, str(file), "-o", str(chosen.out / f"{name}-{count}-{turn}-{os.getpid()}")],
                    {**environment, "PYTHONPATH": str(tree / "src")},
                )
                for name, tree in trees.items()
            }
            for name, program in (("LiteParse", LITEPARSE), ("pdf-inspector", PDF_INSPECTOR)):
                runs[name] = ([native, "-c", program, str(file), str(chosen.out / f"{name}.md")], environment)
            for name, (command, given) in runs.items():
                cost = spent(command, given)
                if turn:
                    best[name] = min(best.get(name, cost), cost)
        for name, (seconds, peak) in best.items():
            print(f"| {count} | {name} | {seconds:.2f} | {1000 * seconds / count:.1f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
