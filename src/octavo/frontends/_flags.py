"""Flags made from settings: name, help, choices and default are spelled there and nowhere else."""

from argparse import SUPPRESS, ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Mapping, Sequence
from enum import StrEnum
from importlib import import_module
from typing import Any, get_origin

from pydantic import BaseModel, SecretStr

from octavo import dropins
from octavo.settings import environment_names, flag_name, kind_of, socket_name


def add_flags(parser: ArgumentParser, model: type[BaseModel], title: str) -> None:
    """One flag per field of `model`, as a group of its own. A flag that is not given leaves no trace."""
    group = parser.add_argument_group(title)
    for field in model.model_fields:
        group.add_argument(
            f"--{flag_name(model, field)}",
            dest=field,
            default=SUPPRESS,
            help=described(model, field).replace("%", "%%"),
            **_form(model, field),
        )


def explicit(arguments: Namespace, model: type[BaseModel]) -> dict[str, object]:
    """The fields of `model` that were given as flags; `settings.resolve` makes them values."""
    given = {field: value for field, value in vars(arguments).items() if field in model.model_fields}
    return {field: ",".join(value) if isinstance(value, list) else value for field, value in given.items()}


def described(model: type[BaseModel], field: str) -> str:
    """What a knob does, its values where they are drop-ins, its default and its environment variable."""
    info = model.model_fields[field]
    text = info.description or ""
    names = drop_ins(model, field)
    if names:
        text += f" One of: {', '.join(names)}." if kind_of(model, field) is str else f" Of: {', '.join(names)}."
    default = as_text(model.model_fields[field].default)
    variable = next(environment_names(model, field))
    return f"{text} [{f'default: {default}; ' if default else ''}{variable}]"


def as_text(value: object) -> str:
    """A value as one would type it; empty for none."""
    match value:
        case None:
            return ""
        case bool():
            return "on" if value else "off"
        case StrEnum():
            return value.value
        case Mapping():
            return ",".join(f"{key}={as_text(entry)}" for key, entry in value.items())
        case tuple() | list():
            return ",".join(as_text(entry) for entry in value)
        case _:
            return str(value)


def drop_ins(model: type[BaseModel], field: str) -> list[str]:
    """The drop-ins a knob may name; empty where its values are no drop-ins."""
    socket = socket_name(model, field)
    return dropins.names(import_module(f"octavo.{socket}")) if socket else []


def _form(model: type[BaseModel], field: str) -> dict[str, Any]:
    """How argparse is to take a field's value. Checking it is left to the settings."""
    kind = kind_of(model, field)
    if kind is bool:
        return {"action": BooleanOptionalAction}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"choices": [member.value for member in kind]}
    origin = get_origin(kind)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"action": "append", "metavar": "NAME=VALUE"}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return {"action": "append", "metavar": "NAME,..."}
    return {"metavar": "N" if kind in (int, float) else "SECRET" if kind is SecretStr else "TEXT"}
