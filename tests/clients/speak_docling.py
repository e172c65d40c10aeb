"""docling's client against a server: the document it rebuilds, as Markdown, and how it ended."""

import json
import sys
from pathlib import Path

from docling.service_client import DoclingServiceClient

url, source = sys.argv[1:]
with DoclingServiceClient(url=url) as client:
    result = client.convert(source if source.startswith("http") else Path(source), raises_on_error=False)
    print(
        json.dumps(
            {
                "health": client.health().status,
                "status": result.status.value,
                "errors": [error.error_message for error in result.errors],
                "markdown": result.document.export_to_markdown(),
                "pages": sorted(result.document.pages),
                "texts": [[item.label.value, item.text] for item in result.document.texts],
                "tables": [table.export_to_markdown(result.document) for table in result.document.tables],
            }
        )
    )
