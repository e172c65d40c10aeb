"""Plural folders are sockets: each file in one is an implementation, named as users type it."""

import pkgutil
from importlib import import_module
from types import ModuleType

from octavo.errors import OptionInvalid


def names(socket: ModuleType) -> list[str]:
    """The implementations in a socket package, sorted; none is imported."""
    return sorted(module.name for module in pkgutil.iter_modules(socket.__path__) if not module.name.startswith("_"))


def load(socket: ModuleType, name: str) -> ModuleType:
    """Import one implementation. Raises OptionInvalid for a name that is not there."""
    if name not in names(socket):
        kind = socket.__name__.rpartition(".")[2]
        raise OptionInvalid(f"no {kind} called {name!r}; there are: {', '.join(names(socket))}")
    return import_module(f"{socket.__name__}.{name}")
