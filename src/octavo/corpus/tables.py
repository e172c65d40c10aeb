"""Documents, pages and blocks as rows, for `datasets`, DuckDB and Spark. The home of pyarrow.

The same rows give the same bytes, so nothing is in them that depends on when or where a document was read. Pages count
from 0 and boxes are 0..1000 of the page, as in the JSON.
"""

import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from octavo.api import to_markdown
from octavo.document import Document, Page
from octavo.errors import EngineUnavailable, SourceInvalid
from octavo.frozen import frozen
from octavo.renderers import glmocr_json
from octavo.settings import ParseOptions

if TYPE_CHECKING:
    import pyarrow

_ROWS_AT_A_TIME: Final = 1024  # of a list

# table -> column -> type, in pyarrow's words; "[x]" is a list of x
TABLES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "documents": {
            "document": "string",
            "status": "string",
            "page_count": "int32",
            "pages": "int32",
            "error": "string",
            "message": "string",
            "problems": "[string]",
        },
        "pages": {
            "document": "string",
            "page": "int32",
            "width": "int32",
            "height": "int32",
            "rotation": "int16",
            "text_layer": "string",
            "markdown": "string",
            "problems": "[string]",
        },
        "blocks": {
            "document": "string",
            "page": "int32",
            "index": "int32",
            "label": "string",
            "native_label": "string",
            "role": "string",
            "level": "int8",
            "continues": "bool_",
            "text": "string",
            "bbox": "[int16]",
            "score": "float32",
            "source": "string",
            "origin": "string",
            "confidence": "float32",
            "problems": "[string]",
        },
    }
)


@frozen
class Rows:
    """What one document gives to each table."""

    pages: Sequence[Mapping[str, Any]]
    blocks: Sequence[Mapping[str, Any]]

    def packed(self) -> bytes:
        text = json.dumps({"pages": self.pages, "blocks": self.blocks}, ensure_ascii=False, separators=(",", ":"))
        return gzip.compress(text.encode("utf-8", "replace"), 6, mtime=0)

    @classmethod
    def unpacked(cls, data: bytes) -> "Rows":
        """Raises SourceInvalid."""
        try:
            value = json.loads(gzip.decompress(data))
            return cls(value["pages"], value["blocks"])
        except (OSError, EOFError, ValueError, LookupError, TypeError) as error:
            raise SourceInvalid("the rows of a document cannot be read back") from error


def of(name: str, document: Document, options: ParseOptions) -> Rows:
    """The rows of a document. `name` is what the corpus calls it."""
    regions = glmocr_json.pages(document, options)
    return Rows(
        [_page(name, page, options) for page in document.pages],
        [
            _block(name, page.number, region)
            for page, on_page in zip(document.pages, regions, strict=True)
            for region in on_page
        ],
    )


def _page(name: str, page: Page, options: ParseOptions) -> dict[str, Any]:
    alone = Document("document", (page,), page_count=1, problems=page.problems)
    return {
        "document": name,
        "page": page.number,
        "width": page.size.width,
        "height": page.size.height,
        "rotation": page.rotation,
        "text_layer": page.text_layer.value if page.text_layer else None,
        "markdown": to_markdown(alone, options),
        "problems": [problem.code for problem in page.problems],
    }


def _block(name: str, page: int, region: Mapping[str, Any]) -> dict[str, Any]:
    same = ("index", "label", "native_label", "role", "level", "continues", "score", "source", "origin", "confidence")
    return {
        "document": name,
        "page": page,
        **{key: region.get(key) for key in same},
        "text": region["content"],
        "bbox": region["bbox_2d"],
        "problems": [problem["code"] for problem in region.get("problems", ())],
    }


# --- files of rows --------------------------------------------------------------------------------------------------


def as_jsonl(table: str, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A line a row, gzip."""
    lines = (json.dumps({key: row.get(key) for key in TABLES[table]}, ensure_ascii=False) for row in rows)
    return gzip.compress("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"), 6, mtime=0)


def as_parquet(table: str, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Raises EngineUnavailable."""
    arrow = needed()
    import pyarrow.parquet

    columns = TABLES[table]
    schema = arrow.schema([(name, _type(arrow, kind)) for name, kind in columns.items()])
    clean = [{key: _clean(row.get(key)) for key in columns} for row in rows]
    file = io.BytesIO()
    pyarrow.parquet.write_table(arrow.Table.from_pylist(clean, schema=schema), file, compression="zstd")
    return file.getvalue()


def rows(file: BinaryIO) -> Iterator[Mapping[str, Any]]:
    """The rows of a Parquet file. Raises SourceInvalid, EngineUnavailable."""
    arrow = needed()
    import pyarrow.parquet

    try:
        for batch in pyarrow.parquet.ParquetFile(file).iter_batches(_ROWS_AT_A_TIME):
            yield from batch.to_pylist()
    except arrow.ArrowException as error:
        raise SourceInvalid("the list is no Parquet file that can be read") from error


def needed() -> "pyarrow":
    """The library, or EngineUnavailable."""
    try:
        import pyarrow
    except ModuleNotFoundError as missing:
        raise EngineUnavailable("Parquet needs the package 'pyarrow': pip install 'octavo[batch]'") from missing
    return pyarrow


def _type(arrow: "pyarrow", kind: str) -> Any:
    return arrow.list_(_type(arrow, kind[1:-1])) if kind.startswith("[") else getattr(arrow, kind)()


def _clean(value: object) -> object:
    """Half of a character is none, and Parquet has only whole ones."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
