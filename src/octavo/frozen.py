"""`@frozen`: a frozen dataclass with slots, defined in a quarter of the time and filled in two thirds.

A start of `octavo parse` defines 170 of them, and `dataclasses` compiles six methods of each, one by one: a fifth of
the CPU until a page can be read. A page makes some ten thousand, of a third of them, and `dataclasses` sets their
fields by name. Here three methods are compiled in one go, when the first of them is called; values are put straight
into their slots, and the other methods are shared.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import Any, Final, TypeVar, dataclass_transform

Noun = TypeVar("Noun")

_FACTORY: Final = object()  # stands for a value that is made where none is given


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[Noun]) -> type[Noun]:
    """As `dataclass(frozen=True, slots=True)`. Methods that the class defines itself stay; who derives from it is
    `@frozen`, too."""
    own = set(vars(cls))
    cls.__doc__ = cls.__doc__ or cls.__name__  # else `dataclass` looks for its signature, which takes as long again
    made = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    by_place = {"__reduce__": _reduced if _is_made_by_place(made) else object.__reduce__}
    _set(made, _put_off(made, own) | _SHARED | by_place, own)
    return made


def _set(made: Any, methods: Mapping[str, Callable[..., Any]], own: Collection[str]) -> None:
    for name, method in methods.items():
        if name not in own:
            setattr(made, name, method)


def _is_made_by_place(made: Any) -> bool:
    """Whether all that it knows is what it is made of, in order."""
    parts: tuple[Field[Any], ...] = fields(made)
    return len(parts) > 1 and all(part.init and not part.kw_only for part in parts)


def _put_off(made: Any, own: Collection[str]) -> dict[str, Callable[..., Any]]:
    """The methods of `_compiled`, which they become when the first of them is called."""

    def __init__(self: object, *values: object, **named: object) -> None:
        _set(made, _compiled(made), own)
        made.__init__(self, *values, **named)

    def __eq__(self: object, other: object) -> object:
        _set(made, _compiled(made), own)
        return made.__eq__(self, other)

    def __hash__(self: object) -> object:
        _set(made, _compiled(made), own)
        return made.__hash__(self)

    return {"__init__": __init__, "__eq__": __eq__, "__hash__": __hash__}


def _compiled(made: Any) -> dict[str, Callable[..., Any]]:
    """`__init__`, `__eq__` and `__hash__`: what is called ten thousand times a page."""
    known: tuple[Field[Any], ...] = fields(made)
    names: dict[str, Any] = {"factory": _FACTORY}
    first, later, steps = ["self"], list[str](), list[str]()
    for part in known:
        name, value, default = part.name, part.name, ""
        if part.default is not MISSING:
            names[f"default_{name}"] = part.default
            default = f"=default_{name}"
        elif part.default_factory is not MISSING:
            names[f"make_{name}"] = part.default_factory
            default, value = "=factory", f"make_{name}() if {name} is factory else {name}"
        if part.init:
            (later if part.kw_only else first).append(name + default)
            names[f"set_{name}"] = getattr(made, name).__set__
            steps.append(f"set_{name}(self, {value})")
    if hasattr(made, "__post_init__"):  # sets what is no parameter
        steps.append("self.__post_init__()")
    mine, others = ("".join(f"{one}.{part.name}, " for part in known if part.compare) for one in ("self", "other"))
    source = f"""
def __init__({", ".join([*first, *(["*", *later] if later else [])])}):
    {"; ".join(steps) or "pass"}
def __eq__(self, other):
    return ({mine}) == ({others}) if other.__class__ is self.__class__ else NotImplemented
def __hash__(self):
    return hash(({mine}))
"""
    exec(source, names)  # noqa: S102 - of our own fields' names
    return {name: names[name] for name in ("__init__", "__eq__", "__hash__")}


def _shown(self: Any) -> str:
    shown = ", ".join(f"{part.name}={getattr(self, part.name)!r}" for part in fields(self) if part.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _refuse(self: object, name: str, value: object = None) -> None:
    raise FrozenInstanceError(f"{self.__class__.__name__}.{name} cannot be set")


def _reduced(self: Any) -> tuple[object, tuple[object, ...]]:
    """For `copy` and `pickle`, a third of the time of `_state`, of what is made by place."""
    return self.__class__, _values(self.__class__)(self)


@cache
def _values(cls: type) -> Callable[[object], tuple[object, ...]]:
    return attrgetter(*_names(cls))


@cache
def _names(cls: type) -> tuple[str, ...]:
    known: tuple[Field[Any], ...] = fields(cls)
    return tuple(part.name for part in known)


def _state(self: Any) -> list[object]:
    """For `copy` and `pickle`."""
    return [getattr(self, name) for name in _names(self.__class__)]


def _put_back(self: Any, state: list[object]) -> None:
    for name, value in zip(_names(self.__class__), state, strict=True):
        object.__setattr__(self, name, value)


_SHARED: Final[dict[str, Callable[..., Any]]] = {
    "__repr__": _shown,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__getstate__": _state,
    "__setstate__": _put_back,
}
