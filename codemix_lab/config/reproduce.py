"""What of the paper is run again, on which models and data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from codemix_lab.config.regimes import Regime
from codemix_lab.config.run import RunSpec
from codemix_lab.config.spec import Spec, parameter
from codemix_lab.config.task import TaskSpec, as_tasks
from codemix_lab.errors import SpecError


class Preset(StrEnum):
    """An experiment of the paper. Each member carries its label and a sentence on what it asks."""

    label: str
    help: str

    MAIN_TABLE = "main-table", "Main table", "Do merges beat full fine-tuning and CPT → FT?"
    LAMBDA_GRID = "lambda-grid", "λ grid", "How does the fine-tuned score depend on λ?"
    CORPUS_ABLATION = "corpus-ablation", "Corpus ablation", "Does it matter which text was pre-trained on?"
    CPT_DURATION = "cpt-duration", "Length of pre-training", "How long has pre-training to go on?"
    TRANSFER = "transfer", "Transfer", "Do merges help on language pairs that were never trained on?"

    def __new__(cls, value: str, label: str = "", help: str = "") -> Preset:
        """A member with its words."""
        self = str.__new__(cls, value)
        self._value_ = value
        self.label, self.help = label, help
        return self


SINGLE = tuple(regime for regime in Regime if regime is not Regime.PROMPT)
CARRIED = (Regime.FULL, Regime.CPT_FT, Regime.TASK_ARITHMETIC, Regime.TIES, Regime.NGRAMS)
"""Regimes of the paper's transfer table, with the plain baseline."""

_SHARED = RunSpec.parameters()


@dataclass(frozen=True)
class ReproduceSpec(Spec):
    """One preset on some tasks, at some train sizes, with some seeds."""

    preset: Preset = parameter(help="Which experiment: " + ", ".join(Preset) + ".")
    tasks: tuple[TaskSpec, ...] = parameter(help="Tasks that are trained on, one table each.")
    base: str = parameter("starter", help=_SHARED["base"].help)
    adapted: tuple[str, ...] = parameter(
        (),
        help="Checkpoints after continued pre-training; corpus-ablation and cpt-duration hold them against each other.",
    )
    english: TaskSpec | None = parameter(None, help=_SHARED["english"].help)
    targets: tuple[TaskSpec, ...] = parameter(
        (), help="Transfer: tasks that are scored and never trained on."
    )
    target_sizes: tuple[int, ...] = parameter(
        (), low=0, high=1_000_000, sparse=True, help="Transfer: " + _SHARED["target_sizes"].help
    )
    target_epochs: int = parameter(
        8, low=1, high=100, step=1, sparse=True, help=_SHARED["target_epochs"].help
    )
    regimes: tuple[Regime, ...] = parameter(
        (), help="Main table and transfer: regimes to run; those of the preset when left out."
    )
    seeds: int = parameter(10, low=1, high=1000, step=1, help="Seeds, counted from 0.")
    train_sizes: tuple[int, ...] = parameter(
        (200,), low=2, high=1_000_000, help="Train sentences, one table each."
    )
    epochs: int = parameter(8, low=1, high=100, step=1, help=_SHARED["epochs"].help)
    learning_rate: float = parameter(1e-4, low=1e-7, high=1e-1, help=_SHARED["learning_rate"].help)
    batch_size: int = parameter(8, low=1, high=1024, help=_SHARED["batch_size"].help)
    max_length: int = parameter(128, low=8, high=512, help=_SHARED["max_length"].help)
    scalings: tuple[float, ...] = parameter(
        (0.3, 0.6, 1.0), low=0.0, high=1.5, help="Candidates for λ, chosen on dev for each seed."
    )
    densities: tuple[float, ...] = parameter(
        (0.3,), low=0.01, high=1.0, help="Candidates for the density of TIES, chosen on dev for each seed."
    )
    english_size: int = parameter(1000, low=2, high=1_000_000, help=_SHARED["english_size"].help)
    english_epochs: int = parameter(3, low=1, high=100, help=_SHARED["english_epochs"].help)
    score_size: int | None = parameter(1000, low=10, high=1_000_000, help=_SHARED["score_size"].help)
    lora: bool = parameter(False, help=_SHARED["lora"].help)
    rank: int = parameter(16, low=1, high=512, help=_SHARED["rank"].help)

    causal: str | None = parameter(
        None, help="Main table: causal model that is prompted beside it, zero-shot and with shots."
    )
    endpoint: str | None = parameter(None, help=_SHARED["endpoint"].help)
    shots: int = parameter(4, low=1, high=64, step=1, help=_SHARED["shots"].help)

    def __post_init__(self) -> None:
        for name in ("tasks", "targets"):
            object.__setattr__(self, name, as_tasks(getattr(self, name)))
        if isinstance(self.english, str):
            object.__setattr__(self, "english", TaskSpec(self.english))
        super().__post_init__()
        if not self.tasks:
            raise SpecError("tasks names no task: give at least one.")
        if not self.train_sizes:
            raise SpecError("train_sizes is empty: give at least one number of sentences.")
        wanting = any("adapted" in regime.needs for regime in self.asked_regimes)
        if not self.adapted and (
            wanting if self.preset is Preset.TRANSFER else self.preset is not Preset.MAIN_TABLE
        ):
            raise SpecError(
                f"{self.preset} needs the field adapted: a checkpoint after continued pre-training."
            )
        if self.preset is Preset.TRANSFER and not self.targets:
            raise SpecError("transfer needs the field targets: tasks of other language pairs.")
        if self.preset in (Preset.CORPUS_ABLATION, Preset.CPT_DURATION) and len(self.adapted) < 2:
            raise SpecError(
                f"{self.preset} holds checkpoints against each other: give two or more in adapted."
            )

    @property
    def asked_regimes(self) -> tuple[Regime, ...]:
        """The regimes to run, full fine-tuning first: what the others are held against."""
        default = CARRIED if self.preset is Preset.TRANSFER else SINGLE
        return tuple(dict.fromkeys((Regime.FULL, *(self.regimes or default))))

    def run(self, regime: Regime, task: TaskSpec, train_size: int, seed: int, **changes: Any) -> RunSpec:
        """A run of this experiment; `changes` are fields of `RunSpec`."""
        shared: dict[str, Any] = {name: getattr(self, name) for name in _SHARED if name in self.parameters()}
        values = {**shared, "regime": regime, "task": task, "train_size": train_size, "seed": seed, **changes}
        return RunSpec(**values)
