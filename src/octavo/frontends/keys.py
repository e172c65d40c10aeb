"""Make a key for a server: it is shown once, its line goes into the server's file.

octavo keys TEAM >> keys        the line into the file, the key onto the terminal
"""

import sys
from argparse import ArgumentParser, Namespace

from octavo.frontends._exits import Exit
from octavo.frontends._keys import SCOPES, made


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="of who will have it, for limits and logs; no blanks")
    parser.add_argument(
        "--scopes", default="parse", metavar="SCOPE,...", help=f"of: {', '.join(SCOPES)} [default: parse]"
    )


def run(arguments: Namespace) -> int:
    secret, line = made(arguments.name, arguments.scopes)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    sys.stderr.write(f"The key of {arguments.name}, which nothing can show again: {secret}\n")
    return int(Exit.SUCCESS)
