"""Which thresholds decide how pages read, and how near the edge they stand.

    python bench/thresholds.py --data ../shared/eval/public --data ../shared/eval/cases

Each threshold of the rooms that decide (glyphs, layout, tables, the embedded detector, the text layer, regions) is
moved by 10 and 20 per cent, down and up, and every document is read again. Named thresholds are found by themselves:
numbers at the top of a module, marked `Final`; the comment beside one says what it measures. `--inline` moves the
numbers written in the middle of functions instead, to see which of them ask for a name.

What does not depend on a threshold is kept: drawn pages, what networks say, the text layer while a table's number is
moved; and a document is read again only if it came by the number at all. Scores come from the score.py that lies beside
the data. `--fast` stops at a threshold that changes no document at 20 per cent.
"""

import argparse
import ast
import importlib
import importlib.util
import inspect
import io
import json
import logging
import pkgutil
import sys
import threading
import time
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

import octavo
from octavo import pages, tables
from octavo.drawing import pool
from octavo.layout import sheet
from octavo.networks import session
from octavo.recognizers import embedded

ROOMS = ("octavo.glyphs", "octavo.layout", "octavo.tables", "octavo.detectors.embedded", "octavo.text_layer")
ROOMS = (*ROOMS, "octavo.regions")
MOVES = (0.8, 1.2, 0.9, 1.1)
SCORE = "overall"


# --- what can be moved ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Threshold:
    """A number that can be moved, and what is said of it."""

    name: str
    value: float
    meaning: str
    put: Callable[[float], None]
    module: str
    users: frozenset[CodeType]  # the functions that it is written in, or named in

    @contextmanager
    def moved(self, factor: float) -> Iterator[None]:
        value = self.value * factor
        if isinstance(self.value, int):
            value = round(value)
            value += (value == self.value) * (1 if factor > 1 else -1)
        self.put(value)
        try:
            yield
        finally:
            self.put(self.value)


def modules() -> Iterator[ModuleType]:
    for room in ROOMS:
        module = importlib.import_module(room)
        yield module
        for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
            yield importlib.import_module(f"{room}.{found.name}")


