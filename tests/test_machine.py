"""What a process may use is what its CPU mask and its container leave."""

import os
from pathlib import Path

import pytest

from octavo import machine


@pytest.mark.parametrize(
    ("quota", "left"),
    [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 8), ("2000000 100000", 8), (None, 8)],
)
def test_a_container_s_quota_limits_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str | None, left: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota)
    assert machine.cores() == left


def test_a_container_s_limit_is_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    installed = machine.memory()
    assert installed is not None
    (tmp_path / "memory.max").write_text("1048576\n")
    assert machine.memory() == 1 << 20
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.memory() == installed
