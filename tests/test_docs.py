"""The pages that tell where things are name modules that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "src" / "octavo"
PAGES = ("CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md", "docs/thresholds.md")
FOLDERS = sorted(folder.name for folder in HOUSE.iterdir() if (folder / "__init__.py").exists())
NAMED = re.compile(rf"`((?:{'|'.join(FOLDERS)})[./][a-z_]+)")  # `layout/headings`, or `layout.headings.SIZE`


@pytest.mark.parametrize("page", PAGES)
def test_the_modules_that_a_page_names_are_there(page: str) -> None:
    named = set(NAMED.findall((ROOT / page).read_text()))
    assert named, "the page names no module: is the pattern still right?"
    found = {name: HOUSE / name.replace(".", "/") for name in named}
    assert not [name for name, path in found.items() if not (path.is_dir() or path.with_suffix(".py").exists())]
