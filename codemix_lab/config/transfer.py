"""Transfer as an experiment: what is trained on, what it is tested on, by which regimes, with how many seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codemix_lab.config.regimes import Regime
from codemix_lab.config.reproduce import CARRIED, Preset, ReproduceSpec
from codemix_lab.config.spec import Spec, parameter
from codemix_lab.config.task import TaskSpec, as_tasks
from codemix_lab.errors import SpecError

_KNOWN = ReproduceSpec.parameters()


def _as_declared(name: str) -> Any:
    """The declaration that `ReproduceSpec` has of this field; left out of YAML while it has its default."""
    known = _KNOWN[name]
    return parameter(
        known.default, help=known.help, low=known.low, high=known.high, step=known.step, sparse=True
    )


@dataclass(frozen=True)
class TransferSpec(Spec):
    """Every train task × every test task × every regime × every seed, zero-shot and few-shot.

    The classifier of a run is tested on all targets at once. Labels are compared by name, case ignored;
    `mapping` renames them in every task that has them. Full fine-tuning is always among the regimes, and
    `english` adds the monolingual baseline.
    """

    sources: tuple[TaskSpec, ...] = parameter(help="Tasks that are trained on, by name or file.")
    targets: tuple[TaskSpec, ...] = parameter(help="Tasks that the classifiers are tested on.")
    regimes: tuple[Regime, ...] = parameter(
        CARRIED, help="Regimes to run; full fine-tuning is always among them."
    )
    base: str = _as_declared("base")
    adapted: tuple[str, ...] = _as_declared("adapted")
    english: TaskSpec | None = parameter(
        None, sparse=True, help="English task: full fine-tuning on it is the monolingual baseline."
    )
    mapping: tuple[str, ...] = parameter(
        (),
        sparse=True,
        help="Labels renamed in every task that has them, as OLD=NEW; OLD= leaves the rows with that label out.",
    )
    train_size: int = parameter(
        200, low=2, high=1_000_000, step=50, help="Train sentences (drawn with the seed, stratified)."
    )
    target_sizes: tuple[int, ...] = parameter(
        (0,),
        low=0,
        high=1_000_000,
        help="Labelled sentences of the target that fine-tuning goes on with; 0 is zero-shot and always there.",
    )
    seeds: int = parameter(3, low=1, high=1000, step=1, help="Seeds, counted from 0.")
    epochs: int = _as_declared("epochs")
    target_epochs: int = _as_declared("target_epochs")
    learning_rate: float = _as_declared("learning_rate")
    batch_size: int = _as_declared("batch_size")
    max_length: int = _as_declared("max_length")
    scalings: tuple[float, ...] = _as_declared("scalings")
    densities: tuple[float, ...] = _as_declared("densities")
    english_size: int = _as_declared("english_size")
    english_epochs: int = _as_declared("english_epochs")
    score_size: int | None = _as_declared("score_size")
    lora: bool = _as_declared("lora")
    rank: int = _as_declared("rank")

    def __post_init__(self) -> None:
        for name in ("sources", "targets"):
            object.__setattr__(self, name, as_tasks(getattr(self, name)))
        if isinstance(self.english, str):
            object.__setattr__(self, "english", TaskSpec(self.english))
        super().__post_init__()
        for name in ("sources", "targets"):
            if not getattr(self, name):
                raise SpecError(f"{name} names no task: give at least one.")
            object.__setattr__(self, name, tuple(dict.fromkeys(getattr(self, name))))
        if len({*self.sources, *self.targets}) == 1:
            raise SpecError(
                f"targets names {self.targets[0].source} alone, which is also what is trained on: nothing is carried "
                "over. Give a task of another pair."
            )
        TaskSpec(self.sources[0].source, mapping=self.mapping)
        if Regime.PROMPT in self.regimes:
            raise SpecError("regimes: prompting trains nothing that could be carried over. Leave it out.")
        object.__setattr__(self, "regimes", tuple(dict.fromkeys((Regime.FULL, *self.regimes))))
        object.__setattr__(self, "target_sizes", tuple(sorted({0, *self.target_sizes})))
        for regime in self.regimes:
            missing = [name for name in regime.needs if not getattr(self, name)]
            if missing:
                raise SpecError(
                    f"The regime {regime} needs the field {missing[0]}. Give it, or leave the regime out."
                )

    def to_dict(self) -> dict[str, Any]:
        """Plain values; a task of which nothing but its name is told is that name."""
        named = {name: [_named(task) for task in getattr(self, name)] for name in ("sources", "targets")}
        english = {} if self.english is None else {"english": _named(self.english)}
        return super().to_dict() | named | english

    def reproduction(
        self, sources: tuple[TaskSpec, ...], targets: tuple[TaskSpec, ...], english: TaskSpec | None
    ) -> ReproduceSpec:
        """The same as the preset `transfer`, on these tasks: the spec's own with their labels mapped."""
        mine = self.parameters()
        shared = {name: getattr(self, name) for name in _KNOWN if name in mine}
        asked = {"tasks": sources, "targets": targets, "english": english, "train_sizes": (self.train_size,)}
        return ReproduceSpec(**{**shared, **asked, "preset": Preset.TRANSFER})


def _named(task: TaskSpec) -> Any:
    return task.source if task == TaskSpec(task.source) else task.to_dict()
