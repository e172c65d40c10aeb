"""The regression guard: Octavo's CPU per page against the stored medians, and exit code 1 where it is 20 % worse.

    make bench-check                       measure and compare with bench/baseline.json
    python bench/check.py --store          measure and store, with the commit's name

Seconds of different machines, or of one machine at different times, cannot be compared. What is compared is the ratio
to a fixed piece of work of the same kind (resizing, JPEG, JSON, a loop in Python) measured in turns with Octavo.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
from promises import opened
from throughput import ROOT, excerpt, measured

BASELINE = Path(__file__).with_name("baseline.json")
ALLOWED = 1.2
WORKLOADS = ("report", "tables", "scans")


def yardstick() -> float:
    """CPU seconds of the fixed piece of work."""
    page = np.random.default_rng(1).integers(0, 255, (1400, 1000, 3), np.uint8)
    began = time.process_time()
    for _ in range(6):
        small = cv2.resize(page, (700, 980), interpolation=cv2.INTER_AREA)
        cv2.imencode(".jpg", cv2.GaussianBlur(small, (0, 0), 3))
        json.loads(json.dumps({str(n): [n, n / 7, "x" * (n % 50)] for n in range(3000)}))
        sum(n * n % 7 for n in range(60_000))
    return time.process_time() - began


def ratios(folder: Path, pages: int, repeat: int) -> dict[str, float]:
    """By workload: the median of Octavo's CPU per page to the yardstick beside it."""
    found = {}
    for workload in WORKLOADS:
        document = folder.resolve() / f"{workload}.pdf"
        with ExitStack() as stack:
            octavo, server = opened(stack, document, 64, {"answers_kept": 0, "recovery": False})
            pairs = []
            for _ in range(repeat):
                unit = yardstick()
                row = measured(octavo, server, 64, excerpt(document, pages))
                pairs.append(row["cpu_ms_per_page"] / 1000 / statistics.mean((unit, yardstick())))
            found[workload] = round(statistics.median(pairs), 4)
    return found


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=Path, default=Path("out/bench"))
    arguments.add_argument("--pages", type=int, default=24)
    arguments.add_argument("--repeat", type=int, default=5)
    arguments.add_argument("--store", action="store_true")
    chosen = arguments.parse_args()
    now = ratios(chosen.folder, chosen.pages, chosen.repeat)
    if chosen.store:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, cwd=ROOT)
        stored = {"commit": commit.stdout.strip(), "pages": chosen.pages, "cpu_per_page_to_yardstick": now}
        BASELINE.write_text(json.dumps(stored, indent=1) + "\n")
        print(f"stored: {now}")
        return 0
    stored = json.loads(BASELINE.read_text())
    worse = False
    for workload, ratio in now.items():
        before = stored["cpu_per_page_to_yardstick"][workload]
        worse |= ratio > ALLOWED * before
        print(
            f"{workload}: {ratio:.3f} of the yardstick a page, {ratio / before:.2f} x what {stored['commit'][:9]} took"
        )
    return int(worse)


if __name__ == "__main__":
    sys.exit(main())
