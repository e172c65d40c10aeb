"""Logs of workers: one line each, an exception by its kind and place.

A traceback would put paths of the container, and an exception's message text of somebody's document, into the logs of
a platform.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from types import FrameType, TracebackType
from typing import TypeAlias

ExceptionInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

_DEEPEST = 6  # frames named


def configure(level: str, *, json_lines: bool = False) -> None:
    """Log to standard error from this level on."""
    handler = logging.StreamHandler(sys.stderr)
    form = "%(asctime)s %(levelname)s %(name)s %(message)s"
    handler.setFormatter(_JsonLine() if json_lines else _OneLine(form))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def place_of(frame: FrameType | None) -> str:
    """Module and line, innermost first."""
    places: list[str] = []
    while frame is not None and len(places) < _DEEPEST:
        places.append(f"{frame.f_globals.get('__name__')}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(places)


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", " | ")

    def formatException(self, ei: ExceptionInfo) -> str:
        kind, _, trace = ei
        places: list[str] = []
        while trace is not None:
            places.append(f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}")
            trace = trace.tb_next
        return f"{kind.__name__ if kind else 'error'} at {' < '.join(reversed(places[-_DEEPEST:]))}"


class _JsonLine(_OneLine):
    """An object a line: `job=... pages=...` of a message are its fields, as a log's store takes them."""

    def format(self, record: logging.LogRecord) -> str:
        event, *words = record.getMessage().split(" ")
        pairs = [word.partition("=") for word in words]
        said: dict[str, str] = {"event": event} | {name: value for name, equals, value in pairs if equals}
        if not all(equals for _, equals, _ in pairs):  # prose
            said = {"event": record.getMessage()}
        about = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.exc_info:
            about["exception"] = self.formatException(record.exc_info)
        return json.dumps(about | said, ensure_ascii=False)
