"""The official SDK's configuration file (`GLMOCR_CONFIG_PATH`), read into Octavo's own settings.

The file is merged over the SDK's packaged template (config.yaml of glmocr 0.1.1 or 0.1.5), where the SDK itself
forgets the whole template; settings that it does not name keep Octavo's values. Every key of the template and of the
SDK's configuration classes is known: it sets one of our settings, has nothing to set here (NOTHING_TO_SET says which),
or names something Octavo cannot do, which is refused, as is any other key. Lists are replaced, mappings merged.

Only names of settings are used here, so that `settings.resolve` can put these values where they belong: below the
environment, above presets.
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from reprlib import repr as shortened
from types import MappingProxyType
from typing import Any, TypeAlias

from octavo.document import Label, Task
from octavo.errors import OptionInvalid, shown
from octavo.frozen import frozen

Values: TypeAlias = dict[str, object]  # name of a setting -> value
Lists: TypeAlias = Mapping[str, tuple[Label, ...]]  # as the template lists labels: by kind, or by task


@frozen
class Configured:
    """A setting's value and the key of the file it came from."""

    value: object
    key: str


LABELS = tuple(Label)

# Known, and without an effect: things of the cloud service, of the SDK's own server and queues, and keys that the SDK
# itself never reads.
NOTHING_TO_SET = frozenset(
    {
        *("server.host", "server.port", "server.debug", "logging.level", "logging.format"),
        *(f"pipeline.maas.{key}" for key in ("api_url", "model", "verify_ssl", "connect_timeout")),
        *(f"pipeline.maas.{key}" for key in ("request_timeout", "retry_max_attempts", "retry_backoff_base_seconds")),
        *(f"pipeline.maas.{key}" for key in ("retry_backoff_max_seconds", "retry_jitter_ratio", "retry_status_codes")),
        *("pipeline.maas.connection_pool_size", "pipeline.page_maxsize", "pipeline.region_maxsize"),
        *(f"pipeline.ocr_api.{key}" for key in ("verify_ssl", "retry_backoff_max_seconds", "retry_jitter_ratio")),
        *("pipeline.ocr_api.retry_status_codes", "pipeline.page_loader.image_expect_length"),
        *("pipeline.page_loader.min_pixels", "pipeline.page_loader.pdf_verbose", "pipeline.layout.img_size"),
        "pipeline.page_loader.default_prompt",  # 0.1.1: for what is asked without one of the three prompts: nothing
        *(f"pipeline.result_formatter.{key}" for key in ("output_format", "filter_nested", "min_overlap_ratio")),
    }
)

# Keys that set one setting, as they are.
_SAME: Mapping[str, str] = {
    "pipeline.max_workers": "requests_in_flight",
    "pipeline.ocr_api.model": "served_model_name",
    "pipeline.ocr_api.api_key": "api_key",
    "pipeline.ocr_api.connect_timeout": "connect_seconds",
    "pipeline.ocr_api.request_timeout": "request_seconds",
    "pipeline.ocr_api.retry_max_attempts": "retries",
    "pipeline.ocr_api.retry_backoff_base_seconds": "retry_seconds",
    "pipeline.ocr_api.connection_pool_size": "connection_pool_size",
    "pipeline.page_loader.max_tokens": "region_tokens",
    "pipeline.page_loader.temperature": "temperature",
    "pipeline.page_loader.top_p": "top_p",
    "pipeline.page_loader.top_k": "top_k",
    "pipeline.page_loader.repetition_penalty": "repetition_penalty",
    "pipeline.page_loader.task_prompt_mapping": "prompts",
    "pipeline.page_loader.pdf_dpi": "dpi",
    "pipeline.layout.model_dir": "layout_model",
    "pipeline.layout.threshold": "layout_threshold",
    "pipeline.layout.batch_size": "layout_batch_size",
    "pipeline.layout.workers": "layout_workers",
    "pipeline.layout.device": "layout_device",
    "pipeline.layout.use_polygon": "layout_polygons",
    "pipeline.enable_layout": "layout",  # 0.1.1
}

# Keys with the only value Octavo can honour.
_FIXED: Mapping[str, tuple[object, str]] = {
    "pipeline.ocr_api.api_mode": ("openai", "use the server's OpenAI-compatible route"),
    "pipeline.ocr_api.headers": ({}, "requests carry no headers of your own"),
    "pipeline.page_loader.t_patch_size": (2, "the model has this patch size"),
    "pipeline.page_loader.patch_expand_factor": (1, "the model has this patch size"),
    "pipeline.page_loader.image_format": ("JPEG", "crops are sent as JPEG; crop_quality says how good"),
}