def named(module: ModuleType) -> Iterator[Threshold]:
    """Numbers at the top of a module that are marked `Final`, with the comment beside them."""
    source = inspect.getsource(module)
    comments = {
        token.start[0]: token.string.removeprefix("#").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    for node in ast.parse(source).body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        value = getattr(module, node.target.id)
        if ast.unparse(node.annotation) == "Final" and isinstance(value, int | float):
            name = node.target.id
            meaning = comments.get(node.end_lineno or 0, "")
            users = frozenset(
                function.__code__
                for other in modules()
                for function in functions(other)
                if name in names(function.__code__) and getattr(other, name, None) is value
            )
            title = f"{short(module)}.{name.lstrip('_')}"
            yield Threshold(title, value, meaning, setter(module, name), module.__name__, users)


def setter(module: ModuleType, name: str) -> Callable[[float], None]:
    return lambda value: setattr(module, name, value)


def short(module: ModuleType) -> str:
    return module.__name__.removeprefix("octavo.")


def inline(module: ModuleType) -> Iterator[Threshold]:
    """Fractions written in a function: equal ones in one function are moved together."""
    for function in functions(module):
        original = function.__code__
        for value in sorted(set(fractions(original))):
            where = f"{short(module)}.{function.__qualname__}"
            put = replacer(function, original, value)
            yield Threshold(f"{where}: {value:g}", value, "", put, module.__name__, frozenset({original}))


def functions(module: ModuleType) -> Iterator[FunctionType]:
    for thing in vars(module).values():
        if getattr(thing, "__module__", None) != module.__name__:
            continue
        members = vars(thing).values() if inspect.isclass(thing) else (thing,)
        for member in members:
            function = getattr(member, "fget", None) or getattr(member, "__func__", member)
            if isinstance(function, FunctionType) and function.__code__.co_filename == module.__file__:
                yield function


def fractions(code: CodeType) -> Iterator[float]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from fractions(constant)
        elif isinstance(constant, float) and constant not in (0.0, 1.0, float("inf")):
            yield constant


def names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names(constant)


def replacer(function: FunctionType, original: CodeType, old: float) -> Callable[[float], None]:
    def put(value: float) -> None:
        function.__code__ = original if value == old else with_constant(original, old, value)

    return put


def with_constant(code: CodeType, old: float, new: float) -> CodeType:
    constants = tuple(
        with_constant(constant, old, new)
        if isinstance(constant, CodeType)
        else new
        if isinstance(constant, float) and constant == old
        else constant
        for constant in code.co_consts
    )
    return code.replace(co_consts=constants)


# --- what does not depend on them ---------------------------------------------------------------------------------


class Kept:
    """Answers that stay the same while a number elsewhere is moved."""

    def __init__(self) -> None:
        self.moving = ""  # the module whose number is moved

    def keep(self, owner: Any, name: str, key: Callable[..., object], *rooms: str) -> None:
        """Answers of a function, by what `key` makes of its arguments, as long as nothing in `rooms` is moved."""
        real, answers = getattr(owner, name), dict[object, Any]()

        def kept(*given: Any, **options: Any) -> Any:
            if self.moving.startswith(rooms) if rooms and self.moving else False:
                return real(*given, **options)
            asked = key(*given, **options)
            if asked not in answers:
                answers[asked] = real(*given, **options)
            return answers[asked]

        setattr(owner, name, staticmethod(kept) if isinstance(owner, type) and inspect.ismethod(real) else kept)


def keep_what_stays() -> Kept:
    kept = Kept()

    def copied(self: pool.Pool, source: pool.Source, request: Any) -> Any:
        answer = draw(self, source, request)  # its memory is used again for the next page
        return (answer[0], np.array(answer[1])) if isinstance(answer, tuple) else answer

    draw = pool.Pool.draw
    pool.Pool.draw = copied  # type: ignore[method-assign]
    kept.keep(pool.Pool, "open", lambda self, source: content(source))
    kept.keep(pool.Pool, "draw", lambda self, source, request: (content(source), request.part, request.page))
    kept.keep(session.Network, "run", lambda self, batch: (self.described, seen(batch)))
    kept.keep(pages, "judged", lambda glyphs, drawing, pixels, dpi: (seen(glyphs.boxes), seen(pixels)), "octavo.glyphs")
    rules = ("octavo.tables.rules",)
    for user in (sheet, tables):
        kept.keep(user, "find_rules", lambda pixels, text=(), **_: (seen(pixels), tuple(text)), *rules)
    kept.keep(
        sheet.Ink,
        "of",
        lambda pixels, lines, size, known=(): (
            seen(pixels),
            tuple((x.source, x.height) for x in lines),
            size,
            tuple(known),
        ),
        "octavo.layout.figures",
    )
    kept.keep(
        embedded,
        "read_table",
        lambda pixels, lines, frame, network=None: (seen(pixels), tuple(lines), frame),
        "octavo.tables",
    )
    kept.keep(sheet, "find_tables", lambda pixels, lines, rules: (seen(pixels), tuple(lines), rules), "octavo.tables")
    return kept


def heights(lines: Sequence[Any]) -> tuple[float, ...]:
    return tuple(line.height for line in lines)


def seen(array: Any) -> bytes:
    """What tells an array from others: all of it; of a picture, every fourth pixel of every fourth row."""
    looked_at = array[::4, ::4] if array.dtype == np.uint8 else array
    return blake2b(np.ascontiguousarray(looked_at).data, digest_size=16).digest() + repr(array.shape).encode()


def content(source: pool.Source) -> bytes:
    return blake2b(Path(f"/proc/self/fd/{source.file}").read_bytes(), digest_size=16).digest()


def came_by(chosen: Sequence["Sample"]) -> dict[CodeType, set[str]]:
    """For each function of the rooms, the documents that came by it."""
    known = {function.__code__ for module in modules() for function in functions(module)}
    found: dict[CodeType, set[str]] = {code: set() for code in known}
    current = ""

    def profile(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in known:
            found[frame.f_code].add(current)

    threading.setprofile(profile)
    with octavo.Parser() as parser:
        for sample in chosen:
            current = sample.id
            read(parser, [sample])
    threading.setprofile(None)
    return found


# --- documents and scores -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """A document with its truth."""

    id: str
    file: Path
    truth: Mapping[str, str]


def samples(data: Path, kinds: Sequence[str], suffixes: Sequence[str]) -> list[Sample]:
    rows = [json.loads(line) for line in (data / "manifest.jsonl").read_text().splitlines() if line.strip()]
    return [
        Sample(
            row["id"],
            data / row["file"],
            {name: (data / path).read_text() for name, path in row["gt"].items() if name != "reference"},
        )
        for row in rows
        if row.get("gt") and (not kinds or row["kind"] in kinds) and (not suffixes or row["file"].endswith(suffixes))
    ]


def scorer(data: Path) -> Callable[[Mapping[str, str], str], float]:
    spec = importlib.util.spec_from_file_location("score", data.parent / "score.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"no score.py beside {data}")
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    return lambda truth, text: float(score.score_doc(truth, text)[SCORE])


def read(parser: octavo.Parser, chosen: Sequence[Sample]) -> dict[str, str]:
    """Markdown by document; a document that cannot be read is empty."""

    def one(sample: Sample) -> str:
        try:
            return octavo.to_markdown(parser.parse(sample.file))
        except octavo.OctavoError:
            return ""

    return {sample.id: one(sample) for sample in chosen}


# --- the table ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moved:
    """What one move did: documents that read otherwise, and the change of their scores, by document."""

    factor: float
    changes: Mapping[str, float]

    def cell(self) -> str:
        if not self.changes:
            return "–"
        total = sum(self.changes.values())
        return f"{len(self.changes)} ({total:+.1f})"


def moves(
    threshold: Threshold, chosen: Sequence[Sample], before: Mapping[str, str], again: Any, score: Any, *, fast: bool
) -> list[Moved]:
    done: list[Moved] = []
    for factor in MOVES:
        if fast and len(done) == 2 and not any(move.changes for move in done):
            break
        with threshold.moved(factor):
            after = again()
        changes = {
            sample.id: score(sample.truth, after[sample.id]) - score(sample.truth, before[sample.id])
            for sample in chosen
            if after[sample.id] != before[sample.id]
        }
        done.append(Moved(factor, changes))
    return done


def report(results: Sequence[tuple[Threshold, list[Moved]]], documents: int) -> Iterator[str]:
    """A row for each threshold that changed anything: documents that read otherwise, and what their scores did."""
    yield f"{len(results)} thresholds, {documents} documents. A cell says how many documents read otherwise, and by how"
    yield "many points (of 100 each) their scores changed together; – is none. Of the thresholds that changed none:"
    quiet = [threshold.name for threshold, moved in results if not any(move.changes for move in moved)]
    yield f"{len(quiet)}."
    yield ""
    yield "| threshold | value | -20 % | -10 % | +10 % | +20 % | what it measures |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | --- |"

    def worst(item: tuple[Threshold, list[Moved]]) -> float:
        return min((change for move in item[1] for change in move.changes.values()), default=0.0)

    for threshold, moved in sorted(results, key=worst):
        cells = {move.factor: move.cell() for move in moved}
        if any(cell != "–" for cell in cells.values()):
            row = " | ".join(cells.get(factor, "–") for factor in sorted(MOVES))
            yield f"| `{threshold.name}` | {threshold.value:g} | {row} | {threshold.meaning} |"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, action="append", required=True, help="folder with manifest.jsonl")
    arguments.add_argument("--kinds", default="", help="comma-separated kinds of documents; default: all")
    arguments.add_argument("--suffix", default="", help="comma-separated ends of file names, as .pdf; default: all")
    arguments.add_argument("--only", default="", help="begins of the names, as layout.ledgers,text_layer")
    arguments.add_argument("--inline", action="store_true", help="move numbers inside functions, not the named ones")
    arguments.add_argument("--fast", action="store_true", help="no 10 %% where 20 %% changes nothing")
    arguments.add_argument("--out", type=Path, help="write the table there, too")
    chosen = arguments.parse_args()
    logging.disable(logging.WARNING)
    kinds, suffixes = (tuple(filter(None, text.split(","))) for text in (chosen.kinds, chosen.suffix))
    documents = [sample for data in chosen.data for sample in samples(data, kinds, suffixes)]
    find = inline if chosen.inline else named
    thresholds = [
        one for module in modules() for one in find(module) if one.name.startswith(tuple(chosen.only.split(",")))
    ]
    score = scorer(chosen.data[0])
    kept = keep_what_stays()
    results = []
    places = came_by(documents)
    with octavo.Parser() as parser:
        before = read(parser, documents)
        began = time.monotonic()
        if read(parser, documents) != before:
            raise SystemExit("the same pages read twice differ: nothing can be told")
        each = time.monotonic() - began
        print(f"{len(thresholds)} thresholds, {len(documents)} documents, {each:.1f} s a move", file=sys.stderr)
        for threshold in thresholds:
            met = set().union(*(places.get(code, set()) for code in threshold.users))
            touched = [sample for sample in documents if sample.id in met]
            kept.moving = threshold.module
            moved = moves(threshold, touched, before, lambda some=touched: read(parser, some), score, fast=chosen.fast)
            results.append((threshold, moved))
            if any(move.changes for move in moved):
                says = "; ".join(f"{move.factor:g}: {dict(move.changes)}" for move in moved if move.changes)
                print(f"{threshold.name} = {threshold.value:g}: {says}", file=sys.stderr, flush=True)
    table = "\n".join(report(results, len(documents)))
    print(table)
    if chosen.out:
        chosen.out.write_text(table + "\n")


if __name__ == "__main__":
    main()
