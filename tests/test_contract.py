"""The worker's contract to the letter: every key, default, variable and output field, through a real Worker."""

import base64
import json
import math
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import BaseModel
from replayed import PAGE, PDF5
from viewer import RENDERERS

from octavo.document import Label, Task
from octavo.errors import OctavoError, OptionInvalid, SourceInvalid
from octavo.frontends import _presets
from octavo.frontends._flags import as_text
from octavo.frontends.doctor import effective
from octavo.jobs import results
from octavo.jobs.contract import KEYS, SOURCE_KEYS, job_from
from octavo.jobs.encoding import Reply, encoded
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser
from octavo.settings import EngineSettings, ParseOptions, WorkerSettings, resolve

ROOT = Path(__file__).parents[1]
NULL_ENGINES = {"OCTAVO_DETECTOR": "whole_page", "OCTAVO_RECOGNIZER": "scripted", "OCTAVO_ORIENTATION": "off"}


class Bench:
    """A worker on null engines; every new environment makes a new one."""

    async def ask(self, payload: object, environment: Mapping[str, str] | None = None, **call: Any) -> Reply:
        variables = NULL_ENGINES | dict(environment or {})
        engine = resolve(EngineSettings, {}, variables).values
        async with Parser(engine) as parser:
            worker = Worker(
                parser, resolve(ParseOptions, {}, variables).values, resolve(WorkerSettings, {}, variables).values
            )
            return await worker.run(Call(payload, **call))

    async def result(self, payload: object, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
        reply = await self.ask(payload, environment)
        assert "error" not in reply, reply["error"]
        result: dict[str, Any] = reply["result"]
        return result

    async def refusal(self, payload: object, environment: Mapping[str, str] | None = None) -> tuple[str, str]:
        reply = await self.ask(payload, environment)
        assert reply["status"] == "error"
        return reply["error_details"]["code"], reply["error_details"]["message"]


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --- sources ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["pdf_url", "image_url", "image_urls", "source_url"])
async def test_urls_are_fetched_through_the_guard(bench: Bench, key: str) -> None:
    url = "http://127.0.0.1:9/secret?token=abc"
    code, message = await bench.refusal({key: [url] if key.endswith("s") else url})
    assert code == "address_refused"
    assert "token" not in message


@pytest.mark.parametrize(
    "payload",
    [{}, {"pdf_url": "http://a.example/x", "pdf_base64": PDF5}, {"image_url": "http://a", "image_urls": ["b"]}],
)
async def test_two_sources_of_a_kind_or_none_name_the_keys(bench: Bench, payload: dict[str, Any]) -> None:
    code, message = await bench.refusal(payload)
    assert code == "source_invalid"
    assert all(key in message for key in SOURCE_KEYS)


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "selected"),
    [
        ({"start_page": 2, "end_page": 3}, [2, 3]),
        ({"start_page": 4}, [4, 5]),
        ({"end_page": 2}, [1, 2]),
        ({"start_page": 4, "end_page": 99}, [4, 5]),
        ({"start_page": "2", "end_page": "2"}, [2]),
        ({"pages": "1-2,-1"}, [1, 2, 5]),
        ({"start_page": None, "end_page": None}, [1, 2, 3, 4, 5]),
    ],
)
async def test_page_ranges(bench: Bench, asked: dict[str, Any], selected: list[int]) -> None:
    said = (await bench.result({"pdf_base64": PDF5} | asked))["input"]
    assert (said["page_numbers"], said["selected_pages"]) == (selected, len(selected))


async def test_too_many_pages_name_the_limit(bench: Bench) -> None:
    code, message = await bench.refusal({"pdf_base64": PDF5}, {"MAX_PAGES_PER_JOB": "3"})
    assert code == "limit_exceeded"
    assert "max_pages" in message
    assert "3" in message
    assert (await bench.result({"pdf_base64": PDF5, "end_page": 3}, {"MAX_PAGES_PER_JOB": "3"}))["page_count"] == 3


# --- what comes back -------------------------------------------------------------------------------------------------


