"""The profile `sdk` where the SDK is missing, hangs or fails, and what it is told. tests/official runs the real one.

The stand-in for `glmocr` here has no more than what Octavo touches, and hangs, fails or lies on demand.
"""

import sys
import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from model_server import ModelServer, Reply

from octavo import official_sdk
from octavo.content import Verbatim
from octavo.document import Label, Task
from octavo.errors import EngineFailed, EngineTimeout, EngineUnavailable, OptionInvalid
from octavo.parser import Parser
from octavo.settings import EngineSettings, Merge, OfficialVersion, ParseOptions, Profile, TextLayerUse

SDK = ParseOptions(profile=Profile.SDK)
V5 = OfficialVersion.V0_1_5
WORK = official_sdk.Work([(b"%PDF-", ".pdf")], (0,), SDK)


@pytest.fixture
async def server() -> Any:
    async with ModelServer(lambda _: Reply("text")) as running:
        yield running


async def test_without_the_sdk_it_says_what_to_do(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "glmocr", None)
    settings = EngineSettings(engine="glm-ocr", detector="whole_page", url=server.url)
    async with Parser(settings) as parser:
        with pytest.raises(EngineUnavailable, match="pip install 'glmocr"):
            await parser.aparse(_page(), SDK)


async def test_the_embedded_engine_has_no_server_to_ask() -> None:
    async with Parser(EngineSettings(detector="whole_page", recognizer="scripted")) as parser:
        with pytest.raises(OptionInvalid, match="glm-ocr"):
            await parser.aparse(_page(), SDK)


@pytest.mark.parametrize("more", [{"layout": False}, {"text_layer": TextLayerUse.ONLY}])
def test_what_only_octavo_does_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(OptionInvalid, match="profile sdk"):
        official_sdk.refuse_what_it_cannot_do(SDK.model_copy(update=more))


# --- what it is told ----------------------------------------------------------------------------------------------


def told(settings: EngineSettings, options: ParseOptions = SDK) -> dict[str, Any]:
    found: dict[str, Any] = official_sdk.configuration(settings, options, V5, "http://127.0.0.1:8080/v1")["pipeline"]
    return found


def test_the_template_holds_but_for_where_the_model_is_and_never_the_cloud() -> None:
    assert told(EngineSettings()) == {
        "maas": {"enabled": False},
        "ocr_api": {
            "api_url": "http://127.0.0.1:8080/v1/chat/completions",
            "api_host": "127.0.0.1",
            "api_port": 8080,
            "model": "glm-ocr",
        },
        "page_loader": {"pdf_dpi": 200},
    }


def test_what_was_set_is_told() -> None:
    settings = EngineSettings(
        temperature=0.01, region_tokens=4096, requests_in_flight=16, layout_thresholds={"text": 0.5}
    )
    found = told(settings)
    assert (found["page_loader"]["temperature"], found["page_loader"]["max_tokens"]) == (0.01, 4096)
    assert (found["max_workers"], found["layout"]["threshold_by_class"]) == (16, {22: 0.5})


def test_a_jobs_own_rules_are_told() -> None:
    options = SDK.model_copy(
        update={"tasks": {Label.IMAGE: Task.TEXT}, "official_merge": {Label.TEXT: Merge.UNION}, "dpi": 96}
    )
    found = told(EngineSettings(), options)
    assert "image" in found["layout"]["label_task_mapping"]["text"]
    assert "image" not in found["layout"]["label_task_mapping"]["skip"]
    assert found["layout"]["layout_merge_bboxes_mode"] == {22: Merge.UNION}
    assert found["page_loader"]["pdf_dpi"] == 96


# --- how it ends --------------------------------------------------------------------------------------------------

REGION = {"index": 0, "label": "text", "bbox_2d": [0, 0, 500, 500], "polygon": [[0, 0]], "task_type": "text"}


def shown(text: str) -> dict[str, Any]:
    kept = {key: value for key, value in REGION.items() if key != "task_type"}
    return {**kept, "label": "text", "content": text, "native_label": "text"}


