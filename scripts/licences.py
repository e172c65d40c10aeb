"""The licences of what the tree is made of, by the metadata of what is installed.

    python scripts/licences.py      one line per package; 1 where one is unknown or may not stand beside ours

`make audit` runs it. Metadata is what a package says of itself; what wheels carry inside is in NOTICE.
"""

import importlib.metadata
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution

# Identifiers of SPDX, and what older packages say instead. Any of them may be used beside the Apache License; what
# asks for more (LGPL, MPL: the sources of these packages themselves) is fulfilled by not changing them.
FREE = frozenset(
    (
        *("0bsd", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cnri-python", "isc", "mit", "mit-0"),
        *("mit-cmu", "psf-2.0", "python-2.0", "unlicense", "zlib", "mpl-2.0", "lgpl-2.1", "lgpl-3.0"),
        *("apache 2.0", "apache license 2.0", "apache software license", "mit license", "bsd license"),
        *("3-clause bsd license", "bsd 2-clause license", "python software foundation license"),
        "mozilla public license 2.0 (mpl 2.0)",
    )
)
# Said in prose, or wrongly; read, at the version named.
READ = {
    "locate": "MIT",  # 1.1.1: LICENSE in the package, whose metadata says "Proprietary"
    "pypdfium2": "BSD-3-Clause",  # 5.15.2: or Apache-2.0, and those of PDFium's parts, which its licences/ has
    "reportlab": "BSD-3-Clause",  # 4.5.1: LICENSE in the package
}


def stated(package: Distribution) -> list[str]:
    """What a package says its licence is, from the strictest way of saying it: expression, classifiers, free text."""
    metadata = package.metadata
    if name := READ.get(package.name.lower()):
        return [name]
    if expression := metadata.get("License-Expression"):
        return parts(expression)
    classifiers = [line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier") or () if "License ::" in line]
    named = [each for each in classifiers if each not in ("DFSG approved", "OSI Approved")]
    return named or parts((metadata.get("License") or "").partition("\n")[0])


def parts(expression: str) -> list[str]:
    """The licences of an expression, all of them: `OR` gives a choice, but each must be one that may be chosen."""
    return [part.strip("() ") for part in re.split(r"\s+(?:AND|OR|WITH)\s+", expression) if part.strip("() ")]


def refused(licences: Iterable[str]) -> list[str]:
    """Those that are none of FREE; 'unknown' where there is none at all."""
    return [name for name in list(licences) or ["unknown"] if name.lower().removesuffix("-or-later") not in FREE]


def reviewed(packages: Iterable[Distribution]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each package's name, licences, and those that are refused."""
    for package in sorted(packages, key=lambda package: package.name.lower()):
        licences = stated(package)
        yield package.name, licences, refused(licences)


def main() -> int:
    bad = 0
    for name, licences, wrong in reviewed(importlib.metadata.distributions()):
        bad += bool(wrong)
        sys.stdout.write(f"{'REFUSED  ' if wrong else ''}{name}: {', '.join(licences) or 'unknown'}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
