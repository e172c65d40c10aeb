"""The official SDK's configuration file, as users of it write it."""

from pathlib import Path
from typing import Any

import pytest

from octavo.document import Label, Task
from octavo.errors import OptionInvalid
from octavo.settings import EngineSettings, Merge, ParseOptions, resolve


def options(tmp_path: Path, text: str, **environment: str) -> ParseOptions:
    return resolve(ParseOptions, {}, {**written(tmp_path, text), **environment}).values


def engine(tmp_path: Path, text: str, **environment: str) -> EngineSettings:
    return resolve(EngineSettings, {}, {**written(tmp_path, text), **environment}).values


def written(tmp_path: Path, text: str) -> dict[str, str]:
    file = tmp_path / "glmocr.yaml"
    file.write_text(text, encoding="utf-8")
    return {"GLMOCR_CONFIG_PATH": str(file)}


def test_a_file_that_says_little_changes_little(tmp_path: Path) -> None:
    assert options(tmp_path, "") == ParseOptions()
    assert engine(tmp_path, "pipeline:\n  layout:\n") == EngineSettings()
    changed = engine(tmp_path, "pipeline:\n  max_workers: 7\n")
    assert changed == EngineSettings(requests_in_flight=7)


def test_one_list_of_labels_leaves_the_others_as_the_template_has_them(tmp_path: Path) -> None:
    """For cheques: what the SDK takes for a picture is read as text."""
    text = """
        pipeline:
          layout:
            label_task_mapping:
              text: [text, doc_title, image]
              skip: [chart]
    """
    read = options(tmp_path, text)
    assert read.task_of(Label.IMAGE) is Task.TEXT
    assert read.task_of(Label.CHART) is Task.SKIP
    assert read.task_of(Label.TABLE) is Task.TABLE
    assert read.task_of(Label.SEAL) is Task.ABANDON  # the list of texts was replaced, and holds no seal


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("layout_merge_bboxes_mode: small", "official_merge", {"all": Merge.SMALL}),
        ("layout_merge_bboxes_mode: {22: union}", "official_merge", {Label.TEXT: Merge.UNION}),
        ("layout_unclip_ratio: 1.5", "official_unclip", {"all": (1.5, 1.5)}),
        ("layout_unclip_ratio: [1.0, 1.2]", "official_unclip", {"all": (1.0, 1.2)}),
        ("layout_unclip_ratio: {21: [1.1, 1.0]}", "official_unclip", {Label.TABLE: (1.1, 1.0)}),
        ("layout_nms: false", "official_without", ("nms",)),
    ],
)
def test_rules_of_the_layout(tmp_path: Path, line: str, field: str, value: Any) -> None:
    assert getattr(options(tmp_path, f"pipeline:\n  layout:\n    {line}\n"), field) == value


@pytest.mark.parametrize(
    ("section", "line", "field", "value"),
    [
        (
            "layout",
            "threshold_by_class: {text: 0.5, 21: 0.2}",
            "layout_thresholds",
            {Label.TEXT: 0.5, Label.TABLE: 0.2},
        ),
        ("layout", 'cuda_visible_devices: "1"', "layout_gpu", 1),
        ("layout", "device: cpu", "layout_device", "cpu"),
        ("page_loader", "max_pixels: 71372800", "crop_pixels", 35686400),
        ("page_loader", "task_prompt_mapping: {table: 'Read the table:'}", "prompts", {Task.TABLE: "Read the table:"}),
        ("ocr_api", "{api_host: gpu.example, api_port: 443}", "url", "https://gpu.example:443"),
        ("ocr_api", "api_url: http://gpu.example/v1/chat/completions", "url", "http://gpu.example/v1"),
        ("ocr_api", "{api_host: 127.0.0.1, api_port: 9000}", "vllm_port", 9000),
    ],
)
def test_settings_of_the_engine(tmp_path: Path, section: str, line: str, field: str, value: Any) -> None:
    assert getattr(engine(tmp_path, f"pipeline:\n  {section}:\n    {line}\n"), field) == value


@pytest.mark.parametrize("enabled", ["true", "false"])
def test_what_only_templates_say_is_known(tmp_path: Path, enabled: str) -> None:
    """`default_prompt` and `enable_layout` stand in 0.1.1's, a cloud that is on without a key in 0.1.5's."""
    text = f"""
        pipeline:
          maas: {{enabled: {enabled}, api_key: null}}
          enable_layout: false
          page_loader: {{default_prompt: Recognize the text., top_k: 50}}
    """
    assert options(tmp_path, text) == ParseOptions(layout=False)
    assert engine(tmp_path, text) == EngineSettings(top_k=50)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pipeline: {max_workerz: 8}", "pipeline.max_workerz is not a key .* did you mean pipeline.max_workers"),
        ("pipelin: {max_workers: 8}", "pipelin is not a key"),
        ("pipeline: {maas: {enabled: true}}", "pipeline.maas.enabled can only be False"),
        ("pipeline: {maas: {enabled: true, api_key: sk-1}}", "pipeline.maas.enabled can only be False"),
        ("pipeline: {ocr_api: {api_mode: ollama_generate}}", "api_mode can only be 'openai'"),
        ("pipeline: {layout: {label_task_mapping: {read: [text]}}}", "label_task_mapping: .* is not a value"),
        ("pipeline: {layout: {cuda_visible_devices: '0,1'}}", "cuda_visible_devices: '0,1' is not a value"),
        ("pipeline: {layout: {id2label: {0: text}}}", "id2label: .* is not a value"),
        (
            "pipeline: {layout: {threshold: high}}",
            r"layout_threshold: .*from GLMOCR_CONFIG_PATH pipeline.layout.threshold",
        ),
        ("pipeline: [1]", "pipeline must hold keys and values"),
        ("- 1", "the configuration file must hold keys and values"),
        ("a: b: c", "is not YAML"),
    ],
)
def test_what_cannot_be_honoured_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(OptionInvalid, match=said):
        engine(tmp_path, text)


def test_a_file_that_is_not_there_is_an_error_without_its_path() -> None:
    with pytest.raises(OptionInvalid, match=r"the file 'absent.yaml' cannot be read") as raised:
        resolve(EngineSettings, {}, {"GLMOCR_CONFIG_PATH": "/nowhere/absent.yaml"})
    assert "nowhere" not in raised.value.message


def test_the_environment_is_stronger_and_a_preset_weaker(tmp_path: Path) -> None:
    file = written(tmp_path, "pipeline: {max_workers: 7, layout: {threshold: 0.5}}")
    preset = {"GLMOCR_MAX_WORKERS": "16", "GLMOCR_LAYOUT_THRESHOLD": "0.1"}
    resolved = resolve(EngineSettings, {}, {**file, "GLMOCR_MAX_WORKERS": "99"}, preset)
    assert (resolved.values.requests_in_flight, resolved.values.layout_threshold) == (99, 0.5)
    assert resolved.origins["requests_in_flight"] == "environment GLMOCR_MAX_WORKERS"
    assert resolved.origins["layout_threshold"] == "GLMOCR_CONFIG_PATH pipeline.layout.threshold"
