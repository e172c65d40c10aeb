"""`{name}.txt`: the document's words without mark-up, for search and for diffs."""

from collections.abc import Iterator

from octavo.document import Artifact, Document
from octavo.renderers import Pictures
from octavo.renderers._elements import Code, Formula, Heading, Items, Paragraph, elements
from octavo.renderers._flow import Kind, Piece, pieces
from octavo.settings import ParseOptions
from octavo.tables import html as table_html


def render(document: Document, pictures: Pictures, options: ParseOptions) -> Iterator[Artifact]:
    parts = (part for piece in pieces(document, options) if (part := _plain(piece)))
    text = "\n\n".join(parts)
    text = f"{text}\n" if text else ""
    yield Artifact(f"{document.name}.txt", "text/plain; charset=utf-8", text.encode("utf-8", "replace"))


def _plain(piece: Piece) -> str:
    match piece.kind:
        case Kind.TEXT:
            return "\n\n".join(_element(element) for element in elements(piece.text))
        case Kind.TABLE:
            rows = (row for table in table_html.parsed(piece.text) for row in table.rows)
            return "\n".join("\t".join(cell.text for cell in row) for row in rows)
        case Kind.PICTURE:
            return f"[{piece.text}: {piece.path}]"
        case Kind.LOSS:
            return f"[{piece.text}]" + (f"\n{piece.saved}" if piece.saved else "")


def _element(element: Heading | Paragraph | Items | Code | Formula) -> str:
    match element:
        case Heading(text=text) | Code(text=text) | Formula(text=text):
            return text
        case Paragraph(lines=lines):
            return "\n".join(lines)
        case Items(items=items):
            return "\n".join(f"{'  ' * item.depth}{item.marker} {item.text}" for item in items)