def read(path: Path) -> dict[str, Configured]:
    """The settings a configuration file makes. Raises OptionInvalid naming the key that is unknown or wrong."""
    import yaml  # here: nothing else needs it, and it takes 20 ms

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionInvalid(f"GLMOCR_CONFIG_PATH: the file {path.name!r} cannot be read") from error
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:  # also 2026-99-99, or nested too deep
        raise OptionInvalid(f"GLMOCR_CONFIG_PATH: {path.name!r} is not YAML") from error
    return settings_of({} if content is None else content)


def settings_of(content: object) -> dict[str, Configured]:
    """The settings that the content of a configuration file makes."""
    found: dict[str, Configured] = {}
    server: dict[str, Any] = {}
    cloud: dict[str, Any] = {}
    without: list[str] = []
    for key, value in _leaves(content, ""):
        if key in _SERVER:
            server[key.rpartition(".")[2]] = value
        elif key in _CLOUD:
            cloud[key.rpartition(".")[2]] = value
        elif key in _STEPS:
            without += [_STEPS[key]] if value is False else []
        elif key in _FIXED:
            only, reason = _FIXED[key]
            if value is not None and value != only:
                raise OptionInvalid(f"{key} can only be {only!r} here: {reason}")
        elif key in _SAME or key in _MADE:
            found |= {name: Configured(made, key) for name, made in _made(key, value).items()}
        elif key not in NOTHING_TO_SET:
            raise OptionInvalid(f"{shown(key)} is not a key of the official configuration{_meant(key)}")
    _refuse_cloud(cloud)
    if without:
        found["official_without"] = Configured(tuple(without), "pipeline.result_formatter")
    found |= {name: Configured(value, "pipeline.ocr_api") for name, value in _address(server).items()}
    return found


def _refuse_cloud(said: Mapping[str, Any]) -> None:
    """Octavo reads documents itself. The template of 0.1.5 enables the cloud service without a key, and so nothing."""
    if said.get("enabled") and said.get("api_key", "not said") is not None:
        raise OptionInvalid(
            "pipeline.maas.enabled can only be False here: Octavo reads documents itself and never sends them to the "
            "cloud service"
        )


def _leaves(content: object, above: str) -> Iterator[tuple[str, Any]]:
    """Keys with dots, and their values; mappings that are values themselves stay whole."""
    if not isinstance(content, Mapping):
        raise OptionInvalid(f"{above or 'the configuration file'} must hold keys and values")
    for name, value in content.items():
        key = f"{above}.{name}" if above else str(name)
        if key not in _SECTIONS:
            yield key, value
        elif value is not None:
            yield from _leaves(value, key)


def _made(key: str, value: Any) -> Values:
    """What a key sets; null sets nothing."""
    if value is None:
        return {}
    if key in _SAME:
        return {_SAME[key]: value}
    try:
        return _MADE[key](value)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise OptionInvalid(f"{key}: {shown(shortened(value), 200)} is not a value it can have") from error


def _meant(key: str) -> str:
    known = (*_SAME, *_MADE, *_SERVER, *_CLOUD, *_STEPS, *_FIXED, *NOTHING_TO_SET)
    close = get_close_matches(key, known, 1)
    return f"; did you mean {close[0]}?" if close else ""


# --- values that take some making --------------------------------------------------------------------------------


def _address(server: Mapping[str, Any]) -> Values:
    """Where the model's server is. One on this machine is the one Octavo starts there, unless `api_url` is given."""
    if server.get("api_url"):
        return {"url": _base(str(server["api_url"]))}
    host, port = server.get("api_host"), server.get("api_port")
    if host is None or _is_this_machine(str(host)):
        return {} if port is None else {"vllm_port": port}
    scheme = server.get("api_scheme") or ("https" if port == 443 else "http")
    return {"url": _base(f"{scheme}://{host}:{port or 8080}{server.get('api_path') or ''}")}


def _base(url: str) -> str:
    return url.removesuffix("/").removesuffix("/chat/completions")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _label(key: object) -> Label:
    """A label by its number or its name."""
    return LABELS[key] if isinstance(key, int) and key >= 0 else Label(str(key))


def _first_lists(template: Lists, given: Mapping[str, Any]) -> dict[Label, str]:
    """The list each label is in, the file's over the template's; where it is in two, the first counts."""
    unknown = set(given) - set(template)
    if unknown:
        raise KeyError(unknown)
    found: dict[Label, str] = {}
    for name, labels in {**template, **{name: labels or () for name, labels in given.items()}}.items():
        for label in labels:
            found.setdefault(_label(label), name)
    return found


