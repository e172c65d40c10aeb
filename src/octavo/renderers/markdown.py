"""`{name}.md`: the document's text from top to bottom, for reading and for language models.

Pages follow each other without a mark; a paragraph cut by a page is one paragraph. What is not in the text says so in
a quotation, at the place where it is missing.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Final
from urllib.parse import quote

from octavo.content import runs_of, says
from octavo.document import Artifact, Document, Role
from octavo.markup.markdown import line, written
from octavo.renderers import Pictures, _pictures
from octavo.renderers._flow import Lost, Passage, PictureShown, Said, passages
from octavo.settings import OfficialVersion, ParseOptions, Profile

_BRACKET, _ESCAPED = re.compile(r"([\[\]])"), r"\\\1"
_TO_QUOTE: Final = re.compile(r"[^\w/.~-]")  # what would end a link, or be taken for a part of an address


def render(document: Document, pictures: Pictures, options: ParseOptions) -> Iterator[Artifact]:
    faithful = options.profile is Profile.FAITHFUL
    data = _faithful(document, options) if faithful else _official(document, options).encode("utf-8", "replace")
    yield Artifact(f"{document.name}.md", "text/markdown; charset=utf-8", data)


def count(document: Document, options: ParseOptions) -> int:
    return 1


def _faithful(document: Document, options: ParseOptions) -> bytes:
    """In UTF-8, passage by passage: a string, its parts and its bytes would be there at once."""
    text = BytesIO()
    for passage in passages(document, options):
        apart = "\n\n" if text.tell() else ""
        text.write(f"{apart}{_markdown(passage)}".encode("utf-8", "replace"))
    if text.tell():
        text.write(b"\n")
    return text.getvalue()


def _markdown(passage: Passage) -> str:
    match passage:
        case Said(content=content):
            return written(content)
        case PictureShown(alt=alt, path=path):
            name = _BRACKET.sub(_ESCAPED, line(runs_of(alt)))
            return f"![{name}]({_TO_QUOTE.sub(lambda found: quote(found[0]), path)})"
        case Lost(text=text, saved=saved):
            lines = [f"**{text}**", *(["", *saved.splitlines()] if saved else [])]
            return "\n".join(f"> {line}".rstrip() for line in lines)


def _official(document: Document, options: ParseOptions) -> str:
    """As the SDK joins it: byte for byte, so what is lost or left out does not show here but in the report.

    The SDK 0.1.1 says of a picture where it is on its page, and puts its file there when it writes the files out.
    """
    places_only = options.official_version is OfficialVersion.V0_1_1 and "crops" not in options.formats
    named = _pictures.named(document, options)
    pages: list[str] = []
    for page in document.pages:
        parts: list[str] = []
        for block in page.blocks:
            picture = named.get((page.number, block.index))
            if picture is not None and places_only:
                box = ", ".join(map(str, _pictures.official_box(block)))
                parts.append(f"![](page={page.number},bbox=[{box}])")
            elif picture is not None:
                parts.append(f"![{picture.alt}]({picture.path})")
            elif block.role is Role.BODY and _pictures.officially_shown(block, options) != "image":
                parts += [written(block.content)] if says(block.content) else []
        pages.append("\n\n".join(parts))
    return "\n\n".join(pages)