async def test_every_output_field_is_there(bench: Bench) -> None:
    reply = await bench.ask({"image_base64": PAGE}, {"GLMOCR_REF": "abc", "VLLM_BASE_IMAGE": "base@sha256:1"})
    assert reply["status"] == "success"
    result = reply["result"]
    assert set(result) == {
        *("provider", "model", "model_revision", "glmocr_ref", "vllm_base_image_ref", "enable_layout", "output_format"),
        *("page_count", "processing_time_ms", "input", "json_result", "markdown_result", "run_info"),
        *("crop_images", "layout_visualizations"),
        *("problems", "usage", "timings", "engines", "warnings", "artifacts"),
    }
    assert (result["glmocr_ref"], result["vllm_base_image_ref"]) == ("abc", "base@sha256:1")
    assert result["enable_layout"] is True
    assert result["output_format"] == "both"
    assert result["markdown_result"].strip() == "[text]"
    [[region]] = result["json_result"]
    assert {"index": 0, "label": "text", "content": "[text]"}.items() <= region.items()
    assert {"prompt_tokens", "completion_tokens", "requests"} < set(result["usage"])
    json.dumps(reply, allow_nan=False)


async def test_the_production_engine_is_named_with_its_revision() -> None:
    settings = resolve(EngineSettings, {}, NULL_ENGINES | {"OCTAVO_ENGINE": "glm-ocr"}).values
    async with Parser(settings) as parser:
        reply = await Worker(parser, ParseOptions(), WorkerSettings()).run(Call({"warmup": True}))
    result = reply["result"]
    assert result["model"] == "glm-ocr"
    assert result["model_revision"] == "e9134f400acad80346162536e043def285fa1022"


async def test_a_warm_up_runs_a_page_and_tells_who_it_is(bench: Bench) -> None:
    result = await bench.result({"warmup": "yes"}, {"WORKER_MAX_CONCURRENCY": "3"})
    assert (result["status"], result["worker_max_concurrency"]) == ("success", 3)
    assert result["warmup_run"]["page_count"] == 1
    assert result["warmup_run"]["engines"]["detector"] == "whole page, no layout"


@pytest.mark.parametrize(
    ("asked", "environment", "present"),
    [
        ({}, {}, {"json_result", "markdown_result"}),
        ({"output_format": "json"}, {}, {"json_result"}),
        ({"output_format": "markdown"}, {}, {"markdown_result"}),
        ({}, {"GLMOCR_OUTPUT_FORMAT": "json"}, {"json_result"}),
        ({"output_format": "both"}, {"GLMOCR_OUTPUT_FORMAT": "json"}, {"json_result", "markdown_result"}),
    ],
)
async def test_output_formats(
    bench: Bench, asked: dict[str, Any], environment: dict[str, str], present: set[str]
) -> None:
    result = await bench.result({"image_base64": PAGE} | asked, environment)
    assert {name for name in ("json_result", "markdown_result") if result[name]} == present


@pytest.mark.parametrize(
    ("asked", "environment", "listed", "inline"),
    [
        ({}, {}, 0, False),
        ({"return_crop_images": "true"}, {}, 3, False),
        ({"return_crop_images": True, "crop_images_base64": "1"}, {}, 3, True),
        ({"return_crop_images": "on", "max_crop_images": 2}, {}, 2, False),
        ({}, {"RETURN_CROP_IMAGES_DEFAULT": "true"}, 3, False),
        ({"return_crop_images": "no"}, {"RETURN_CROP_IMAGES_DEFAULT": "true"}, 0, False),
        ({"return_crop_images": True}, {"MAX_CROP_IMAGES": "1"}, 1, False),
        ({"return_crop_images": True, "max_crop_images": 2}, {"MAX_CROP_IMAGES": "1"}, 2, False),
    ],
)
async def test_crops(
    bench: Bench, asked: dict[str, Any], environment: dict[str, str], listed: int, inline: bool
) -> None:
    image = {"images_base64": [PAGE] * 3, "label_task_mapping": {"text": "skip"}}
    crops = (await bench.result(image | asked, environment))["crop_images"]
    assert len(crops) == listed
    for number, crop in enumerate(crops):
        assert crop["filename"] == f"cropped_page{number}_idx{number}.jpg"
        assert crop["path"] == f"imgs/{crop['filename']}"
        assert ("image_base64" in crop) is inline
        assert not inline or len(base64.b64decode(crop["image_base64"])) == crop["size_bytes"]


