"""What Octavo promises about work under way, kept or not: memory, early starts, full pipes, fairness.

    python bench/promises.py [--pages 1000] [--settings '{...}']

Needs the documents of documents.py. Memory of long documents, two documents together against one after the other, and a
one-page job alone and while a long one runs. Each line says what was promised and what was measured.
"""

import argparse
import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from throughput import ROOT, Competitor, Server, excerpt, interpreter, measured


def opened(
    stack: ExitStack, document: Path, limit: int, settings: dict[str, Any], tree: Path = ROOT
) -> tuple[Competitor, Server]:
    server = stack.enter_context(Server(limit))
    configuration = {
        "dpi": 150,
        "limit": limit,
        "regions": str(document.with_suffix(".regions.json")),
        "settings": settings,
        "port": server.port,
    }
    octavo = stack.enter_context(Competitor("Octavo", interpreter("Octavo") or "", configuration, tree))
    octavo.read(excerpt(document, 4))
    return octavo, server


def memory(document: Path, counts: list[int], settings: dict[str, Any]) -> dict[int, float]:
    """Peak MiB by number of pages; a fresh process for each."""
    peaks = {}
    for count in counts:
        with ExitStack() as stack:
            octavo, _ = opened(stack, document, 64, settings)
            peaks[count] = octavo.read(excerpt(document, count))["peak_mib"]
            print(f"  {count} pages: {peaks[count]:.0f} MiB", flush=True)
    return peaks


def together(octavo: Competitor, server: Server, limit: int, document: Path, repeat: int) -> float:
    """Seconds of two documents side by side, to those of one after the other; the best of a few."""
    two = [excerpt(document, 30), excerpt(document, 31)]
    side = min(measured(octavo, server, limit, *two)["seconds"] for _ in range(repeat))
    after = min(sum(measured(octavo, server, limit, one)["seconds"] for one in two) for _ in range(repeat))
    return side / after


def beside(octavo: Competitor, document: Path, long: int, repeat: int) -> tuple[float, float]:
    """Seconds of a one-page document alone, and beside a long one."""
    page = excerpt(document, 1)
    alone = []
    for _ in range(repeat):
        said = octavo.read(page)
        alone.append(said["ended"] - said["began"])
    said = octavo.read(excerpt(document, long), *[page] * repeat)
    return sorted(alone)[len(alone) // 2], sorted(said["took"][1:])[repeat // 2]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=Path, default=Path("out/bench"))
    arguments.add_argument("--pages", type=int, default=1000, help="of the longest document")
    arguments.add_argument("--limit", type=int, default=32)
    arguments.add_argument("--settings", default='{"answers_kept": 0, "recovery": false}')
    arguments.add_argument("--out", type=Path, default=Path("out/bench/promises.json"))
    chosen = arguments.parse_args()
    document = chosen.folder.resolve() / "report.pdf"
    settings = json.loads(chosen.settings)
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        octavo, server = opened(stack, document, chosen.limit, settings)
        server.latency(0.2)
        row = measured(octavo, server, chosen.limit, excerpt(document, 60))
        found["first request before page 3 is drawn"] = row["drawn_before_first_request"]
        found["in flight, share of the limit"] = row["in_flight"]
        found["two together to one after the other"] = together(octavo, server, chosen.limit, document, 3)
        alone, under_load = beside(octavo, document, 120, 5)
        found["one page beside a long document, to alone"] = under_load / alone
    found["peak MiB by pages"] = memory(document, [10, 50, 100, chosen.pages], settings)
    found["peak memory, longest to 50 pages"] = (
        found["peak MiB by pages"][chosen.pages] / found["peak MiB by pages"][50]
    )
    for name, value in found.items():
        print(f"{name}: {value:.2f}" if isinstance(value, float) else f"{name}: {value}")
    chosen.out.write_text(json.dumps({"date": time.strftime("%Y-%m-%d"), **found}, indent=1))


if __name__ == "__main__":
    main()
