"""What is to be run: specs in order, what they wait for first, and how far they are."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from codemix_lab import paths
from codemix_lab.config import RunSpec
from codemix_lab.errors import StorageError
from codemix_lab.experiments.regime_runs import RegimeRuns
from codemix_lab.experiments.store import RunStore, content_key

PLAN, FAILED = "plan.json", "failed"


@dataclass(frozen=True)
class State:
    """How many runs a plan has and has finished, and the messages of failed ones by spec."""

    total: int
    done: int
    failed: dict[RunSpec, str]

    @property
    def left(self) -> int:
        """Runs neither finished nor failed."""
        return self.total - self.done - len(self.failed)


class Plan:
    """Runs for one store. The folder (`workspace/sweeps/…`) is named by what is asked for.

    Every process of a sweep opens the same plan; what is done is read from the store alone, so a
    sweep goes on from wherever it was broken off.
    """

    def __init__(
        self, specs: Sequence[RunSpec], store: RunStore | None = None, ids: dict[RunSpec, str] | None = None
    ) -> None:
        self.store = store or RunStore()
        self.runs = RegimeRuns(self.store)
        self.specs = tuple(dict.fromkeys(_with_prerequisites(specs)))
        self.ids = {spec: self.runs.key(spec).id for spec in self.specs} if ids is None else ids
        self.names = {name: spec for spec, name in self.ids.items()}
        name = content_key("plan", str(self.store.root), *sorted(spec.digest() for spec in self.specs))
        self.folder = paths.workspace() / "sweeps" / name

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """The plan that was written there. Raises `StorageError` when it cannot be read."""
        try:
            written = json.loads((folder / PLAN).read_text(encoding="utf-8"))
            ids = {RunSpec.from_dict(spec): str(name) for name, spec in written["runs"].items()}
            plan = cls(list(ids), RunStore(Path(written["store"])), ids)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError(f"{folder / PLAN} is no plan ({error}): start the sweep again.") from error
        plan.folder = folder
        return plan

    def write(self) -> None:
        """Keep it for workers, and forget what failed before."""
        with paths.storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self.folder / FAILED, ignore_errors=True)
            runs = {name: spec.to_dict() for spec, name in self.ids.items()}
            written = {"store": str(self.store.root), "runs": runs}
            with paths.new_file(self.folder / PLAN) as path:
                path.write_text(json.dumps(written, ensure_ascii=False), encoding="utf-8")

    def is_done(self, spec: RunSpec) -> bool:
        """Whether the store has it; its files are checked when it is read."""
        return (self.store.root / self.ids[spec]).is_dir()

    def failure(self, spec: RunSpec) -> str | None:
        """Why it failed, or None."""
        with contextlib.suppress(OSError):
            return (self.folder / FAILED / self.ids[spec]).read_text(encoding="utf-8")
        return None

    def fail(self, spec: RunSpec, message: str) -> None:
        """Put it on record that a run failed; the same sweep started again tries it anew."""
        with paths.new_file(self.folder / FAILED / self.ids[spec]) as path:
            path.write_text(message, encoding="utf-8")

    def state(self) -> State:
        """How far it is."""
        done = self._there(self.store.root)
        failed = {
            self.names[name]: message
            for name in self._there(self.folder / FAILED) - done
            if (message := self.failure(self.names[name])) is not None
        }
        return State(len(self.specs), len(done), failed)

    def left(self) -> list[RunSpec]:
        """Runs that are neither finished nor failed, in order."""
        ended = self._there(self.store.root) | self._there(self.folder / FAILED)
        return [spec for spec, name in self.ids.items() if name not in ended]

    def _there(self, folder: Path) -> set[str]:
        """Runs of the plan that have an entry in a folder: one look, however many there are."""
        try:
            return self.names.keys() & set(os.listdir(folder))
        except FileNotFoundError:
            return set()


def _with_prerequisites(specs: Iterable[RunSpec]) -> Iterable[RunSpec]:
    for spec in specs:
        yield from _with_prerequisites(spec.prerequisites)
        yield spec