@pytest.mark.parametrize("inline", [False, True])
async def test_layout_visualizations(bench: Bench, inline: bool) -> None:
    asked = {"return_layout_visualization": "yes", "layout_visualization_base64": inline}
    [shown] = (await bench.result({"image_base64": PAGE} | asked))["layout_visualizations"]
    assert (shown["filename"], shown["path"]) == ("document.jpg", "layout_vis/document.jpg")
    assert ("image_base64" in shown) is inline


async def test_layout_can_be_left_out(bench: Bench) -> None:
    for asked, environment in (({"layout": "false"}, {}), ({}, {"GLMOCR_ENABLE_LAYOUT": "false"})):
        result = await bench.result({"image_base64": PAGE} | asked, environment)
        assert result["enable_layout"] is False
        assert "whole page" in result["engines"]["detector"].lower().replace("_", " ")


@pytest.mark.parametrize("name", RENDERERS)
async def test_a_job_may_ask_for_the_files_of_any_renderer(bench: Bench, name: str) -> None:
    """Those that are there and those that will be: nothing but the file in `renderers/` makes it reachable."""
    job = {"image_base64": PAGE, "tasks": "text=skip", "output_format": "json", "formats": name}
    result = await bench.result(job)
    for file in result["artifacts"]:
        data = file["text"].encode() if "text" in file else base64.b64decode(file["base64"])
        assert (file["format"], file["size_bytes"]) == (name, len(data))
        assert (file["path"].endswith(file["filename"]), "/" in file["filename"]) == (True, False)
    assert result["artifacts"]
    assert (result["markdown_result"], result["crop_images"], result["layout_visualizations"]) == ("", [], [])


@pytest.mark.parametrize("name", ParseOptions.model_fields)
async def test_every_option_of_reading_is_a_key_of_a_job_under_its_own_name(bench: Bench, name: str) -> None:
    assert name in KEYS
    default = as_text(ParseOptions.model_fields[name].default)
    assert not (await bench.result({"image_base64": PAGE, name: default}))["warnings"]


@pytest.mark.parametrize(
    ("asked", "longest"), [({}, 300), ({"max_side": "100"}, 100), ({"max_side": 250, "orientation": "off"}, 250)]
)
async def test_a_page_is_drawn_as_the_job_says(bench: Bench, asked: dict[str, Any], longest: int) -> None:
    shown = {"return_layout_visualization": True, "layout_visualization_base64": True}
    result = await bench.result({"image_base64": PAGE} | shown | asked)
    [drawn] = result["layout_visualizations"]
    assert max(Image.open(BytesIO(base64.b64decode(drawn["image_base64"]))).size) == longest


async def test_the_job_beats_the_endpoint_and_labels_add_up(bench: Bench) -> None:
    endpoint = {"OCTAVO_TASKS": "text=skip,table=skip", "OCTAVO_DPI": "300"}
    job = job_from({"image_base64": PAGE, "label_task_mapping": {"text": "formula"}, "dpi": "72"})
    options = results.asked_for(job, resolve(ParseOptions, {}, endpoint).values, WorkerSettings()).options
    assert (options.dpi, options.tasks[Label.TEXT], options.tasks[Label.TABLE]) == (72, Task.FORMULA, Task.SKIP)


