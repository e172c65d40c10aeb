"""Write what says the same as the code: options, limits, a job's keys, errors, exit codes in docs/, parse's keywords.

`make docs` writes them, `make check` (with --check) fails where one is not current.
"""

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from octavo import dropins, errors, fetch, frontends, pages
from octavo.__main__ import help_line
from octavo.document import Label
from octavo.drawing import child, pdf, pdf_text, picture, wire
from octavo.errors import (
    DocumentCorrupt,
    EngineLost,
    Fault,
    LimitExceeded,
    OctavoError,
    PagesInvalid,
    PageUnreadable,
    SourceInvalid,
    SourceUnreachable,
)
from octavo.frontends._exits import FAULT_EXITS, Exit
from octavo.frontends._flags import as_text, drop_ins
from octavo.glm_ocr import connections
from octavo.glyphs import lines as text_lines
from octavo.jobs import contract
from octavo.jobs.contract import READING, Keys
from octavo.layout import flow
from octavo.settings import (
    BatchSettings,
    EngineSettings,
    ParseOptions,
    ServeSettings,
    WorkerSettings,
    environment_names,
    exceeded_code,
    flag_name,
    kind_of,
    sections,
)

ROOT = Path(__file__).parent.parent
NOTE = "<!-- Written by scripts/generate_docs.py from the code: change it there, then run `make docs`. -->\n"

MODELS: Mapping[type[BaseModel], str] = MappingProxyType(
    {
        ParseOptions: "Of a document",
        EngineSettings: "Of the engine",
        BatchSettings: "Of a batch",
        ServeSettings: "Of the HTTP server",
        WorkerSettings: "Of the serverless worker",
    }
)


