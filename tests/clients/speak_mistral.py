"""Mistral's client against a server: its answer as JSON."""

import json
import sys

from mistralai.client import Mistral

url, document, wish = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
with Mistral(api_key="key", server_url=url) as client:
    answer = client.ocr.process(
        model="mistral-ocr-latest", document={"type": "document_url", "document_url": document}, **wish
    )
print(answer.model_dump_json())
