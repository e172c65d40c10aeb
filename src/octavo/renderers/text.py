"""`{name}.txt`: the document's words without mark-up, for search and for diffs."""

from collections.abc import Iterator

from octavo.content import (
    Code,
    Content,
    Form,
    Formula,
    Heading,
    Items,
    Mixed,
    Picture,
    Prose,
    Runs,
    Table,
    Verbatim,
    plain,
)
from octavo.document import Artifact, Document
from octavo.markup import markdown
from octavo.renderers import Pictures
from octavo.renderers._flow import Lost, Passage, PictureShown, Said, passages
from octavo.settings import ParseOptions


def render(document: Document, pictures: Pictures, options: ParseOptions) -> Iterator[Artifact]:
    parts = (part for passage in passages(document, options) if (part := _plain(passage)))
    text = "\n\n".join(parts)
    text = f"{text}\n" if text else ""
    yield Artifact(f"{document.name}.txt", "text/plain; charset=utf-8", text.encode("utf-8", "replace"))


def count(document: Document, options: ParseOptions) -> int:
    return 1


def _plain(passage: Passage) -> str:
    match passage:
        case Said(content=content):
            return _words(content)
        case PictureShown(alt=alt, path=path):
            return f"[{alt}: {path}]"
        case Lost(text=text, saved=saved):
            return f"[{text}]" + (f"\n{saved}" if saved else "")


def _words(content: Content) -> str:
    match content:
        case Prose(lines):
            return "\n".join(map(_line, lines))
        case Heading(_, runs):
            return _line(runs)
        case Items(items):
            return "\n".join(f"{'  ' * item.depth}{item.marker} {_line(item.runs)}" for item in items)
        case Formula(latex, str() as number):
            return f"{latex} \\tag{{{number}}}"
        case Code() | Formula() | Table() | Picture() | Form():
            return plain(content)
        case Verbatim(text):
            return _words(markdown.read(text))
        case Mixed(parts):
            return "\n\n".join(map(_words, parts))


def _line(runs: Runs) -> str:
    """Inline formulas stay LaTeX between `$`."""
    return "".join(f"${run.text}$" if run.formula else run.text for run in markdown.unmarked(runs))
