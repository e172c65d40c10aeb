"""What a knob is, and where its value comes from."""

import json
from collections.abc import Iterator, Mapping
from inspect import get_annotations
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from octavo.errors import OctavoError, OptionInvalid
from octavo.frozen import frozen
from octavo.settings import official_config


class Settings(BaseModel):
    """Knobs that are settled once: unknown ones are refused, values never change."""

    # Made ready when one is first asked for: most are parts that others are put together from.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, defer_build=True)

    @field_validator("*", mode="before")
    @classmethod
    def _from_text(cls, value: object, info: ValidationInfo) -> object:
        """JSON, 'a,b' or 'a=b,c=d' where several values are asked for: flags and environment have only text."""
        kind = get_origin(kind_of(cls, info.field_name or ""))
        if not isinstance(value, str) or kind not in (tuple, Mapping):
            return value
        if value[:1] in ("[", "{"):
            try:
                return json.loads(value)
            except json.JSONDecodeError as error:
                raise ValueError(f"is not JSON: {error.msg} at character {error.pos + 1}") from error
        parts = [part.strip() for part in value.split(",") if part.strip()]
        return parts if kind is tuple else dict(_pair(part) for part in parts)


def knob(
    default: Any,
    description: str,
    *,
    environment: tuple[str, ...] = (),
    flag: str | None = None,
    socket: str | None = None,
    may_be_empty: bool = False,
    exceeded: type[OctavoError] | None = None,
    **limits: Any,
) -> Any:
    """A field. `environment`: variables, besides `OCTAVO_<NAME>`, that set it; `flag`: what the command line calls it,
    where that is not its name; `socket`: the plural folder whose drop-ins are its values; `may_be_empty`: an empty
    variable is a value, where otherwise it sets nothing; `exceeded`: of a limit, the error that whoever
    asks for more gets."""
    extra: dict[str, Any] = {
        "environment": list(environment),
        "flag": flag,
        "socket": socket,
        "may_be_empty": may_be_empty,
        "exceeded": exceeded and exceeded.code,
    }
    return Field(default, description=description, json_schema_extra=extra, **limits)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not of the form NAME=VALUE")
    return key.strip(), value.strip()


Knobs = TypeVar("Knobs", bound=BaseModel)


@frozen
class Resolved(Generic[Knobs]):
    """Settings, and where each value came from: 'explicit', 'environment NAME', 'preset NAME', 'default' ..."""

    values: Knobs
    origins: Mapping[str, str]


def environment_names(model: type[BaseModel], field: str) -> Iterator[str]:
    """The variables that set a knob, strongest first."""
    yield f"OCTAVO_{field.upper()}"
    names = _extra(model, field, "environment")
    yield from (str(name) for name in names) if isinstance(names, list) else ()


def sections(model: type[BaseModel]) -> Iterator[tuple[str, list[str]]]:
    """A model's knobs by what they are about: what each class that spells some says of itself, and their names."""
    for part in reversed(model.__mro__):
        fields = [name for name in get_annotations(part) if name in model.model_fields]
        if fields:
            yield (part.__doc__ or "").partition("\n")[0], fields


def kind_of(model: type[BaseModel], field: str) -> Any:
    """A knob's type, without its `| None`."""
    annotation = model.model_fields[field].annotation
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return kinds[0] if get_origin(annotation) in (Union, UnionType) and len(kinds) == 1 else annotation


def flag_name(model: type[BaseModel], field: str) -> str:
    """What the command line calls a knob, without the dashes."""
    return str(_extra(model, field, "flag") or field.replace("_", "-"))


def socket_name(model: type[BaseModel], field: str) -> str | None:
    """The plural folder whose drop-ins are a knob's values."""
    name = _extra(model, field, "socket")
    return str(name) if name else None


def exceeded_code(model: type[BaseModel], field: str) -> str | None:
    """The code of the error that a limit gives; None where the knob is none."""
    code = _extra(model, field, "exceeded")
    return str(code) if code else None


def _extra(model: type[BaseModel], field: str, key: str) -> object:
    extra = model.model_fields[field].json_schema_extra
    return extra.get(key) if isinstance(extra, dict) else None


def resolve(
    model: type[Knobs],
    explicit: Mapping[str, object],
    environment: Mapping[str, str],
    preset: Mapping[str, str] = MappingProxyType({}),
    defaults: Mapping[str, object] = MappingProxyType({}),
) -> Resolved[Knobs]:
    """Settle every knob of `model`. Raises OptionInvalid naming the knob and where its value came from.

    `defaults` are a front end's own, where they are not the knob's: below all that a user can set.
    """
    config = environment.get("GLMOCR_CONFIG_PATH")
    configured = official_config.read(Path(config)) if config else {}
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for field in model.model_fields:
        if field in explicit:
            values[field], origins[field] = explicit[field], "explicit"
            continue
        origins[field] = "default"
        if name := _variable(model, field, environment):
            values[field], origins[field] = environment[name], f"environment {name}"
        elif field in configured:
            values[field], origins[field] = configured[field].value, f"GLMOCR_CONFIG_PATH {configured[field].key}"
        elif name := _variable(model, field, preset):
            values[field], origins[field] = preset[name], f"preset {name}"
        elif field in defaults:
            values[field], origins[field] = defaults[field], "default of the worker"
    unknown = sorted(set(explicit) - set(model.model_fields))
    if unknown:
        raise OptionInvalid(f"no option called {unknown[0]!r}; there are: {', '.join(model.model_fields)}")
    try:
        return Resolved(model.model_validate(values), origins)
    except ValidationError as error:
        raise OptionInvalid(_first_complaint(error, origins)) from error


def _variable(model: type[BaseModel], field: str, variables: Mapping[str, str]) -> str | None:
    """The strongest variable that sets a knob."""
    return next((name for name in environment_names(model, field) if is_set(model, field, name, variables)), None)


def is_set(model: type[BaseModel], field: str, name: str, variables: Mapping[str, str]) -> bool:
    """Whether a variable sets a knob: an empty one does only where that is a value."""
    return bool(variables.get(name)) or (name in variables and bool(_extra(model, field, "may_be_empty")))


def _first_complaint(error: ValidationError, origins: Mapping[str, str]) -> str:
    complaint = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = str(complaint["loc"][0]) if complaint["loc"] else "options"
    where = ".".join(str(part) for part in complaint["loc"] if part != "[key]") or "options"
    what = complaint["msg"].removeprefix("Value error, ")
    origin = origins.get(field, "explicit")
    return f"{where}: {what[0].lower()}{what[1:]}" + (f" (from {origin})" if origin != "explicit" else "")
