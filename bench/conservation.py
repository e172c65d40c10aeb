"""Where the text of documents ends: what of it nobody finds again, document by document.

    python bench/conservation.py ../shared/eval/public ../shared/eval/cases ../shared/eval/robust

Takes files and folders (a folder's `files/`, if it has one). Prints a row for each document of which something was
lost in silence before `conservation` told of it, and the sums: characters in the running text, in furniture, in
pictures, and in problems. With --all, a row for every document.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from octavo import EngineSettings, OctavoError, ParseOptions, Parser, conservation
from octavo.content import Picture, plain
from octavo.document import Block, Document, Role

COLUMNS = ("text", "furniture", "picture", "problem", "lost")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("sources", type=Path, nargs="+")
    arguments.add_argument("--pages", default="1-8", help="of each document [default: 1-8]")
    arguments.add_argument("--all", action="store_true", help="a row for every document")
    arguments.add_argument("--engine", default="embedded")
    chosen = arguments.parse_args()
    sums: Counter[str] = Counter()
    print("| document | " + " | ".join(COLUMNS) + " |\n" + "|---" * (len(COLUMNS) + 1) + "|")
    with Parser(EngineSettings(engine=chosen.engine)) as parser:
        for file in files(chosen.sources):
            try:
                document = parser.parse(file, ParseOptions(pages=chosen.pages))
            except OctavoError:
                continue  # what is refused is told
            found = counted(document)
            sums += found
            if chosen.all or found["lost"]:
                print(row(file.name, found), flush=True)
    print(row("all", sums))


def files(sources: list[Path]) -> Iterator[Path]:
    for source in sources:
        manifest = source / "manifest.jsonl"
        if manifest.exists():
            yield from (source / json.loads(line)["file"] for line in manifest.read_text().splitlines())
        else:
            yield from sorted(source.iterdir()) if source.is_dir() else [source]


def counted(document: Document) -> Counter[str]:
    """Characters by where they ended, without spaces; lines for what was lost."""
    found: Counter[str] = Counter()
    for page in document.pages:
        for block in page.blocks:
            found[place(block)] += len("".join(plain(block.content).split())) if block.content else 0
        for problem in page.problems:
            found["problem"] += len("".join((problem.saved_text or "").split()))
            found["lost"] += problem.code == conservation.LOST
    return found


def place(block: Block) -> str:
    if block.role is Role.FURNITURE:
        return "furniture"
    return "picture" if isinstance(block.content, Picture) else "text"


def row(name: str, found: Counter[str]) -> str:
    return f"| {name} | " + " | ".join(str(found[column] or "") for column in COLUMNS) + " |"


if __name__ == "__main__":
    main()