HEADINGS: Mapping[Fault, str] = MappingProxyType(
    {
        Fault.CALLER: "The input or the options",
        Fault.UPSTREAM: "A server we depend on",
        Fault.OURS: "The installation, or a defect",
    }
)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A limit that nobody sets: its value, what is counted, and what is said of more."""

    value: int
    of: str
    more: type[OctavoError] | str


FIXED = (
    Fixed(
        child.MEMORY_LIMIT,
        "bytes of address space of the process that opens a document and draws its pages",
        f"`{LimitExceeded.code}`; where one step asks for all of it at once, `{PageUnreadable.code}` or "
        f"`{DocumentCorrupt.code}`",
    ),
    Fixed(
        wire.LONGEST_MESSAGE,
        "bytes of what is told of one page besides its pixels and glyphs: form fields, fonts",
        PageUnreadable,
    ),
    Fixed(
        pdf_text.MOST_GLYPHS, "characters of a page's text layer", "the page's picture is read, and the result says so"
    ),
    Fixed(
        text_lines.MOST_SPANS,
        "stretches of text of a page that are put together into lines",
        "each stretch is a line of its own",
    ),
    Fixed(
        flow.MOST_LINES,
        "lines of a page or region that are put in order and taken apart",
        "they are read from top to bottom, as one text",
    ),
    Fixed(
        pdf_text.MOST_OBJECTS,
        "objects of a PDF page that are looked through for pictures",
        "further pictures are not told apart; the page is drawn whole",
    ),
    Fixed(pdf.MOST_BOOKMARKS, "bookmarks of a PDF", "further ones are not used for headings"),
    Fixed(pdf.LONGEST_TITLE, "characters of a bookmark's title", "the rest of the title is not used"),
    Fixed(pdf.DEEPEST_BOOKMARK, "levels of bookmarks", "deeper ones are not used"),
    Fixed(
        pdf_text.DEEPEST_FORM, "form objects of a PDF page inside each other", "deeper ones are drawn, not looked into"
    ),
    Fixed(picture.MOST_FRAMES, "pictures in one TIFF file", LimitExceeded),
    Fixed(pages.LONGEST_SELECTION, "characters that say which pages are read", PagesInvalid),
    Fixed(contract.MOST_VALUES, "keys and entries of a job, in JSON", SourceInvalid),
    Fixed(contract.DEEPEST, "values of a job within each other, in JSON", SourceInvalid),
    Fixed(fetch.MOST_REDIRECTS, "redirects of a download", SourceUnreachable),
    Fixed(connections.LARGEST_HEAD, "bytes of the headers of a model server's reply", EngineLost),
    Fixed(connections.LARGEST_REPLY, "bytes of a model server's reply", EngineLost),
)

BOUNDS = MappingProxyType({"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"})


def options() -> str:
    lines = [
        "# Options",
        "",
        NOTE,
        "Every option is a flag of the command line, a keyword in Python and an environment variable. Strongest first:",
        "what is given explicitly, the environment, the official SDK's configuration file (`GLMOCR_CONFIG_PATH`), a",
        "preset, the default; the serverless worker has two of its own (runpod.md). What is in force and where",
        "each value came from, `octavo doctor --effective` prints; which variables have no effect, `octavo doctor`.",
        "",
        "Where several values are asked for, write `a,b` or JSON; where names have values, `a=b,c=d` or JSON.",
    ]
    for model, title in MODELS.items():
        lines += ["", f"## {title}"]
        for about, fields in sections(model):
            lines += ["", about, "", "| flag | default | what it does | environment |", "| --- | --- | --- | --- |"]
            lines += [_option(model, field) for field in fields]
    return "\n".join(lines) + "\n"


def _option(model: type[BaseModel], field: str) -> str:
    name, kind = flag_name(model, field), kind_of(model, field)
    flag = f"`--[no-]{name}`" if kind is bool else f"`--{name}`"
    if name.replace("-", "_") != field:
        flag += f" (in Python `{field}`)"
    default = as_text(model.model_fields[field].default)
    names = " ".join(f"`{name}`" for name in environment_names(model, field))
    return f"| {flag} | {f'`{default}`' if default else ''} | {_what(model, field)} | {names} |"


def _what(model: type[BaseModel], field: str) -> str:
    """What a knob does, its values, and the range a number may have."""
    kind = kind_of(model, field)
    values = [member.value for member in kind] if isinstance(kind, type) and issubclass(kind, StrEnum) else []
    values = values or drop_ins(model, field)
    what = model.model_fields[field].description or ""
    what += f" Values: {', '.join(f'`{value}`' for value in values)}." if values else ""
    what += _limits(model, field)
    return _cell(what)


def _limits(model: type[BaseModel], field: str) -> str:
    """The range a number may have."""
    limits = model.model_fields[field].metadata
    said = [
        f"{word} {getattr(limit, name)}" for limit in limits for name, word in BOUNDS.items() if hasattr(limit, name)
    ]
    return f" ({', '.join(said)})" if said else ""


def limits() -> str:
    lines = [
        "# Limits",
        "",
        NOTE,
        "Whoever feeds Octavo may be a stranger, so what a document, a job or a reply may cost has a limit. What goes",
        "beyond one is refused, or is a problem in the result, with the code named here; [errors.md](errors.md) says",
        "what each means. A limit is an option like every other ([options.md](options.md)). Bytes are bytes.",
    ]
    for model, title in MODELS.items():
        bounded = [field for field in model.model_fields if exceeded_code(model, field)]
        if bounded:
            lines += [
                "",
                f"## {title}",
                "",
                "| limit | default | what it bounds | beyond it |",
                "| --- | --- | --- | --- |",
            ]
            lines += [_bounded(model, field) for field in bounded]
    lines += ["", "## Fixed", "", "Nobody sets these.", "", "| at most | of what | beyond it |", "| --- | --- | --- |"]
    lines += [f"| {limit.value} | {limit.of} | {_more(limit.more)} |" for limit in FIXED]
    return "\n".join(lines) + "\n"


def _bounded(model: type[BaseModel], field: str) -> str:
    knob = model.model_fields[field]
    return f"| `{field}` | `{knob.default}` | {_cell(knob.description or '')} | `{exceeded_code(model, field)}` |"


def _more(said: type[OctavoError] | str) -> str:
    return said if isinstance(said, str) else f"`{said.code}`"


def jobs() -> str:
    lines = [
        "# Keys of a job",
        "",
        NOTE,
        "What stands in `input`. [runpod.md](runpod.md#jobs) has examples, what is forgiven, and the answer.",
        "",
        "| key | what it is |",
        "| --- | --- |",
        *(
            f"| `{field.alias or name}` | {_cell(field.description or '')} |"
            for name, field in Keys.model_fields.items()
        ),
        "",
        "How the document is read, by the options of `octavo parse` under their own names; the worker's settings are",
        "the defaults. `label_task_mapping` is another name of `tasks`.",
        "",
        "| key | what it does |",
        "| --- | --- |",
        *(f"| `{name}` | {_what(ParseOptions, name)} |" for name in READING),
    ]
    return "\n".join(lines) + "\n"


def error_codes() -> str:
    lines = [
        "# Errors",
        "",
        NOTE,
        "Every error has a code that stays, a fault (who can mend it) and says whether trying again may help. The same",
        "codes stand in the loss ledger (`problems`) where a part of a document failed and the rest went on.",
    ]
    for fault, heading in HEADINGS.items():
        lines += ["", f"## {heading} (`{fault}`)", "", "| code | meaning | try again? |", "| --- | --- | --- |"]
        for error in _errors():
            if error.fault is fault:
                again = "yes" if error.retryable else "no"
                lines.append(f"| `{error.code}` | {_cell(inspect.getdoc(error) or '')} | {again} |")
    return "\n".join(lines) + "\n"


def _errors() -> Iterator[type[OctavoError]]:
    for _, member in inspect.getmembers(errors, inspect.isclass):
        if issubclass(member, OctavoError):
            yield member


def exit_codes() -> str:
    faults = {code: fault.value for fault, code in FAULT_EXITS.items()}
    lines = ["# Exit codes", "", NOTE, "| code | meaning | fault of the error |", "| --- | --- | --- |"]
    lines += [f"| {code.value} | {code.meaning} | {faults.get(code, '')} |" for code in Exit]
    lines += [
        "",
        "Where all of several inputs failed, the code is that of the fault nearest to Octavo: 1 before 4 before 2.",
        "",
        "The commands:",
        "",
        *(f"- `octavo {name}`: {help_line(name)}" for name in dropins.names(frontends)),
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def keywords() -> str:
    """The keywords of `octavo.parse` as a class that type checkers and editors read."""
    fields: dict[str, str] = {}
    used: set[type] = set()
    for model in (ParseOptions, EngineSettings):
        for name, field in model.model_fields.items():
            described = textwrap.fill(
                f'"""{field.description}"""',
                116,
                initial_indent="    ",
                subsequent_indent="    ",
                break_on_hyphens=False,
            )
            fields[name] = f"    {name}: {_spelled(field.annotation, used)}\n{described}"
    homes: dict[str, set[str]] = {}
    for kind in used:
        homes.setdefault(kind.__module__, set()).add(kind.__name__)
    imports = [_import(home, sorted(names)) for home, names in sorted(homes.items())]
    return "\n".join(
        [
            '"""The keywords of `octavo.parse`, for type checkers and editors.',
            "",
            "Written by scripts/generate_docs.py from the settings: change them there, then run `make docs`.",
            '"""',
            "",
            "from collections.abc import Mapping, Sequence",
            "from typing import Literal, TypedDict",
            "",
            *imports,
            "",
            "",
            "class Keywords(TypedDict, total=False):",
            '    """The fields of ParseOptions and EngineSettings, as a caller may write them."""',
            "",
            "\n".join(fields.values()),
            "",
        ]
    )