@pytest.mark.parametrize(
    "mapping", [{"image": "text"}, {"text": ["image", "chart"]}, {"image": "text", "skip": ["seal"]}]
)
def test_a_label_mapping_comes_either_way_round(mapping: dict[str, Any]) -> None:
    job = job_from({"image_base64": PAGE, "label_task_mapping": mapping})
    assert job.reading.tasks[Label.IMAGE] is Task.TEXT


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("text", "must be a JSON object"),
        ({"image_base64": PAGE, "return_crop_images": "perhaps"}, "input.return_crop_images"),
        ({"image_base64": PAGE, "output_format": "pdf"}, "input.output_format"),
        ({"image_base64": PAGE, "dpi": 5}, "input.dpi"),
        ({"image_base64": PAGE, "label_task_mapping": {"picture": "text"}}, "input.label_task_mapping"),
        ({"image_base64": PAGE, "s3Config": {"accessId": "AK-secret"}}, "input.s3Config"),
        ({"image_base64": PAGE, "label_task_mapping": {"text": [{}]}}, "input.label_task_mapping"),
        ({"image_base64": PAGE, "tasks": {"text": "skip"}, "label_task_mapping": {"text": "skip"}}, "give one of them"),
        ({"image_base64": PAGE, "furniture": "nowhere"}, "input.furniture"),
        ({"image_base64": PAGE, "official_unclip": {"all": [1, 1], "text": [1, 1]}}, "'all' stands alone"),
        ({"image_base64": PAGE, "formats": ["docx"]}, "input.formats: no format called 'docx'; there are: crops,"),
    ],
)
def test_refusals_name_the_key_and_never_the_value(payload: object, said: str) -> None:
    with pytest.raises((OptionInvalid, SourceInvalid)) as refused:
        job_from(payload)
    assert said in refused.value.message
    assert "AK-secret" not in refused.value.message
    assert "perhaps" not in refused.value.message


def test_a_key_that_nobody_knows_is_told_with_the_one_that_was_meant() -> None:
    keys = {"startPage": 2, "return_crops_images": True, "colour": "red", "a\nb" + "c" * 100: 1}
    notes = {note.key: note.message for note in job_from({"image_base64": PAGE} | keys).notes}
    assert notes["startPage"].endswith("is start_page meant?")
    assert notes["return_crops_images"].endswith("is return_crop_images meant?")
    assert "meant" not in notes["colour"]
    assert [key for key in notes if key.startswith("a?bc") and len(key) <= 60]


def test_a_thousand_unknown_keys_do_not_make_a_thousand_warnings() -> None:
    notes = job_from({"image_base64": PAGE} | {f"key-{number}": number for number in range(1000)}).notes
    assert len(notes) == 21
    assert "980 more" in notes[-1].message


# --- the environment -------------------------------------------------------------------------------------------------

VARIABLES: list[tuple[type[BaseModel], str, str, object]] = [
    (WorkerSettings, "WORKER_MAX_CONCURRENCY", "concurrency", 3),
    (WorkerSettings, "DOWNLOAD_CONCURRENCY", "downloads", 7),
    (EngineSettings, "MAX_PAGES_PER_JOB", "max_pages", 128),
    (ParseOptions, "IMAGE_MAX_SIDE", "max_side", 2200),
    (EngineSettings, "IMAGE_JPEG_QUALITY", "crop_quality", 92),
    (WorkerSettings, "RETURN_CROP_IMAGES_DEFAULT", "return_crop_images", True),
    (WorkerSettings, "MAX_CROP_IMAGES", "max_crop_images", 300),
    (WorkerSettings, "GLMOCR_PARSE_TIMEOUT_SECONDS", "job_seconds", 1800.0),
    (WorkerSettings, "GLMOCR_LOG_LEVEL", "log_level", "WARNING"),
    (EngineSettings, "MODEL_NAME", "model_name", "zai-org/GLM-OCR"),
    (EngineSettings, "MODEL_REVISION", "model_revision", "abc"),
    (EngineSettings, "SERVED_MODEL_NAME", "served_model_name", "other"),
    (EngineSettings, "VLLM_HOST", "vllm_host", "127.0.0.2"),
    (EngineSettings, "VLLM_PORT", "vllm_port", 8081),
    (EngineSettings, "VLLM_DTYPE", "vllm_dtype", "float16"),
    (EngineSettings, "TRUST_REMOTE_CODE", "trust_remote_code", True),
    (EngineSettings, "GPU_MEMORY_UTILIZATION", "gpu_memory_utilization", 0.92),
    (EngineSettings, "MAX_MODEL_LEN", "max_model_len", 32768),
    (EngineSettings, "MAX_NUM_SEQS", "max_num_seqs", 96),
    (EngineSettings, "MAX_NUM_BATCHED_TOKENS", "max_num_batched_tokens", 65536),
    (EngineSettings, "LIMIT_MM_PER_PROMPT", "limit_mm_per_prompt", {"image": 2}),
    (EngineSettings, "SPECULATIVE_CONFIG", "speculative_config", {"method": "mtp"}),
    (EngineSettings, "VLLM_HEALTH_TIMEOUT", "vllm_boot_seconds", 99.0),
    (ParseOptions, "GLMOCR_ENABLE_LAYOUT", "layout", False),
    (WorkerSettings, "GLMOCR_OUTPUT_FORMAT", "output_format", "json"),
    (EngineSettings, "GLMOCR_MAX_WORKERS", "requests_in_flight", 16),
    (EngineSettings, "GLMOCR_CONNECTION_POOL_SIZE", "connection_pool_size", 256),
    (EngineSettings, "GLMOCR_MAX_TOKENS_PER_PAGE", "region_tokens", 6144),
    (EngineSettings, "GLMOCR_TEMPERATURE", "temperature", 0.5),
    (EngineSettings, "GLMOCR_TOP_P", "top_p", 0.5),
    (EngineSettings, "GLMOCR_CONNECT_TIMEOUT", "connect_seconds", 31.0),
    (EngineSettings, "GLMOCR_REQUEST_TIMEOUT", "request_seconds", 181.0),
    (EngineSettings, "GLMOCR_RETRY_MAX_ATTEMPTS", "retries", 4),
    (EngineSettings, "GLMOCR_RETRY_BACKOFF_BASE_SECONDS", "retry_seconds", 0.5),
    (EngineSettings, "GLMOCR_LAYOUT_MODEL_DIR", "layout_model", "/models/x"),
    (EngineSettings, "GLMOCR_LAYOUT_THRESHOLD", "layout_threshold", 0.4),
    (EngineSettings, "GLMOCR_LAYOUT_BATCH_SIZE", "layout_batch_size", 8),
    (EngineSettings, "GLMOCR_LAYOUT_WORKERS", "layout_workers", 3),
    (EngineSettings, "GLMOCR_LAYOUT_CUDA_VISIBLE_DEVICES", "layout_gpu", 1),
    (EngineSettings, "RUNPOD_VOLUME_PATH", "volume_path", "/mnt/volume"),
]


