"""Which thresholds decide how pages read, and how near the edge they stand.

    python bench/thresholds.py --data ../shared/eval/cases --data ../shared/eval/public --rows out/thresholds.jsonl
    python bench/thresholds.py --rows out/thresholds.jsonl --write docs/thresholds.md

Each threshold of the rooms that decide (glyphs, layout, tables, the embedded detector, the text layer, regions) is
moved by 10 and 20 per cent, down and up, and every document is read again. Named thresholds are found by themselves:
numbers at the top of a module, marked `Final`; the comment beside one says what it measures. `--inline` moves the
numbers written in the middle of functions instead, to see which of them ask for a name: first all of a function
together, and one by one only where that changed a document.

What does not depend on a threshold is kept: drawn pages, what networks say, the text layer while a table's number is
moved; and a document is read again only if it came by the number at all. Scores come from the score.py that lies beside
the data. `--fast` stops at a threshold that changes no document at 20 per cent; `--within` leaves out documents that
take long. What was measured goes to `--rows` line by line, and is not measured again: a run may be cut short and go on.
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
import textwrap
import threading
import time
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
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
BEGIN, END = "<!-- made by bench/thresholds.py -->", "<!-- end -->"


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


def together(module: ModuleType) -> Iterator[tuple[Threshold, list[Threshold]]]:
    """All fractions of a function as one, scaled together; and each of them."""
    members: dict[CodeType, list[Threshold]] = {}
    for one in inline(module):
        members.setdefault(next(iter(one.users)), []).append(one)
    for function in functions(module):
        code = function.__code__
        if code in members:
            name = f"{short(module)}.{function.__qualname__}"
            yield Threshold(name, 1.0, "", scaler(function, code), module.__name__, frozenset({code})), members[code]


def functions(module: ModuleType) -> Iterator[FunctionType]:
    for thing in vars(module).values():
        if getattr(thing, "__module__", None) != module.__name__:
            continue
        members = vars(thing).values() if inspect.isclass(thing) else (thing,)
        for member in members:
            function = member.func if isinstance(member, cached_property) else getattr(member, "fget", None)
            function = function or getattr(member, "__func__", member)
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


def scaler(function: FunctionType, original: CodeType) -> Callable[[float], None]:
    def put(factor: float) -> None:
        code = original
        for value in set(fractions(original)) if factor != 1.0 else ():
            code = with_constant(code, value, value * factor)
        function.__code__ = code

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
    kept.keep(
        pool.Pool,
        "draw",
        lambda self, source, request: (content(source), request.part, request.page, request.glyphs, request.picture),
    )
    kept.keep(session.Network, "run", lambda self, batch: (self.described, seen(batch)))
    kept.keep(
        pages,
        "judged",
        lambda glyphs, drawing, picture, dpi, outlines=None: (seen(glyphs.boxes), shown(picture, outlines)),
        "octavo.glyphs",
    )
    rules = ("octavo.tables.rules",)
    for user in (sheet, tables):
        kept.keep(user, "find_rules", lambda pixels, text=(), **_: (seen(pixels), tuple(text)), *rules)
    kept.keep(
        sheet.Ink,
        "of",
        lambda pixels, page, lines, size, known=(): (
            seen(pixels),
            page,
            tuple((x.source, x.height) for x in lines),
            size,
            tuple(known),
        ),
        "octavo.layout.figures",
    )
    kept.keep(
        embedded,
        "read_table",
        lambda picture, lines, frame, network=None, outlines=None: (shown(picture, outlines), tuple(lines), frame),
        "octavo.tables",
    )
    kept.keep(sheet, "find_tables", lambda size, lines, rules: (size, tuple(lines), rules), "octavo.tables")
    return kept


def shown(picture: Any, outlines: Any) -> object:
    """What a page shows: its pixels, or what is known of it where it is not drawn."""
    if outlines is None:
        return seen(picture)
    return outlines.size, *(seen(areas.boxes) for areas in (outlines.filled, outlines.shapes, outlines.edges))


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


@dataclass(frozen=True)
class Row:
    """What was measured of one threshold."""

    name: str
    value: float
    meaning: str
    moved: Sequence[Moved]

    @property
    def decides(self) -> bool:
        return any(move.changes for move in self.moved)

    @property
    def worst(self) -> float:
        """Points that a document loses at most."""
        return min((change for move in self.moved for change in move.changes.values()), default=0.0)

    def as_json(self) -> str:
        moved = {move.factor: dict(move.changes) for move in self.moved}
        return json.dumps({"name": self.name, "value": self.value, "meaning": self.meaning, "moved": moved})

    @classmethod
    def of_json(cls, line: str) -> "Row":
        row = json.loads(line)
        moved = [Moved(float(factor), changes) for factor, changes in row["moved"].items()]
        return cls(row["name"], row["value"], row["meaning"], moved)


def report(rows: Sequence[Row]) -> Iterator[str]:
    """A line for each threshold that changed anything; then how many did not, module by module."""
    yield "| threshold | value | -20 % | -10 % | +10 % | +20 % | what it measures |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | --- |"
    for row in sorted((row for row in rows if row.decides), key=lambda row: (row.worst, row.name)):
        cells = {move.factor: move.cell() for move in row.moved}
        shown = " | ".join(cells.get(factor, "–") for factor in sorted(MOVES))
        yield f"| `{row.name}` | {row.value:g} | {shown} | {row.meaning} |"
    yield ""
    quiet = Counter(row.name.rpartition(".")[0] for row in rows if not row.decides)
    listed = ", ".join(f"`{module}` {count}" for module, count in sorted(quiet.items()))
    yield from textwrap.wrap(f"Moved, and no page reads otherwise: {listed}.", 120, break_on_hyphens=False)


def written_into(page: str, table: str) -> str:
    """The page with this table between its marks."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{table}\n\n{END}{tail}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, action="append", default=[], help="folder with manifest.jsonl")
    arguments.add_argument("--kinds", default="", help="comma-separated kinds of documents; default: all")
    arguments.add_argument("--suffix", default="", help="comma-separated ends of file names, as .pdf; default: all")
    arguments.add_argument("--within", type=float, default=60.0, help="leave out documents that take more CPU seconds")
    arguments.add_argument("--only", default="", help="begins of the names, as layout.ledgers,text_layer")
    arguments.add_argument("--inline", action="store_true", help="move numbers inside functions, not the named ones")
    arguments.add_argument("--fast", action="store_true", help="no 10 %% where 20 %% changes nothing")
    arguments.add_argument("--rows", type=Path, required=True, help="JSON lines of what was measured; continued")
    arguments.add_argument("--write", type=Path, help="put the named ones into this page, measure nothing")
    chosen = arguments.parse_args()
    logging.disable(logging.WARNING)
    rows = [Row.of_json(line) for line in chosen.rows.read_text().splitlines()] if chosen.rows.exists() else []
    if chosen.write:
        known = {one.name: one for module in modules() for one in named(module)}
        still = [row for row in rows if row.name in known and known[row.name].value == row.value]
        still = [Row(row.name, row.value, known[row.name].meaning, row.moved) for row in still]
        table = "\n".join(report(still))
        chosen.write.write_text(written_into(chosen.write.read_text(), table))
        return
    kinds, suffixes = (tuple(filter(None, text.split(","))) for text in (chosen.kinds, chosen.suffix))
    documents = [sample for data in chosen.data for sample in samples(data, kinds, suffixes)]
    measure(documents, rows, chosen)