@pytest.fixture
def glmocr(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A package of that name; `process` is what its pipeline does with a document."""
    made = SimpleNamespace(process=lambda pipeline: [], opened=0)

    class Config(SimpleNamespace):
        @classmethod
        def from_yaml(cls) -> SimpleNamespace:
            return SimpleNamespace(model_dump=lambda: {"pipeline": {"layout": {}, "ocr_api": {}}})

        @classmethod
        def model_validate(cls, content: Any) -> SimpleNamespace:
            layout = dict.fromkeys(official_sdk._BY_JOB) | content["pipeline"]["layout"]
            return SimpleNamespace(pipeline=SimpleNamespace(layout=SimpleNamespace(**layout)))

    class Detector:
        batch_size = 1

        def __init__(self, config: Any) -> None:
            made.opened += 1

        def start(self) -> None: ...

        def stop(self) -> None: ...

        def process(self, images: Any, **_: Any) -> Any:
            return [[dict(REGION)] for _ in images], {}

    class Pipeline:
        def __init__(self, config: Any, layout_detector: Any) -> None:
            self.layout_detector = layout_detector
            self.ocr_client = SimpleNamespace(
                start=lambda: None, process=lambda request: ({}, 500), api_key="of the cloud"
            )

        def process(self, request: Any) -> Any:
            return made.process(self)

        def stop(self) -> None: ...

    for name, content in {
        "glmocr": {"__version__": "0.1.5"},
        "glmocr.config": {"GlmOcrConfig": Config},
        "glmocr.layout": {"PPDocLayoutDetector": Detector},
        "glmocr.pipeline": {"Pipeline": Pipeline},
    }.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return made


def sdk(**settings: Any) -> official_sdk.OfficialSdk:
    return official_sdk.OfficialSdk(EngineSettings(**settings), V5, "http://127.0.0.1:1/v1")


def finding(*texts: str | None, entries: int | None = None) -> Callable[[Any], Any]:
    """A pipeline that finds one region and writes a text into it, page by page."""

    def process(pipeline: Any) -> list[Any]:
        pages = []
        for text in texts:
            answer, _ = pipeline.layout_detector.process([SimpleNamespace(size=(100, 200))])
            answer[0][0]["content"] = text
            pages.append([shown(text)] if text else [])
        return [SimpleNamespace(json_result=pages[:entries])]

    return process


async def test_it_is_kept_open_and_its_cloud_key_taken_away(glmocr: SimpleNamespace) -> None:
    keys = []

    def process(pipeline: Any) -> Any:
        keys.append(pipeline.ocr_client.api_key)
        return finding("said")(pipeline)

    glmocr.process = process
    opened = sdk()
    for _ in range(2):
        [page] = await opened.read(WORK)
        assert [block.content for block in page.blocks] == [Verbatim("said")]
        assert page.size == (100, 200)
    assert (glmocr.opened, keys) == (1, [None, None])


async def test_a_region_that_failed_and_a_page_that_is_missing_are_told(glmocr: SimpleNamespace) -> None:
    glmocr.process = finding(None, "second", entries=2)
    pages = await sdk().read(official_sdk.Work(WORK.inputs, (0, 1, 2), SDK))
    codes = [[problem.code for problem in page.problems] for page in pages]
    assert codes == [["engine_lost"], [], ["page_unreadable"]]


async def test_one_that_hangs_is_given_up_and_the_next_document_gets_a_new_one(glmocr: SimpleNamespace) -> None:
    released = threading.Event()
    glmocr.process = lambda _: released.wait(60)
    opened = sdk(sdk_seconds=0.2)
    with pytest.raises(EngineTimeout):
        await opened.read(WORK)
    glmocr.process = finding("said")
    opened._settings = EngineSettings()
    [page] = await opened.read(WORK)
    assert (page.blocks[0].content, glmocr.opened) == (Verbatim("said"), 2)
    released.set()


async def test_one_that_fails_names_no_path(glmocr: SimpleNamespace) -> None:
    def process(_: Any) -> Any:
        raise RuntimeError("/secret/place")

    glmocr.process = process
    with pytest.raises(EngineFailed) as raised:
        await sdk().read(WORK)
    assert "secret" not in str(raised.value)


def test_a_version_that_is_not_known_is_refused(glmocr: SimpleNamespace) -> None:
    sys.modules["glmocr"].__version__ = "0.1.3"  # type: ignore[attr-defined]
    with pytest.raises(EngineUnavailable, match=r"0\.1\.3"):
        official_sdk.installed()


def _page() -> bytes:
    from io import BytesIO

    from PIL import Image

    data = BytesIO()
    Image.new("RGB", (200, 200), "white").save(data, "PNG")
    return data.getvalue()