@pytest.mark.parametrize(("model", "variable", "field", "value"), VARIABLES, ids=[entry[1] for entry in VARIABLES])
def test_every_variable_sets_its_knob(model: type[BaseModel], variable: str, field: str, value: Any) -> None:
    text = json.dumps(value) if isinstance(value, dict | bool) else str(value)
    resolved = resolve(model, {}, {variable: text})
    found = getattr(resolved.values, field)
    assert (dict(found) if isinstance(value, dict) else found) == value
    assert resolved.origins[field] == f"environment {variable}"


def test_defaults_of_the_contract() -> None:
    engine, worker, options = EngineSettings(), WorkerSettings(), ParseOptions()
    assert engine.model_name == "zai-org/GLM-OCR"
    assert engine.model_revision == "e9134f400acad80346162536e043def285fa1022"
    assert engine.layout_model == "PaddlePaddle/PP-DocLayoutV3_safetensors"
    assert (engine.served_model_name, engine.vllm_host, engine.vllm_port) == ("glm-ocr", "127.0.0.1", 8080)
    assert (engine.connect_seconds, engine.request_seconds, engine.retries) == (30, 180, 3)
    assert (engine.layout_threshold, engine.vllm_boot_seconds, engine.volume_path) == (0.3, 420, "/runpod-volume")
    assert dict(engine.limit_mm_per_prompt) == {"image": 1}
    assert (worker.return_crop_images, worker.max_crop_images, worker.job_seconds) == (False, 200, 1800)
    assert (worker.output_format, worker.log_level, options.layout) == ("both", "INFO", True)


@pytest.mark.parametrize("text", ["", "off", "none"])
def test_no_speculative_decoding(text: str) -> None:
    assert resolve(EngineSettings, {}, {"SPECULATIVE_CONFIG": text}).values.speculative_config is None
    assert resolve(EngineSettings, {}, {}).values.speculative_config is not None


def test_another_empty_variable_sets_nothing() -> None:
    assert resolve(EngineSettings, {}, {"MAX_NUM_SEQS": ""}).origins["max_num_seqs"] == "default"


