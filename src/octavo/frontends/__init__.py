"""Socket: how work arrives. One file per way in; its file name is what users type after `octavo`.

A module here opens with a docstring whose first line is its help; it is imported only when it is named. Modules with a
leading underscore are shared by the front ends and are none themselves.
"""

from argparse import ArgumentParser, Namespace
from typing import Protocol


class FrontEnd(Protocol):
    """The shape of a module here."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Its flags; those of settings come from the settings."""
        ...

    def run(self, arguments: Namespace) -> int:
        """Do the work and say the exit code. An OctavoError that leaves becomes one line and its fault's code."""
        ...
