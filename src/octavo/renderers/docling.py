"""`{name}.docling.json`: a DoclingDocument, as docling and what is built on it read one.

Each block is an item with its page and box, in reading order; joins over page breaks are left to who reads it. A loss
is an item of text that says so. Pictures are items without their bytes. The form is docling-core's, schema 1.7.
"""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from octavo.content import (
    Code,
    Content,
    Formula,
    Heading,
    Items,
    Mixed,
    Picture,
    Table,
    plain,
    text_of,
)
from octavo.document import Artifact, Block, Document, Label, Page, Role
from octavo.geometry import SCALE, Box
from octavo.renderers import Pictures, _pictures
from octavo.settings import Furniture, ParseOptions

_Json: TypeAlias = dict[str, object]

_VERSION = "1.7.0"
_LABELS = {
    Label.DOC_TITLE: "title",
    Label.FIGURE_TITLE: "caption",
    Label.FOOTER: "page_footer",
    Label.FOOTNOTE: "footnote",
    Label.HEADER: "page_header",
    Label.NUMBER: "page_footer",
    Label.REFERENCE_CONTENT: "reference",
    Label.VISION_FOOTNOTE: "footnote",
}


def render(document: Document, pictures: Pictures, options: ParseOptions) -> Iterator[Artifact]:
    text = json.dumps(_Written(document, options).document, ensure_ascii=False)
    yield Artifact(f"{document.name}.docling.json", "application/json", text.encode("utf-8", "replace"))


def count(document: Document, options: ParseOptions) -> int:
    return 1


class _Written:
    """The document as its lists of items, which point at each other."""

    def __init__(self, document: Document, options: ParseOptions) -> None:
        self._groups: list[_Json] = []
        self._texts: list[_Json] = []
        self._pictures: list[_Json] = []
        self._tables: list[_Json] = []
        self._body: list[_Json] = []
        for page in document.pages:
            for block in page.blocks:
                if block.role is Role.BODY or (
                    block.role is Role.FURNITURE and options.furniture is not Furniture.DROP
                ):
                    self._block(block, page)
            for problem in _pictures.losses_of_page(page):
                self._lost(f"{problem.message} [{problem.code}]", page, problem.box or Box.of_page())
        self.document: _Json = {
            "schema_name": "DoclingDocument",
            "version": _VERSION,
            "name": document.name,
            "furniture": _root("furniture", []),
            "body": _root("body", self._body),
            "groups": self._groups,
            "texts": self._texts,
            "pictures": self._pictures,
            "tables": self._tables,
            "key_value_items": [],
            "form_items": [],
            "pages": {
                str(page.number + 1): {"page_no": page.number + 1, "size": _size(page)} for page in document.pages
            },
        }

    def _block(self, block: Block, page: Page) -> None:
        box, layer = block.region.box, "body" if block.role is Role.BODY else "furniture"
        for problem in block.recognition.problems:
            if block.content is None:
                saved = f"\n{problem.saved_text}" if problem.saved_text else ""
                self._lost(f"{problem.message} [{problem.code}]{saved}", page, box)
        parts = block.content.parts if isinstance(block.content, Mixed) else (block.content,)
        for content in parts:
            if content is not None:
                self._content(content, block.region.label, page, box, layer)

    def _content(self, content: Content, label: Label, page: Page, box: Box, layer: str) -> None:
        match content:
            case Picture(lines):
                picture = self._add(self._pictures, "pictures", "picture", page, box, layer, _captions())
                for line in lines:
                    self._text(line, "text", page, box, layer, {}, picture)
            case Table():
                self._table(content, page, box, layer)
            case Items(items):
                group = self._add(self._groups, "groups", "list", page, box, layer, {"name": "list"})
                del group["prov"]
                for item in items:
                    marker = item.marker
                    more: _Json = {"marker": marker, "enumerated": any(map(str.isalnum, marker))}
                    self._text(text_of(item.runs), "list_item", page, box, layer, more, group)
            case Heading(level, runs) if label is not Label.DOC_TITLE:
                self._text(text_of(runs), "section_header", page, box, layer, {"level": level})
            case Code(text, language):
                more = {"code_language": language or "unknown"} | _captions()
                self._text(text, "code", page, box, layer, more)
            case Formula(latex):
                self._text(latex, "formula", page, box, layer)
            case _:
                said = _LABELS.get(label, "text")
                self._text(plain(content), said, page, box, layer)

    def _table(self, table: Table, page: Page, box: Box, layer: str) -> None:
        cells: list[_Json] = [
            {
                "text": cell.text,
                "row_span": cell.row_span,
                "col_span": cell.column_span,
                "start_row_offset_idx": row,
                "end_row_offset_idx": row + cell.row_span,
                "start_col_offset_idx": column,
                "end_col_offset_idx": column + cell.column_span,
                "column_header": cell.header,
                "row_header": False,
                "row_section": False,
            }
            for row, column, cell in table.placed()
        ]
        data = {"table_cells": cells, "num_rows": len(table.rows), "num_cols": table.columns}
        self._add(self._tables, "tables", "table", page, box, layer, {"data": data} | _captions())

    def _lost(self, why: str, page: Page, box: Box) -> None:
        self._text(f"[not read: {why}]", "text", page, box, "body")

    def _text(
        self,
        text: str,
        label: str,
        page: Page,
        box: Box,
        layer: str,
        more: Mapping[str, object] = MappingProxyType({}),
        parent: _Json | None = None,
    ) -> None:
        said = {"orig": text, "text": text, **more}
        self._add(self._texts, "texts", label, page, box, layer, said, parent, span=len(text))

    def _add(
        self,
        items: list[_Json],
        kind: str,
        label: str,
        page: Page,
        box: Box,
        layer: str,
        more: _Json,
        parent: _Json | None = None,
        *,
        span: int = 0,
    ) -> _Json:
        reference = f"#/{kind}/{len(items)}"
        prov = {"page_no": page.number + 1, "bbox": _box(box, page), "charspan": [0, span]}
        item: _Json = {
            "self_ref": reference,
            "parent": {"$ref": "#/body" if parent is None else parent["self_ref"]},
            "children": [],
            "content_layer": layer,
            "label": label,
            "prov": [prov],
        } | more
        items.append(item)
        children = self._body if parent is None else parent["children"]
        if isinstance(children, list):
            children.append({"$ref": reference})
        return item


def _captions() -> _Json:
    return {"captions": [], "footnotes": [], "references": []}


def _root(layer: str, children: list[_Json]) -> _Json:
    return {
        "self_ref": f"#/{layer}",
        "children": children,
        "content_layer": layer,
        "name": "_root_",
        "label": "unspecified",
    }


def _size(page: Page) -> _Json:
    """Points, as docling has them; of a page that could not be drawn, none."""
    scale = 72 / page.dpi if page.dpi else 1.0
    return {"width": round(page.size.width * scale, 2), "height": round(page.size.height * scale, 2)}


def _box(box: Box, page: Page) -> _Json:
    across, down = (float(str(_size(page)[side])) / SCALE for side in ("width", "height"))
    left, top, right, bottom = box.left * across, box.top * down, box.right * across, box.bottom * down
    edges = {"l": left, "t": top, "r": right, "b": bottom}
    return {name: round(value, 2) for name, value in edges.items()} | {"coord_origin": "TOPLEFT"}