@pytest.mark.parametrize("name", ["a40", "h100"])
def test_presets_hold_the_contract_s_numbers(name: str) -> None:
    preset = _presets.chosen({"OCTAVO_PRESET": name}, ROOT)
    column = ("a40", "h100").index(name)
    lines = {
        "WORKER_MAX_CONCURRENCY": ("1", "2"),
        "DOWNLOAD_CONCURRENCY": ("16", "32"),
        "MAX_PAGES_PER_JOB": ("128", "192"),
        "IMAGE_MAX_SIDE": ("2200", "2600"),
        "IMAGE_JPEG_QUALITY": ("90", "92"),
        "RETURN_CROP_IMAGES_DEFAULT": ("false", "false"),
        "MAX_CROP_IMAGES": ("200", "300"),
        "GLMOCR_PARSE_TIMEOUT_SECONDS": ("1800", "1800"),
        "GLMOCR_LOG_LEVEL": ("INFO", "INFO"),
        "MODEL_NAME": ("zai-org/GLM-OCR",) * 2,
        "MODEL_REVISION": ("e9134f400acad80346162536e043def285fa1022",) * 2,
        "SERVED_MODEL_NAME": ("glm-ocr", "glm-ocr"),
        "VLLM_HOST": ("127.0.0.1", "127.0.0.1"),
        "VLLM_PORT": ("8080", "8080"),
        "VLLM_DTYPE": ("float16", "bfloat16"),
        "TRUST_REMOTE_CODE": ("true", "true"),
        "GPU_MEMORY_UTILIZATION": ("0.92", "0.94"),
        "MAX_MODEL_LEN": ("16384", "32768"),
        "MAX_NUM_SEQS": ("96", "192"),
        "MAX_NUM_BATCHED_TOKENS": ("32768", "65536"),
        "LIMIT_MM_PER_PROMPT": ('{"image":1}', '{"image":1}'),
        "SPECULATIVE_CONFIG": ("", ""),
        "VLLM_HEALTH_TIMEOUT": ("420", "420"),
        "GLMOCR_ENABLE_LAYOUT": ("true", "true"),
        "GLMOCR_OUTPUT_FORMAT": ("both", "both"),
        "GLMOCR_MAX_WORKERS": ("16", "32"),
        "GLMOCR_CONNECTION_POOL_SIZE": ("128", "256"),
        "GLMOCR_PAGE_MAXSIZE": ("100", "220"),
        "GLMOCR_REGION_MAXSIZE": ("800", "1500"),
        "GLMOCR_MAX_TOKENS_PER_PAGE": ("4096", "6144"),
        "GLMOCR_TEMPERATURE": ("0.01", "0.01"),
        "GLMOCR_TOP_P": ("0.9", "0.9"),
        "GLMOCR_CONNECT_TIMEOUT": ("30", "30"),
        "GLMOCR_REQUEST_TIMEOUT": ("180", "180"),
        "GLMOCR_RETRY_MAX_ATTEMPTS": ("3", "3"),
        "GLMOCR_RETRY_BACKOFF_BASE_SECONDS": ("0.75", "0.5"),
        "GLMOCR_LAYOUT_MODEL_DIR": ("PaddlePaddle/PP-DocLayoutV3_safetensors",) * 2,
        "GLMOCR_LAYOUT_THRESHOLD": ("0.3", "0.3"),
        "GLMOCR_LAYOUT_CUDA_VISIBLE_DEVICES": ("0", "0"),
    }
    assert {key: values[column] for key, values in lines.items()}.items() <= preset.items()


@pytest.mark.parametrize("name", ["a40", "h100"])
def test_what_a_preset_says_is_what_runs(name: str) -> None:
    preset = _presets.chosen({"OCTAVO_PRESET": name}, ROOT)
    shown = [knob["origin"] for model in effective({}, {}, preset).values() for knob in model.values()]
    in_force = {origin.removeprefix("preset ") for origin in shown if origin.startswith("preset ")}
    assert set(preset) - in_force == {"GLMOCR_PAGE_MAXSIZE", "GLMOCR_REGION_MAXSIZE"}  # the file says so of them


