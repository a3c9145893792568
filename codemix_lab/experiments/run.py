"""One run on disk: the spec that asked for it, what came out, and hashes to see damage by."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from codemix_lab.config import Spec
from codemix_lab.errors import StorageError
from codemix_lab.evaluation.metrics import Scores

RECORD, CURVE, MODEL = "record.json", "curve.json", "model"
_PACKAGES = ("codemix-lab", "torch", "transformers", "peft", "accelerate", "scikit-learn")


@dataclass(frozen=True)
class RunKey:
    """What a run is made from: a kind, a spec, and the fingerprints of the models and data it reads."""

    kind: str
    spec: Spec
    inputs: tuple[str, ...]

    @property
    def id(self) -> str:
        """The run's name: 20 hexadecimal digits of a hash over all of it."""
        parts = [self.kind, self.spec.digest(), *self.inputs]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Findings:
    """What a run found: scores by split, and where they come from (plain values)."""

    metrics: dict[str, Scores]
    provenance: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A finished run. `files` gives SHA-256 and bytes of every file by its path in `folder`."""

    id: str
    kind: str
    spec: dict[str, Any]
    created: datetime
    metrics: dict[str, Scores]
    provenance: dict[str, Any]
    versions: dict[str, str]
    files: dict[str, tuple[str, int]]
    folder: Path

    @property
    def model(self) -> Path | None:
        """Folder of the fine-tuned model, or None where only its predictions were kept."""
        folder = self.folder / MODEL
        return folder if any(name.startswith(f"{MODEL}/") for name in self.files) else None

    @property
    def curve(self) -> list[dict[str, Any]]:
        """Training loss by step, as `fine_tune` reported it; empty where nothing was trained."""
        path = self.folder / CURVE
        return list(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []

    def predictions(self, split: str) -> pd.DataFrame:
        """The prediction frame of a split. Raises `StorageError` naming the splits there are."""
        if split not in self.metrics:
            raise StorageError(
                f"The run {self.id} has no predictions for “{split}”, only for {', '.join(self.metrics)}."
            )
        return pd.read_parquet(self.folder / f"predictions-{split}.parquet")

    def fault(self, weights: bool = True) -> str | None:
        """What is wrong with the files, or None; the model's files go by size alone unless `weights`."""
        for name, (digest, size) in self.files.items():
            path = self.folder / name
            if not path.is_file():
                return f"{name} is missing"
            if path.stat().st_size != size:
                return f"{name} has {path.stat().st_size} bytes and not {size}"
            if (weights or not name.startswith(f"{MODEL}/")) and _hash(path) != digest:
                return f"{name} has changed"
        return None


def seal(folder: Path, key: RunKey, findings: Findings) -> None:
    """Write the record of everything that lies in `folder`: the last file of a run."""
    files = {
        path.relative_to(folder).as_posix(): [_hash(path), path.stat().st_size]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    record = {
        "kind": key.kind,
        "spec": key.spec.to_dict(),
        "inputs": list(key.inputs),
        "created": datetime.now(UTC).timestamp(),
        "metrics": {split: scores.to_dict() for split, scores in findings.metrics.items()},
        "provenance": findings.provenance,
        "versions": versions(),
        "files": files,
    }
    text = json.dumps({**record, "seal": _seal(record)}, ensure_ascii=False, indent=1)
    (folder / RECORD).write_text(text, encoding="utf-8")


def read_run(folder: Path) -> Run:
    """Read a record and check its seal. Raises `StorageError` when it is missing or not what was written."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record.pop("seal") != _seal(record):
            raise ValueError("its content has changed")
        return Run(
            id=folder.name,
            kind=record["kind"],
            spec=record["spec"],
            created=datetime.fromtimestamp(record["created"], UTC),
            metrics={split: Scores.from_dict(scores) for split, scores in record["metrics"].items()},
            provenance=record["provenance"],
            versions=record["versions"],
            files={name: (digest, size) for name, (digest, size) in record["files"].items()},
            folder=folder,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{folder / RECORD} is damaged ({error})") from error


def _seal(record: Mapping[str, Any]) -> str:
    text = json.dumps(record, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions() -> dict[str, str]:
    """Python and the libraries that results depend on, as they are installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
