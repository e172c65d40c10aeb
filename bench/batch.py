"""What a batch costs beside the reading itself: CPU a document, and requests to the target.

    python bench/batch.py [--documents 24] [--engine embedded|null]

The same made documents (1 to 4 pages of text) are read by one Parser, their files written into a folder, and by
`octavo batch` in the same process, twice over in turn; the medians of CPU seconds, children included, are compared.
"""

import argparse
import asyncio
import io
import resource
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from killed_batch import documents

from octavo import delivery
from octavo.corpus.batch import Batch
from octavo.corpus.readers import Local
from octavo.corpus.sources import Corpus
from octavo.corpus.stopping import Stop
from octavo.corpus.stores import Folder
from octavo.frontends._batch_report import BatchReport
from octavo.parser import Parser
from octavo.settings import BatchSettings, EngineSettings, OrientationUse, ParseOptions, PictureNames

OPTIONS = ParseOptions(
    picture_names=PictureNames.DOCUMENT,
    formats=("markdown", "glmocr_json", "report", "crops"),
    orientation=OrientationUse.OFF,
)


class Counting(Folder):
    """A folder that counts what it is asked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> Any:
        if name in ("entries", "get", "version", "put", "create", "delete"):
            super().__getattribute__("asked")[name] += 1
        return super().__getattribute__(name)


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


async def alone(files: Sequence[Path], target: Path, settings: EngineSettings) -> None:
    async with Parser(settings) as parser:
        for file in files:
            async with parser.open(file, OPTIONS, name=file.stem) as reading:
                async for _ in reading:
                    pass
                await asyncio.to_thread(delivery.to_folder, reading.artifacts(), target / file.name)


async def batch(source: Path, store: Folder, settings: EngineSettings) -> None:
    ours = BatchSettings(documents_at_once=1)
    corpus = Corpus(str(source), settings, target=str(store.root), pattern=None, unpacked_bytes=1)
    with (
        BatchReport(io.StringIO(), as_json=False, quiet=True, price_per_hour=None) as report,
    ):
        await Batch(corpus, store, Local(settings, OPTIONS), ours, report, Stop()).run()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=24)
    parser.add_argument("--engine", choices=["embedded", "null"], default="embedded")
    asked = parser.parse_args()
    null = {"detector": "whole_page", "recognizer": "scripted"} if asked.engine == "null" else {}
    settings = EngineSettings(**null)
    took: dict[str, list[float]] = {"parser": [], "batch": []}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        source = documents(home / "in", asked.documents)
        for turn in range(3):  # the first one warms up
            store = Counting(home / f"batch-{turn}")
            for name, work in (
                ("parser", alone(sorted(source.iterdir()), home / f"alone-{turn}", settings)),
                ("batch", batch(source, store, settings)),
            ):
                before = cpu_seconds()
                asyncio.run(work)
                took[name].append(cpu_seconds() - before)
    medians = {name: statistics.median(seconds[1:]) for name, seconds in took.items()}
    more = (medians["batch"] - medians["parser"]) / asked.documents
    print(f"{asked.documents} documents, engine {asked.engine}")
    for name, seconds in medians.items():
        print(f"  {name}: {1000 * seconds / asked.documents:.1f} ms of CPU a document")
    print(
        f"  beside the reading: {1000 * more:.1f} ms a document, "
        f"{100 * more * asked.documents / medians['parser']:.1f} %"
    )
    requests = ", ".join(f"{count / asked.documents:.1f} {name}" for name, count in sorted(store.asked.items()))
    print(f"  asked of the target, a document: {requests}")


if __name__ == "__main__":
    main()
