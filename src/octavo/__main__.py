"""`octavo <front end>`: finds the front ends, runs one, turns errors into a line and an exit code.

The front end that was named is the only one imported: `octavo --help` must not wait for libraries it does not need.
"""

import ast
import atexit
import gc
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Final

from octavo import __version__, dropins, frontends
from octavo.drawing import starting
from octavo.errors import OctavoError
from octavo.frontends._exits import FAULT_EXITS, Exit

_DRAW_AT_ONCE: Final = frozenset({"parse", "trace"})  # front ends that open a document as soon as they are loaded
_HELP: Final = frozenset({"-h", "--help", "--help-all"})


def command() -> int:
    """`main` as a process of its own. It ends once all that has to be done at an end is done, and does not take itself
    apart, module by module, which takes 30 ms for nothing."""
    codes: list[int] = []
    atexit.register(_end_at_once, codes)  # first in, last out
    codes.append(main())
    return codes[0]


def _end_at_once(codes: Sequence[int]) -> None:
    if not codes:  # by an exception, of argparse for one: as usual
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # its reader is gone, which has been told
            stream.flush()
    os._exit(codes[0])


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    if _draws_soon(words):
        starting.ahead()
    try:
        with _importing():
            parser = _parser(words)
        arguments = parser.parse_args(words)
        if arguments.front_end is None:
            parser.print_help()
            return Exit.CALLER
        code: int = dropins.load(frontends, arguments.front_end).run(arguments)
        sys.stdout.flush()
    except OctavoError as error:
        sys.stderr.write(f"octavo: {error.message} [{error.code}]\n")
        return FAULT_EXITS[error.fault]
    except KeyboardInterrupt:
        sys.stderr.write("octavo: interrupted\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # the reader is gone: nothing may be written to it any more, not even on the way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.BROKEN_PIPE
    return code


def _parser(words: Sequence[str]) -> ArgumentParser:
    parser = ArgumentParser("octavo", description="PDFs and page images into structured documents.")
    parser.add_argument("--version", action="version", version=f"octavo {__version__}")
    chosen = next((word for word in words if not word.startswith("-")), None)
    commands = parser.add_subparsers(dest="front_end", title="commands", metavar="COMMAND")
    names = dropins.names(frontends)
    for name in [chosen] if chosen in names and words[0] == chosen else names:  # nobody will see the others
        line = help_line(name)
        command = commands.add_parser(name, help=line, description=line, allow_abbrev=False)
        if name == chosen:
            dropins.load(frontends, name).add_arguments(command)
    return parser


def _draws_soon(words: Sequence[str]) -> bool:
    """Whether a document will be opened once the front end is loaded, in a process that draws nothing yet."""
    does = bool(words) and words[0] in _DRAW_AT_ONCE and _HELP.isdisjoint(words)
    return does and "octavo.drawing.pool" not in sys.modules


@contextmanager
def _importing() -> Iterator[None]:
    """While libraries are loaded. What is imported is no garbage: to look through it again and again takes a tenth of a
    start. OpenBLAS comes with numpy, and no stage asks it for more than a few numbers: its threads would spin for
    50 ms of CPU until they find that there is nothing to do."""
    threads = "OPENBLAS_NUM_THREADS"
    told = threads in os.environ
    os.environ.setdefault(threads, "1")
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        if not told:  # what we start, vLLM for one, has a mind of its own
            del os.environ[threads]


def help_line(name: str) -> str:
    """The first line of a front end's docstring, read without importing it."""
    spec = find_spec(f"{frontends.__name__}.{name}")
    if spec is None or spec.origin is None:
        return ""
    with open(spec.origin, encoding="utf-8") as source:  # noqa: PTH123 - pathlib alone would add 5 ms to --help
        text = ast.get_docstring(ast.parse(source.read())) or ""
    return text.partition("\n")[0]


if __name__ == "__main__":
    sys.exit(command())