def measure(documents: Sequence[Sample], rows: Sequence[Row], chosen: argparse.Namespace) -> None:
    done = {row.name for row in rows}
    wanted = tuple(chosen.only.split(","))
    score = scorer(chosen.data[0])
    kept = keep_what_stays()
    places = came_by(documents)
    with octavo.Parser() as parser, chosen.rows.open("a") as out:
        before = read(parser, documents)
        documents = [sample for sample in documents if costs(parser, sample, before) <= chosen.within]
        print(f"{len(documents)} documents", file=sys.stderr, flush=True)

        def measured(one: Threshold) -> Row:
            met = set().union(*(places.get(code, set()) for code in one.users))
            touched = [sample for sample in documents if sample.id in met]
            kept.moving = one.module
            moved = moves(one, touched, before, lambda: read(parser, touched), score, fast=chosen.fast)
            return Row(one.name, one.value, one.meaning, moved)

        def keep(row: Row) -> None:
            print(row.as_json(), file=out, flush=True)

        for module in modules():
            if not short(module).startswith(wanted):
                continue
            if not chosen.inline:
                for one in named(module):
                    if one.name not in done:
                        keep(measured(one))
                continue
            for group, members in together(module):
                if all(one.name in done for one in members):
                    continue
                whole = measured(group)
                for one in members:
                    alone = measured(one) if whole.decides and len(members) > 1 else whole
                    keep(Row(one.name, one.value, one.meaning, alone.moved))


def costs(parser: octavo.Parser, sample: Sample, before: Mapping[str, str]) -> float:
    """CPU seconds of reading a document again. Ends the run where it reads otherwise: nothing could be told."""
    began = time.process_time()
    if read(parser, [sample])[sample.id] != before[sample.id]:
        raise SystemExit(f"{sample.id}: read twice, it differs")
    return time.process_time() - began


if __name__ == "__main__":
    main()
