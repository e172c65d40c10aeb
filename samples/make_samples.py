"""Draw the sample documents again: `make samples`. What they show is invented."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import bank_statement
import scans
import two_column_paper

SAMPLES: Mapping[str, Callable[[Path], None]] = MappingProxyType(
    {
        "bank-statement.pdf": bank_statement.make,
        "two-column-paper.pdf": two_column_paper.make,
        "receipt.jpg": scans.make_receipt,
        "fax.tiff": scans.make_fax,
    }
)


def make(folder: Path) -> None:
    """Draw all samples into a folder."""
    for name, draw in SAMPLES.items():
        draw(folder / name)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
