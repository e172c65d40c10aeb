"""`octavo doctor` tells the truth about this installation."""

import json
import shutil
from pathlib import Path

import pytest

from octavo import weights
from octavo.__main__ import main
from octavo.frontends import doctor
from octavo.frontends._exits import Exit
from octavo.frontends.doctor import effective

SECRETS = {"OCTAVO_PASSWORD": "sesame", "GLMOCR_API_KEY": "sk-1234"}


@pytest.fixture(autouse=True)
def no_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_PRESET", "none")


def test_the_embedded_engine_is_ready(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == Exit.SUCCESS
    found = json.loads(capsys.readouterr().out)
    assert set(found["weights"].values()) == {"right"}
    assert {"name": "embedded", "chosen": True, "lacks": []} in found["engines"]
    assert all(package["version"] for package in found["packages"] if package["extra"] is None)


@pytest.mark.parametrize(
    ("there", "missing"), [((), ["landlock", "seccomp"]), (("seccomp",), ["landlock"]), (("landlock", "seccomp"), [])]
)
def test_what_the_kernel_lacks_to_hold_strangers_files_is_said(
    there: tuple[str, ...], missing: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "_sandbox", lambda: there)
    main(["doctor"])
    said = capsys.readouterr().out
    assert [name for name in ("landlock", "seccomp") if f"this kernel has no {name}" in said] == missing


def test_an_engine_that_cannot_run_says_what_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--engine", "glm-ocr", "--vllm-command", "no-such-program"]) == Exit.OURS
    said = capsys.readouterr().out
    assert "cannot run here (in force)" in said
    assert "no program 'no-such-program' here: install vLLM" in said


def test_missing_and_damaged_weights_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Path(weights.__file__)
    shutil.copy(here.with_name("carriers.toml"), tmp_path)
    (tmp_path / "layout.onnx").write_bytes(b"damaged")
    monkeypatch.setattr(weights, "__file__", str(tmp_path / "__init__.py"))
    main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)["weights"]
    assert found.pop("layout.onnx") == "differs"
    assert set(found.values()) == {"missing"}


def test_effective_shows_values_and_where_they_came_from() -> None:
    shown = effective({"threads": "2"}, {"OCTAVO_DPI": "200"}, {"IMAGE_MAX_SIDE": "2200"})
    assert shown["EngineSettings"]["threads"] == {"value": "2", "origin": "explicit"}
    assert shown["ParseOptions"]["dpi"] == {"value": "200", "origin": "environment OCTAVO_DPI"}
    assert shown["ParseOptions"]["max_side"] == {"value": "2200", "origin": "preset IMAGE_MAX_SIDE"}
    assert shown["ParseOptions"]["layout"] == {"value": "on", "origin": "default"}


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_secrets_are_masked(
    form: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    assert main(["doctor", "--effective", *form]) == Exit.SUCCESS
    said = capsys.readouterr().out
    assert "environment OCTAVO_PASSWORD" in said
    assert not any(secret in said for secret in SECRETS.values())
