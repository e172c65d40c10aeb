"""Runs the official SDK: a task's name as argument, its cases as JSON on stdin, the results as JSON on stdout.

Started by the tests with the Python of the SDK's own environment, so it imports nothing of Octavo's.
"""

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any


def formatted(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`ResultFormatter.process` with the packaged configuration and the switches a case gives."""
    from glmocr.config import GlmOcrConfig
    from glmocr.postprocess import ResultFormatter

    packaged = GlmOcrConfig.from_yaml().pipeline.result_formatter
    results = []
    for case in cases:
        formatter = ResultFormatter(packaged.model_copy(update=case.get("switches", {})))
        pages = case["pages"]
        pictures = {
            (number, *region["bbox_2d"]): True
            for number, page in enumerate(pages)
            for region in page
            if region["task_type"] == "skip"
        }
        result, markdown, files = formatter.process(pages, cropped_images=pictures or None)
        results.append({"json_result": json.loads(result), "markdown_result": markdown, "files": list(files)})
    return results


def cleaned_of_repeats(cases: list[str]) -> list[str]:
    from glmocr.utils.result_postprocess_utils import clean_repeated_content

    return [clean_repeated_content(case) for case in cases]


TASKS: dict[str, Callable[[Any], Any]] = {
    "formatted": formatted,
    "cleaned_of_repeats": cleaned_of_repeats,
}


def main() -> None:
    warnings.simplefilter("ignore")
    result = TASKS[sys.argv[1]](json.load(sys.stdin))
    sys.stdout.write("\x1e" + json.dumps(result))  # what comes before the mark was printed by a library


if __name__ == "__main__":
    main()
