"""Where the CPU of a page goes, stage by stage: around a model and with the embedded engine; a table and a picture.

    python bench/stages.py                        what `make bench` made is read; writes docs/pictures/cpu-by-stage.svg
    python bench/stages.py --workloads report     a part of it, into no picture

Octavo is open and warm. A stage's CPU is that of the thread it runs in, less the stages it calls; what no stage
accounts for (hops between threads, collection of garbage) is the rest of what the process and its children took.
"""

import argparse
import html
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from born_digital import document as born_digital
from check import scan
from promises import opened
from throughput import ROOT, Competitor, excerpt, interpreter, measured

PICTURE: Final = ROOT / "docs/pictures/cpu-by-stage.svg"
LIMIT: Final = 64  # requests in flight
LATENCY: Final = 0.2  # seconds that the stand-in for the model takes
REPEAT: Final = 3

STAGES: Final = {  # as `run_octavo` counts them, in the order of the flow: what to call them, and the colour
    "draw (children)": ("drawing", "#4269d0"),
    "draw (parent)": ("drawing, our side", "#97bbf5"),
    "text layer": ("text layer", "#3ca951"),
    "networks": ("networks", "#ff725c"),
    "find regions": ("finding regions", "#efb118"),
    "settle": ("settling regions", "#6cc5b0"),
    "crop": ("cutting", "#ff8ab7"),
    "encode": ("JPEG, base64", "#a463f2"),
    "read": ("reading what is known", "#9c6b4e"),
    "event loop, HTTP": ("event loop, HTTP, judging answers", "#c0392b"),
    "assemble": ("assembling", "#5d6d7e"),
    "count what was read": ("counting what was read", "#85929e"),
    "write Markdown": ("writing Markdown", "#aeb6bf"),
    "rest": ("rest", "#d5d8dc"),
}

Costs = Mapping[str, float]  # CPU ms a page by stage


def around_a_model(file: Path, pages: int) -> Costs:
    """Of pages whose regions a stand-in for the model reads."""
    with ExitStack() as stack:
        octavo, server = opened(stack, file, LIMIT, {"answers_kept": 0, "recovery": False})
        server.latency(LATENCY)
        runs = [measured(octavo, server, LIMIT, excerpt(file, pages)) for _ in range(REPEAT)]
    return min((with_rest(run["stages"], run["cpu_ms_per_page"]) for run in runs), key=total)


def embedded(file: Path) -> Costs:
    """Of pages that the embedded engine reads."""
    with Competitor("Octavo", interpreter("Octavo") or "", {"embedded": True}) as octavo:
        octavo.read(file)
        runs = [octavo.read(file) for _ in range(REPEAT)]
    return min(
        (
            with_rest(
                {stage: 1000 * cpu / run["pages"] for stage, cpu in run["stages"].items()},
                1000 * run["cpu"] / run["pages"],
            )
            for run in runs
        ),
        key=total,
    )


def with_rest(stages: Costs, whole: float) -> Costs:
    return {**stages, "rest": max(0.0, whole - sum(stages.values()))}


def total(costs: Costs) -> float:
    return sum(costs.values())


def table(found: Mapping[str, Costs]) -> str:
    """Markdown, ms a page: a line for each stage, a column for each workload."""
    lines = ["| ms a page | " + " | ".join(found) + " |", "| --- " * (len(found) + 1) + "|"]
    for stage, (name, _) in STAGES.items():
        cells = [f"{costs[stage]:.1f}" if costs.get(stage, 0.0) >= 0.05 else "" for costs in found.values()]
        if any(cells):
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines.append("| **all** | " + " | ".join(f"**{total(costs):.1f}**" for costs in found.values()) + " |")
    return "\n".join(lines)


def picture(found: Mapping[str, Costs]) -> str:
    """SVG: a bar for each workload, all of its CPU, whose parts are the stages; what that comes to stands beside it."""
    left, width, high, gap, right = 190, 560, 26, 14, 110
    used = [stage for stage in STAGES if any(share(costs, stage) >= 0.005 for costs in found.values())]
    rows = -(-len(used) // 3)
    bars_end = 16 + len(found) * (high + gap)
    size = left + width + right, bars_end + rows * 22 + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" font-family="sans-serif" '
        f'font-size="13" role="img" aria-label="CPU of a page by stage">',
        f'<rect width="{size[0]}" height="{size[1]}" fill="#ffffff"/>',
    ]
    for number, (workload, costs) in enumerate(found.items()):
        top, x = 16 + number * (high + gap), float(left)
        parts.append(f'<text x="{left - 10}" y="{top + 18}" text-anchor="end">{html.escape(workload)}</text>')
        for stage in used:
            across = width * share(costs, stage)
            name, colour = STAGES[stage]
            told = html.escape(f"{name}: {costs.get(stage, 0.0):.1f} ms")
            parts.append(
                f'<rect x="{x:.1f}" y="{top}" width="{across:.1f}" height="{high}" fill="{colour}">'
                f"<title>{told}</title></rect>"
            )
            x += across
        parts.append(f'<text x="{left + width + 10}" y="{top + 18}">{duration(total(costs))}</text>')
    for number, stage in enumerate(used):
        name, colour = STAGES[stage]
        x, y = 20 + number % 3 * 280, bars_end + 8 + number // 3 * 22
        parts.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{x + 18}" y="{y + 11}">{html.escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def share(costs: Costs, stage: str) -> float:
    return costs.get(stage, 0.0) / total(costs)


def duration(ms: float) -> str:
    return f"{ms / 1000:.1f} s" if ms >= 1000 else f"{ms:.0f} ms"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=Path, default=Path("out/bench"), help="of documents.py")
    arguments.add_argument("--workloads", help="some of report, tables, scans, public, born-digital, scanned")
    arguments.add_argument("--pages", type=int, default=48, help="around a model")
    chosen = arguments.parse_args()
    folder: Path = chosen.folder.resolve()
    named = {name: folder / f"{name}.pdf" for name in ("report", "tables", "scans", "public")}
    ways: dict[str, Callable[[], Costs]] = {
        name: partial(around_a_model, file, chosen.pages) for name, file in named.items() if file.exists()
    }
    ways["born-digital"] = partial(embedded, born_digital(folder, 24))
    ways["scanned"] = partial(embedded, scan(born_digital(folder, 4)))
    titles = {"born-digital": "born-digital, embedded", "scanned": "scanned, embedded"}
    wanted = chosen.workloads.split(",") if chosen.workloads else list(ways)
    found = {titles.get(name, f"{name}, a model"): ways[name]() for name in wanted}
    print(table(found))
    if not chosen.workloads:
        PICTURE.write_text(picture(found))


if __name__ == "__main__":
    main()