_TEXTS = (
    *(Label.ABSTRACT, Label.ALGORITHM, Label.CONTENT, Label.DOC_TITLE, Label.FIGURE_TITLE, Label.PARAGRAPH_TITLE),
    *(Label.REFERENCE_CONTENT, Label.TEXT, Label.VERTICAL_TEXT, Label.VISION_FOOTNOTE, Label.SEAL),
    Label.FORMULA_NUMBER,
)
_FORMULAS = (Label.DISPLAY_FORMULA, Label.INLINE_FORMULA)
_PICTURES = (Label.CHART, Label.IMAGE)
_FURNITURE = (
    *(Label.HEADER, Label.FOOTER, Label.NUMBER, Label.FOOTNOTE, Label.ASIDE_TEXT, Label.REFERENCE),
    *(Label.FOOTER_IMAGE, Label.HEADER_IMAGE),
)
# In the order in which the SDK looks for a label.
_KINDS: Lists = {"image": _PICTURES, "text": _TEXTS, "table": (Label.TABLE,), "formula": _FORMULAS}
_TASKS: Lists = {
    "text": _TEXTS,
    "table": (Label.TABLE,),
    "formula": _FORMULAS,
    "skip": _PICTURES,
    "abandon": _FURNITURE,
}


def _kinds(given: Mapping[str, Any]) -> Values:
    """What each label is shown as, where that is not the template's; in no list, its own name."""
    usual, now = _first_lists(_KINDS, {}), _first_lists(_KINDS, given)
    changed = {label: now.get(label, label.value) for label in LABELS if now.get(label) != usual.get(label)}
    return {"official_shown": changed}


def _tasks(given: Mapping[str, Any]) -> Values:
    """What is done with each label, where that is not the template's; in no list, it is left out."""
    usual, now = _first_lists(_TASKS, {}), _first_lists(_TASKS, given)
    left_out = Task.ABANDON.value
    return {"tasks": {label: now.get(label, left_out) for label in LABELS if now.get(label) != usual.get(label)}}


def _for_all_or_each(value: Any) -> dict[object, Any]:
    return {_label(key): one for key, one in value.items()} if isinstance(value, Mapping) else {"all": value}


def _unclip(value: Any) -> Values:
    """One factor, one for each direction, or those by label."""
    pairs = {key: (one, one) if isinstance(one, float) else one for key, one in _for_all_or_each(value).items()}
    return {"official_unclip": pairs}


def _names(given: Mapping[object, str]) -> Values:
    """The names of the labels, which cannot be others."""
    wrong = [key for key, name in given.items() if _label(int(str(key))).value != name]
    if wrong:
        raise ValueError(wrong)
    return {}


_MADE: Mapping[str, Callable[[Any], Values]] = MappingProxyType(
    {
        "pipeline.page_loader.max_pixels": lambda pixels: {"crop_pixels": int(pixels) // 2},  # counted over two frames
        "pipeline.page_loader.pdf_max_pages": lambda count: {"pages": f"1-{int(count)}"},
        "pipeline.result_formatter.label_visualization_mapping": _kinds,
        "pipeline.layout.threshold_by_class": lambda given: {
            "layout_thresholds": {_label(key): value for key, value in given.items()}
        },
        "pipeline.layout.cuda_visible_devices": lambda device: {"layout_gpu": int(device)},
        "pipeline.layout.layout_unclip_ratio": _unclip,
        "pipeline.layout.layout_merge_bboxes_mode": lambda mode: {"official_merge": _for_all_or_each(mode)},
        "pipeline.layout.label_task_mapping": _tasks,
        "pipeline.layout.id2label": _names,
    }
)

_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "pipeline.layout.layout_nms": "nms",
        "pipeline.result_formatter.enable_merge_formula_numbers": "formula_numbers",
        "pipeline.result_formatter.enable_merge_text_blocks": "text_blocks",
        "pipeline.result_formatter.enable_format_bullet_points": "bullet_points",
    }
)
_SERVER = frozenset(f"pipeline.ocr_api.{key}" for key in ("api_url", "api_host", "api_port", "api_scheme", "api_path"))
_CLOUD = frozenset(("pipeline.maas.enabled", "pipeline.maas.api_key"))
_SECTIONS = frozenset(
    key.rsplit(".", depth)[0]
    for key in (*_SAME, *_MADE, *_STEPS, *_FIXED, *_SERVER, *_CLOUD, *NOTHING_TO_SET)
    for depth in range(1, key.count(".") + 1)
)
