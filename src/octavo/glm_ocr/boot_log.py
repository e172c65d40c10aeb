"""What vLLM's log says of where the time of its start goes. Its lines are for people and change with its versions: a
part that no line tells of is left out, never guessed. The words are those of vLLM 0.32."""

import re
from collections.abc import Mapping
from types import MappingProxyType

_PARTS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "weights": re.compile(r"Loading weights took (\d+(?:\.\d+)?) seconds"),  # once per model: drafters load too
        "compile": re.compile(r"torch\.compile took (\d+(?:\.\d+)?) s in total"),
        "profile": re.compile(r"Initial profiling/warmup run took (\d+(?:\.\d+)?) s"),
        "graphs": re.compile(r"Graph capturing finished in (\d+(?:\.\d+)?) secs"),
        "engine": re.compile(r"init engine \([^)]*\) took (\d+(?:\.\d+)?) s"),  # compile, profile and graphs are in it
    }
)
_ENGINE_BEGINS = re.compile(r"Initializing a V\d+ LLM engine")


class BootLog:
    """The parts of one start, in seconds, line by line as they come."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def note(self, line: str, since_start: float) -> None:
        """`since_start`: seconds from the start of the process to this line."""
        if "imports" not in self.seconds and _ENGINE_BEGINS.search(line):
            self.seconds["imports"] = since_start  # of Python packages, in two processes, and what is settled first
        for part, words in _PARTS.items():
            if found := words.search(line):
                self.seconds[part] = self.seconds.get(part, 0.0) + float(found[1])
