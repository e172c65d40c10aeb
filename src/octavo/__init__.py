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
