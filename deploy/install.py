"""pip where Python packages of the distribution lie in the way.

    python3 install.py install ...      every command of pip
    python3 install.py missing LOCK     the lines of a lock whose packages are not here, with their hashes

vLLM's image has some, under /usr/lib/python3. Where pip finds one too old it stops, for it cannot remove what comes
without a list of its files. Here it does not see them: what is needed goes to /usr/local, where Python looks first,
and theirs stay as they are.

What vLLM's image brings stays too, in its versions: a silently upgraded torch breaks it. So the lock is not installed
whole. What of it is missing is, with its hash and without what it depends on, and a gate of gates.py then says whether
all that it depends on is there and new enough.
"""

import importlib.metadata
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path


def missing(lock: str, here: set[str]) -> Iterator[str]:
    """The entries of a lock that are not `here`, by canonical name; an entry goes on in the lines after it."""
    for entry in re.findall(r"^[A-Za-z0-9].*(?:\n .*)*", lock, re.MULTILINE):
        if canonical(re.split(r"[=\s;]", entry, maxsplit=1)[0]) not in here:
            yield entry


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.path[:] = [folder for folder in sys.path[1:] if not folder.startswith("/usr/lib/python3/")]
    if sys.argv[1:2] == ["missing"]:
        installed = {canonical(found.metadata["Name"] or "") for found in importlib.metadata.distributions()}
        print("\n".join(missing(Path(sys.argv[2]).read_text(), installed)))
    else:
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
