"""One run of one regime: everything that its result depends on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import product
from typing import Any

from codemix_lab.config.finetune import FineTuneSpec
from codemix_lab.config.merge import MergeSpec
from codemix_lab.config.methods import MergeMethod
from codemix_lab.config.regimes import Regime
from codemix_lab.config.spec import Spec, parameter
from codemix_lab.config.task import TaskSpec, as_tasks
from codemix_lab.errors import SpecError

TEMPLATE = "Sentence: {text}\nLabel: {label}"
READ_BY_ALL = (
    "regime",
    "task",
    "seed",
    "score_size",
    "splits",
    "targets",
    "target_sizes",
    "target_epochs",
    "keep_model",
)
"""Fields that change the result of every regime, besides those that it names itself."""


@dataclass(frozen=True)
class RunSpec(Spec):
    """One regime on one task with one seed.

    Fields that the regime does not read are put back to their defaults, so that equal runs have one
    identity and a sweep over λ does full fine-tuning once. Subset, order and head depend on the seed
    alone: runs of one seed differ in their regime only.
    """

    regime: Regime = parameter(help="How a base becomes a classifier (`codemix-lab regimes`).")
    task: TaskSpec = parameter(help="The labelled task.")
    base: str = parameter("starter", help="Base checkpoint; for prompting the causal model that is asked.")
    adapted: tuple[str, ...] = parameter(
        (),
        help="Checkpoints after continued pre-training of the base; FOLDER@STEP is the one after so many steps.",
    )
    scaling: float = parameter(0.6, low=0.0, high=1.5, step=0.05, help="λ of the merge.")
    density: float = parameter(0.3, low=0.01, high=1.0, step=0.05, help="Density of a TIES merge.")
    train_size: int = parameter(
        200, low=2, high=1_000_000, step=50, help="Train sentences (drawn with the seed, stratified)."
    )
    epochs: int = parameter(8, low=1, high=100, step=1, help="Passes over the train sentences.")
    seed: int = parameter(0, low=0, high=2**31 - 1, help="Draws subset, order and head.")
    learning_rate: float = parameter(1e-4, low=1e-7, high=1e-1, help="Peak learning rate.")
    batch_size: int = parameter(8, low=1, high=1024, help="Sentences in one step.")
    max_length: int = parameter(128, low=8, high=512, help="Longest sentence, in pieces.")
    freeze_embeddings: bool = parameter(True, help="Leave the embedding rows as they are.")
    english: TaskSpec | None = parameter(
        None, sparse=True, help="English task, for regimes that learn from it."
    )
    english_size: int = parameter(
        1000, low=2, high=1_000_000, step=100, sparse=True, help="English train sentences."
    )
    english_epochs: int = parameter(
        3, low=1, high=100, step=1, sparse=True, help="Passes over the English sentences."
    )
    method: MergeMethod = parameter(
        MergeMethod.TASK_ARITHMETIC,
        sparse=True,
        help="How task vectors are combined, where a regime leaves it open.",
    )
    scalings: tuple[float, ...] = parameter(
        (), low=0.0, high=1.5, sparse=True, help="Candidates for λ: the best on dev is taken, for each seed."
    )
    densities: tuple[float, ...] = parameter(
        (), low=0.01, high=1.0, sparse=True, help="Candidates for the density: the best on dev is taken."
    )
    lora: bool = parameter(False, sparse=True, help="Train a LoRA adapter instead of all parameters.")
    rank: int = parameter(16, low=1, high=512, step=4, sparse=True, help="Rank of the LoRA adapter.")
    score_size: int | None = parameter(
        None,
        low=10,
        high=1_000_000,
        sparse=True,
        help="Sentences of each split that are scored (stratified, always the same); all when left out.",
    )
    splits: tuple[str, ...] = parameter(("dev", "test"), sparse=True, help="Splits that are scored.")
    targets: tuple[TaskSpec, ...] = parameter(
        (),
        sparse=True,
        help="Other tasks whose test is scored as well, over the labels that both have.",
    )
    target_sizes: tuple[int, ...] = parameter(
        (),
        low=0,
        high=1_000_000,
        sparse=True,
        help="Labelled sentences of each target that the classifier goes on with (few-shot); zero-shot is always scored.",
    )
    target_epochs: int = parameter(
        8, low=1, high=100, step=1, sparse=True, help="Passes over the labelled sentences of a target."
    )
    shots: int = parameter(0, low=0, high=64, step=1, sparse=True, help="Prompting: labelled examples shown.")
    template: str = parameter(
        TEMPLATE,
        sparse=True,
        help="Prompting: how a sentence is asked, with {text} and, at its end, {label}.",
    )
    endpoint: str | None = parameter(
        None,
        sparse=True,
        help="Prompting: address of an OpenAI-compatible server, such as http://host:8000/v1.",
    )
    keep_model: bool = parameter(False, sparse=True, help="Keep the fine-tuned weights too.")

    def __post_init__(self) -> None:
        for name in ("task", "english"):
            if isinstance(getattr(self, name), str):
                object.__setattr__(self, name, TaskSpec(getattr(self, name)))
        object.__setattr__(self, "targets", as_tasks(self.targets))
        super().__post_init__()
        missing = [name for name in self.regime.needs if not getattr(self, name)]
        if missing:
            raise SpecError(
                f"The regime {self.regime} needs the field {missing[0]}: {self._help(missing[0])}"
            )
        if not self.splits or not set(self.splits) <= {"train", "dev", "test"}:
            raise SpecError("splits must be some of train, dev and test.")
        if not self.template.rstrip().endswith("{label}") or "{text}" not in self.template:
            raise SpecError("template must hold {text} and end in {label}: it is asked up to the label.")
        read = {*READ_BY_ALL, *self.regime.reads}
        for field in fields(self):
            if field.name not in read:
                object.__setattr__(self, field.name, field.default)
        self._tidy()

    def _tidy(self) -> None:
        """Put back what is not read because of another field."""
        changes: dict[str, Any] = {"target_sizes": tuple(sorted({*self.target_sizes} - {0}))}
        if not self.targets or not changes["target_sizes"]:
            changes |= {"target_sizes": (), "target_epochs": self._default("target_epochs")}
        if "density" not in self.method.reads and self.regime is not Regime.TIES:
            changes |= {"density": self._default("density"), "densities": ()}
        if not self.lora:
            changes["rank"] = self._default("rank")
        if self.regime is Regime.PROMPT and self.shots == 0:
            changes["seed"] = 0
        if self.regime is Regime.PROBE and not self.adapted:
            changes |= {
                name: self._default(name)
                for name in ("method", "scaling", "scalings", "density", "densities")
            }
        if self.scalings or changes.get("scalings", self.scalings):
            changes["scaling"] = self._default("scaling")
        if changes.get("densities", self.densities):
            changes["density"] = self._default("density")
        for name, value in changes.items():
            object.__setattr__(self, name, value)

    @property
    def candidates(self) -> tuple[RunSpec, ...]:
        """The dev-only runs that λ and density are chosen by; none where nothing is left open."""
        if not self.scalings and not self.densities:
            return ()
        grid = product(self.scalings or (self.scaling,), self.densities or (self.density,))
        return tuple(
            self.settled(scaling, density).replace(splits=("dev",), targets=(), keep_model=False)
            for scaling, density in grid
        )

    def settled(self, scaling: float, density: float) -> RunSpec:
        """This run at one λ and density, nothing left open."""
        return self.replace(scaling=scaling, density=density, scalings=(), densities=())

    @property
    def english_stage(self) -> RunSpec | None:
        """The fine-tune on the English task that this regime starts from: one for all seeds."""
        if self.english is None or "english_epochs" not in self.regime.reads:
            return None
        return self.replace(
            regime=Regime.FULL,
            task=self.english,
            train_size=self.english_size,
            epochs=self.english_epochs,
            seed=0,
            lora=False,
            splits=("dev",),
            targets=(),
            keep_model=True,
        )

    @property
    def prerequisites(self) -> tuple[RunSpec, ...]:
        """Runs that must be finished before this one, in order."""
        stage = self.english_stage
        return (*(() if stage is None else (stage,)), *self.candidates)

    def merge(self, *adapted: str, method: MergeMethod | None = None) -> MergeSpec:
        """The merge of `adapted`, or of the spec's own, into the base at this λ and density."""
        asked = method or self.method
        density = self.density if "density" in asked.reads else 1.0
        return MergeSpec(self.base, adapted or self.adapted, asked, self.scaling, density)

    def fine_tuning(self, model: str | MergeSpec) -> FineTuneSpec:
        """How `model` is fine-tuned in this run."""
        shared = {f.name for f in fields(FineTuneSpec)} - {"model"}
        return FineTuneSpec(model=model, **{name: getattr(self, name) for name in shared})

    @classmethod
    def _default(cls, name: str) -> Any:
        return cls.parameters()[name].default

    @classmethod
    def _help(cls, name: str) -> str:
        return cls.parameters()[name].help
