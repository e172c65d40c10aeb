"""Flags made from settings: name, help, choices and default are spelled there and nowhere else."""

from argparse import SUPPRESS, Action, ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Mapping, Sequence
from enum import StrEnum
from importlib import import_module
from typing import Any, get_origin

from pydantic import BaseModel, SecretStr

from octavo import dropins
from octavo.settings import environment_names, flag_name, kind_of, sections, socket_name


def add_flags(parser: ArgumentParser, *models: type[BaseModel]) -> None:
    """One flag per field of the models, grouped by what they are about. A flag that is not given leaves no trace.

    `--help` shows the first group of each model; the others, which few need, come with `--help-all`.
    """
    rare: list[tuple[Action, str]] = []
    parser.add_argument("--help-all", action=_HelpAll, nargs=0, rare=rare, help="show the rare flags too, and exit")
    for model in models:
        for number, (title, fields) in enumerate(sections(model)):
            group = parser.add_argument_group(title.rstrip("."))
            for field in fields:
                text = described(model, field).replace("%", "%%")
                flag = f"--{flag_name(model, field)}"
                shown = SUPPRESS if number else text
                action = group.add_argument(flag, dest=field, default=SUPPRESS, help=shown, **_form(model, field))
                rare += [(action, text)] if number else []


class _HelpAll(Action):
    """Shows what `add_flags` has hidden."""

    def __init__(self, *, rare: Sequence[tuple[Action, str]], **form: Any) -> None:
        super().__init__(**form)
        self._rare = rare

    def __call__(self, parser: ArgumentParser, *_: object) -> None:
        for action, text in self._rare:
            action.help = text
        parser.print_help()
        parser.exit()


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
