"""Socket: routes that others' clients speak. One file per dialect, each translating to the one job.

What a dialect asks for and Octavo cannot do is refused by its name; nothing is read otherwise than it was asked for.
"""

from typing import Protocol

from fastapi import APIRouter


class Dialect(Protocol):
    """The shape of a module here."""

    router: APIRouter
