"""Writes docling's layout network with random weights: its speed can be measured where its weights cannot be had.

    python make_docling_layout.py FOLDER       in the peers' environment; FOLDER then serves as DOCLING_ARTIFACTS

The shape is RT-DETRv2 with the defaults of transformers, which docling-layout-heron uses, and its 17 labels.
"""

import sys
from pathlib import Path

from transformers import RTDetrImageProcessor, RTDetrV2Config, RTDetrV2ForObjectDetection

LABELS = [
    *("caption", "footnote", "formula", "list_item", "page_footer", "page_header", "picture", "section_header"),
    *("table", "text", "title", "document_index", "code", "checkbox_selected", "checkbox_unselected", "form"),
    "key_value_region",
]

folder = Path(sys.argv[1]) / "docling-project--docling-layout-heron"
config = RTDetrV2Config(id2label=dict(enumerate(LABELS)), label2id={name: i for i, name in enumerate(LABELS)})
RTDetrV2ForObjectDetection(config).save_pretrained(folder)
RTDetrImageProcessor(size={"height": 640, "width": 640}).save_pretrained(folder)