def _import(home: str, names: Sequence[str]) -> str:
    line = f"from {home} import {', '.join(names)}"
    return line if len(line) <= 120 else "\n".join([f"from {home} import (", *(f"    {name}," for name in names), ")"])


def _spelled(kind: Any, used: set[type]) -> str:
    """A knob's type as a caller may write it: the words of a choice beside its enum, any sequence for a tuple."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " | ".join(dict.fromkeys(_spelled(part, used) for part in parts))
    if origin is tuple:
        return f"Sequence[{_spelled(parts[0], used)}]"
    if origin is Literal:
        return "str"
    if origin is not None:
        return f"Mapping[{_spelled(parts[0], used)}, {_spelled(parts[1], used)}]"
    if kind is NoneType:
        return "None"
    if kind is Any:
        return "object"
    if kind in (SecretStr, Label):  # 25 words are too many to list
        return "str"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        used.add(kind)
        words = ", ".join(f'"{word.value}"' for word in kind)
        return f"{kind.__name__} | Literal[{words}]"
    return str(kind.__name__)


PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "docs/options.md": options,
        "docs/limits.md": limits,
        "docs/jobs.md": jobs,
        "docs/errors.md": error_codes,
        "docs/exit-codes.md": exit_codes,
        "src/octavo/settings/keywords.py": keywords,
    }
)


def main(words: Sequence[str]) -> int:
    stale = []
    for name, written in PAGES.items():
        page = ROOT / name
        text = written()
        if not page.is_file() or page.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in words:
                page.write_text(text, encoding="utf-8")
    if stale and "--check" in words:
        sys.stderr.write(f"not current: {', '.join(stale)}; run `make docs`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
