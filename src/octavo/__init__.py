"""PDFs and page images into structured documents: layout regions, reading order, Markdown, JSON.

import octavo
document = octavo.parse("statement.pdf")
print(octavo.to_markdown(document))

Names load when they are first used: `import octavo` itself loads nothing heavy.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from octavo.api import parse as parse
    from octavo.api import to_markdown as to_markdown
    from octavo.content import Cell as Cell
    from octavo.content import Code as Code
    from octavo.content import Content as Content
    from octavo.content import Form as Form
    from octavo.content import FormRow as FormRow
    from octavo.content import Formula as Formula
    from octavo.content import Heading as Heading
    from octavo.content import Items as Items
    from octavo.content import ListItem as ListItem
    from octavo.content import Mixed as Mixed
    from octavo.content import Picture as Picture
    from octavo.content import Prose as Prose
    from octavo.content import Run as Run
    from octavo.content import Table as Table
    from octavo.content import Verbatim as Verbatim
    from octavo.document import Block as Block
    from octavo.document import Document as Document
    from octavo.document import Page as Page
    from octavo.document import Problem as Problem
    from octavo.document import Region as Region
    from octavo.errors import OctavoError as OctavoError
    from octavo.parser import Parser as Parser
    from octavo.settings import EngineSettings as EngineSettings
    from octavo.settings import ParseOptions as ParseOptions

__version__ = "0.1.0"

_HOMES = {
    "parse": "api",
    "to_markdown": "api",
    "Cell": "content",
    "Code": "content",
    "Content": "content",
    "Form": "content",
    "FormRow": "content",
    "Formula": "content",
    "Heading": "content",
    "Items": "content",
    "ListItem": "content",
    "Mixed": "content",
    "Picture": "content",
    "Prose": "content",
    "Run": "content",
    "Table": "content",
    "Verbatim": "content",
    "Block": "document",
    "Document": "document",
    "Page": "document",
    "Problem": "document",
    "Region": "document",
    "OctavoError": "errors",
    "Parser": "parser",
    "EngineSettings": "settings",
    "ParseOptions": "settings",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'octavo' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"octavo.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