def test_a_preset_s_revision_is_of_its_own_model() -> None:
    def revision(**environment: str) -> str | None:
        preset = _presets.chosen({"OCTAVO_PRESET": "a40"} | environment, ROOT)
        return resolve(EngineSettings, {}, environment, preset).values.model_revision

    pinned = "e9134f400acad80346162536e043def285fa1022"
    assert revision() == revision(MODEL_NAME="zai-org/GLM-OCR") == pinned
    assert revision(MODEL_NAME="mirror/GLM-OCR") is None
    assert revision(MODEL_NAME="mirror/GLM-OCR", MODEL_REVISION="abc") == "abc"


async def test_job_beats_environment_beats_preset_beats_default(bench: Bench) -> None:
    preset = {"GLMOCR_OUTPUT_FORMAT": "markdown", "MAX_NUM_SEQS": "96"}
    found = resolve(WorkerSettings, {}, {"GLMOCR_OUTPUT_FORMAT": "json"}, preset)
    assert (found.values.output_format, found.origins["output_format"]) == ("json", "environment GLMOCR_OUTPUT_FORMAT")
    engine = resolve(EngineSettings, {}, {}, preset)
    assert (engine.values.max_num_seqs, engine.origins["max_num_seqs"]) == (96, "preset MAX_NUM_SEQS")
    assert engine.origins["max_model_len"] == "default"
    result = await bench.result({"image_base64": PAGE, "output_format": "both"}, {"GLMOCR_OUTPUT_FORMAT": "json"})
    assert result["output_format"] == "both"


def test_the_doctor_tells_origins_and_masks_secrets() -> None:
    secrets = {"BUCKET_SECRET_ACCESS_KEY": "sk-very-secret", "BUCKET_ACCESS_KEY_ID": "ak-secret"}
    shown = effective({}, secrets | {"MAX_NUM_SEQS": "7"}, _presets.chosen({"OCTAVO_PRESET": "a40"}, ROOT))
    assert shown["EngineSettings"]["max_num_seqs"] == {"value": "7", "origin": "environment MAX_NUM_SEQS"}
    assert shown["EngineSettings"]["max_model_len"] == {"value": "16384", "origin": "preset MAX_MODEL_LEN"}
    assert shown["EngineSettings"]["layout_polygons"]["origin"] == "default"
    assert "secret" not in json.dumps([knob["value"] for model in shown.values() for knob in model.values()])


def test_a_preset_that_is_not_there_is_named() -> None:
    with pytest.raises(OctavoError, match=r"no preset called 'b200'; there are: a40, h100"):
        _presets.chosen({"OCTAVO_PRESET": "b200"}, ROOT)


@pytest.mark.parametrize(
    ("gpus", "sequences"),
    [
        ("NVIDIA A40", "96"),
        ("NVIDIA H100 80GB HBM3", "192"),
        ("NVIDIA H100 PCIe", "192"),
        ("NVIDIA H100 NVL", "192"),
        ("NVIDIA H100 80GB HBM3\nNVIDIA H100 80GB HBM3", "192"),
        ("NVIDIA A40\nNVIDIA H100 PCIe", None),
        ("NVIDIA RTX A4000", None),
        ("NVIDIA A40-48Q", None),
        ("NVIDIA A400", None),
        ("NVIDIA GH200 480GB", None),
        ("NVIDIA H1000", None),
        ("No devices were found", None),
        ("", None),
    ],
)
def test_a_preset_follows_the_gpu_s_whole_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpus: str, sequences: str | None
) -> None:
    (tmp_path / "names").write_text(gpus)
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/names\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert _presets.chosen({}, ROOT).get("MAX_NUM_SEQS") == sequences
    assert not _presets.chosen({"OCTAVO_PRESET": "none"}, ROOT)
    program.write_text("#!/bin/sh\nexit 9\n")
    assert not _presets.chosen({}, ROOT)


async def test_nothing_in_a_reply_is_no_json(bench: Bench) -> None:
    reply = await bench.ask({"image_base64": PAGE})
    reply["result"]["odd"] = [math.nan, "\ud800", Path("x")]
    assert json.loads(encoded(reply))["result"]["odd"] == [None, "?", "x"]
