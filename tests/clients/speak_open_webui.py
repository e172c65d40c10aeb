"""Open WebUI's loaders against a server: the two classes of its own files, without the rest of it."""

import ast
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Union
from urllib.parse import quote

import requests

url, kind, file = sys.argv[1:]
names = {"external": ("external_document.py", "ExternalDocumentLoader"), "docling": ("main.py", "DoclingLoader")}
source, name = names[kind]
tree = ast.parse((Path(sys.prefix) / "open_webui" / source).read_text())
theirs = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
around = {
    "BaseLoader": object,
    "Document": SimpleNamespace,
    "log": logging.getLogger(name),
    "os": os,
    "quote": quote,
    "requests": requests,
    "AIOHTTP_CLIENT_SESSION_SSL": True,
    "List": list,
    "Union": Union,
    "Iterator": Iterator,
    "parse_custom_headers": lambda *_, **__: {},
}
exec(compile(ast.Module([theirs], []), source, "exec"), around)
loader = around[name](url=url, api_key="key", file_path=file, mime_type="application/pdf")
print(json.dumps([[document.page_content, document.metadata] for document in loader.load()]))
