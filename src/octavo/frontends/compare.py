"""Compare two results block by block: engines, profiles, versions, or the official SDK's.

A result is a .json file (json_result, or a worker's reply) or a folder of such files, as `octavo parse` and the
official SDK write them. Exit code 0: the same; 1: they differ.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from octavo.errors import SourceEmpty, SourceInvalid, SourceNotFound
from octavo.frontends import _compare_html
from octavo.frontends._comparison import (
    Change,
    Comparison,
    Difference,
    JsonRegion,
    Match,
    changes,
    compared,
    entries_of,
    text_of,
)

SAME, DIFFERENT = 0, 1  # as diff has it
_NOT_RESULTS = ("_model.json", ".report.json")  # what stands beside a result
_LONGEST = 160  # characters of unchanged text shown around a change


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("a", metavar="A", help="a result: .json file or folder")
    parser.add_argument("b", metavar="B", help="the result to compare it with")
    parser.add_argument("--html", metavar="FILE", help="write the comparison as a page to look at")
    parser.add_argument(
        "--ignore",
        nargs="+",
        default=[],
        choices=[kind.name.lower() for kind in Difference],
        help="differences that do not count",
    )
    parser.add_argument(
        "--tolerance", type=float, default=2.0, metavar="N", help="how far edges may differ, 0..1000 [default: 2]"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing; the exit code tells")


def run(arguments: Namespace) -> int:
    ignored = frozenset(Difference[name.upper()] for name in arguments.ignore)
    results = []
    for name, of_a, of_b in _paired(_results(Path(arguments.a)), _results(Path(arguments.b))):
        results.append(compared(name, of_a, of_b, ignored=ignored, tolerance=arguments.tolerance))
    if arguments.html:
        Path(arguments.html).write_text(_compare_html.page(results, arguments.a, arguments.b), encoding="utf-8")
    if not arguments.quiet:
        for result in results:
            sys.stdout.writelines(f"{line}\n" for line in _report(result))
    return DIFFERENT if any(result.differs for result in results) else SAME


# --- reading -----------------------------------------------------------------------------------------------------

_Pages = Sequence[Sequence[JsonRegion]]


def _results(place: Path) -> dict[str, _Pages]:
    """The documents of a result by name."""
    if not place.exists():
        raise SourceNotFound(f"there is no {place.name!r}")
    if place.is_file():
        return {place.stem: entries_of(_json_result(place))}
    files = [file for file in sorted(place.rglob("*.json")) if not file.name.endswith(_NOT_RESULTS)]
    files = [file for file in files if not any(part.startswith(".") for part in file.relative_to(place).parts)]
    if not files:
        raise SourceEmpty(f"there is no result in the folder {place.name!r}")
    stems = [file.stem for file in files]
    return {
        file.stem if stems.count(file.stem) == 1 else str(file.relative_to(place).with_suffix("")): entries_of(
            _json_result(file)
        )
        for file in files
    }


def _json_result(file: Path) -> object:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SourceInvalid(f"{file.name!r} is not JSON") from error
    while isinstance(content, Mapping):  # a worker's reply around it
        content = content.get("json_result", content.get("result", content.get("output")))
    return content


def _paired(a: Mapping[str, _Pages], b: Mapping[str, _Pages]) -> Iterator[tuple[str, _Pages, _Pages]]:
    """Documents of the same name; two results of one document each are compared whatever they are called."""
    if len(a) == len(b) == 1:
        yield next(iter(a)), next(iter(a.values())), next(iter(b.values()))
        return
    for name in sorted({*a, *b}):
        yield name, a.get(name, []), b.get(name, [])


# --- text --------------------------------------------------------------------------------------------------------


def _report(result: Comparison) -> Iterator[str]:
    yield f"{result.name}: text {result.likeness:.1%} alike" if result.differs else f"{result.name}: the same"
    for page in result.pages:
        if page.different:
            same = len(page.matches) - len(page.different)
            yield f"  page {page.number + 1}: {len(page.different)} differ, {same} the same"
            for match in page.different:
                yield from (f"    {line}" for line in _match(match))


def _match(match: Match) -> Iterator[str]:
    what = ", ".join(sorted(difference.value for difference in match.differences))
    yield f"{_places(match)}: {what}"
    if Difference.LABEL in match.differences:
        yield f"  label {_kinds(match.a)} -> {_kinds(match.b)}"
    if Difference.BOX in match.differences:
        yield f"  box {_boxes(match.a)} -> {_boxes(match.b)}"
    if Difference.PROBLEMS in match.differences:
        yield f"  problems {_problems(match.a)} -> {_problems(match.b)}"
    if match.differences & {Difference.ONLY_A, Difference.ONLY_B}:
        yield f"  {_shortened(text_of(match.a or match.b), _LONGEST) or '(no text)'}"
    elif Difference.TEXT in match.differences:
        yield f"  {_marked(text_of(match.a), text_of(match.b))}"


def _places(match: Match) -> str:
    sides = [
        f"{side}#{'+'.join(str(entry.index) for entry in entries)} {_kinds(entries)}"
        for side, entries in (("A", match.a), ("B", match.b))
        if entries
    ]
    return " / ".join(sides)


def _kinds(entries: Sequence[JsonRegion]) -> str:
    return "+".join(entry.kind for entry in entries)


def _boxes(entries: Sequence[JsonRegion]) -> str:
    boxes = [entry.box for entry in entries if entry.box is not None]
    return "+".join(f"[{box.left:g},{box.top:g},{box.right:g},{box.bottom:g}]" for box in boxes)


def _problems(entries: Sequence[JsonRegion]) -> str:
    return ", ".join(problem for entry in entries for problem in entry.problems) or "none"


def _marked(a: str, b: str) -> str:
    """The way from A to B on one line: [-gone-]{+come+}, long stretches in between shortened."""
    signs = {Change.KEPT: ("", ""), Change.REMOVED: ("[-", "-]"), Change.ADDED: ("{+", "+}")}
    parts = []
    for change, text in changes(a, b):
        opening, closing = signs[change]
        parts.append(opening + _shortened(text, _LONGEST) + closing)
    return "".join(parts)


def _shortened(text: str, longest: int) -> str:
    text = text.replace("\n", "⏎")
    return text if len(text) <= longest else f"{text[: longest // 2]} … {text[-(longest // 2) :]}"
