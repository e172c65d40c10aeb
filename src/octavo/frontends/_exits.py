"""What the command line's exit code says, and which fault leads to which."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Self

from octavo.errors import Fault


class Exit(IntEnum):
    """Exit codes; `meaning` is the sentence that docs and help show."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    SUCCESS = 0, "Everything was read."
    OURS = 1, "The installation or a defect of Octavo: an engine cannot run here, something unexpected happened."
    CALLER = 2, "The call or the input: a wrong flag, a missing, encrypted, corrupt or unsupported file."
    PARTIAL = 3, "Something is in the output and something is missing: a lost region or page, or some of several files."
    UPSTREAM = 4, "A server that is needed did not do its part: a download, the model's server. Trying again may help."
    INTERRUPTED = 130, "Ctrl-C. Finished pages are in the output, in whole files; the next run goes on there."
    BROKEN_PIPE = 141, "The program that read the output went away."
    TERMINATED = 143, "The process was asked to end (SIGTERM): as with Ctrl-C."


FAULT_EXITS: Mapping[Fault, Exit] = MappingProxyType(
    {Fault.CALLER: Exit.CALLER, Fault.UPSTREAM: Exit.UPSTREAM, Fault.OURS: Exit.OURS}
)
