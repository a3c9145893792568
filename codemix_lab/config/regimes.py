"""The registry of training regimes: one entry each, with all it declares; recipes lie in `experiments/regimes/`.

The regime called `cpt-ft` is the function `recipe` of `experiments/regimes/cpt_ft.py`. Command line,
sweeps and reports read this table and know no regime by name.
"""

from __future__ import annotations

from enum import StrEnum

_TRAINING = ("train_size", "epochs", "learning_rate", "batch_size", "max_length", "freeze_embeddings")
_FINE_TUNED = ("base", *_TRAINING, "lora", "rank")
_ENGLISH = ("english", "english_size", "english_epochs")
_GRID = ("scaling", "scalings")
_DENSE = (*_GRID, "density", "densities")


class Regime(StrEnum):
    """A way from a base checkpoint to a classifier (arXiv 2510.19782). Each member carries its declaration.

    `label` and `help` are for people; `needs` names the fields of `RunSpec` that must be given; `reads`
    those that change its result, besides task, seed and what is scored.
    """

    label: str
    help: str
    needs: tuple[str, ...]
    reads: tuple[str, ...]

    FULL = "full", "Full fine-tuning", "Fine-tunes the base.", (), _FINE_TUNED
    CPT_FT = (
        "cpt-ft",
        "CPT → FT",
        "Fine-tunes the checkpoint after continued pre-training.",
        ("adapted",),
        (*_FINE_TUNED, "adapted"),
    )
    TASK_ARITHMETIC = (
        "task-arithmetic",
        "Task Arithmetic → FT",
        "Adds λ·τ to the base, then fine-tunes.",
        ("adapted",),
        (*_FINE_TUNED, "adapted", *_GRID),
    )
    TIES = (
        "ties",
        "TIES → FT",
        "Adds λ times the trimmed, sign-elected τ to the base, then fine-tunes.",
        ("adapted",),
        (*_FINE_TUNED, "adapted", *_DENSE),
    )
    SEQUENTIAL = (
        "sequential",
        "Sequential FT",
        "Fine-tunes on the English task, then on the code-mixed one.",
        ("english",),
        (*_FINE_TUNED, *_ENGLISH),
    )
    JOINT = (
        "joint",
        "Joint FT",
        "Fine-tunes on English and code-mixed sentences together.",
        ("english",),
        (*_FINE_TUNED, "english", "english_size"),
    )
    MULTI_SOURCE = (
        "multi-source",
        "τ_cpt + τ_en → FT",
        "Merges the changes of pre-training and of the English task into the base, then fine-tunes.",
        ("adapted", "english"),
        (*_FINE_TUNED, "adapted", *_ENGLISH, "method", *_DENSE),
    )
    MERGE_AFTER = (
        "merge-after",
        "FT, then + λ·τ",
        "Fine-tunes the base, then adds λ·τ to what came out.",
        ("adapted",),
        (*_FINE_TUNED, "adapted", "method", *_DENSE),
    )
    PROBE = (
        "probe",
        "Frozen probe",
        "Logistic regression on the frozen base, or on a merge where adapted checkpoints are given.",
        (),
        ("base", "adapted", "train_size", "max_length", "method", *_DENSE),
    )
    NGRAMS = (
        "ngrams",
        "Character n-grams",
        "TF-IDF of character 2- to 5-grams and logistic regression: knows nothing but the train sentences.",
        (),
        ("train_size",),
    )
    PROMPT = (
        "prompt",
        "Prompting",
        "Asks a causal model, here or behind an endpoint, without training; shots are shown as examples.",
        (),
        ("base", "shots", "template", "endpoint"),
    )

    def __new__(
        cls,
        value: str,
        label: str = "",
        help: str = "",
        needs: tuple[str, ...] = (),
        reads: tuple[str, ...] = (),
    ) -> Regime:
        """A member with its declaration."""
        self = str.__new__(cls, value)
        self._value_ = value
        self.label, self.help, self.needs, self.reads = label, help, needs, reads
        return self

    @property
    def fine_tunes(self) -> bool:
        """Whether weights of a network are trained."""
        return "epochs" in self.reads
