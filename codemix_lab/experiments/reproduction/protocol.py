"""How the runs of a report were made, in sentences."""

from __future__ import annotations

from codemix_lab.config import Preset, ReproduceSpec
from codemix_lab.experiments.reproduction.drive import Reproduction
from codemix_lab.experiments.reproduction.rows import ENGLISH


def protocol(made: Reproduction) -> list[str]:
    """Base and checkpoints, fine-tuning, seeds, what was chosen on dev, what was scored, and how far it is."""
    spec, state = made.spec, made.plan.state()
    fixed = (
        f"{_count(spec.epochs, 'epoch')}, learning rate {spec.learning_rate:g}, batches of {spec.batch_size}, at most "
        f"{spec.max_length} pieces, {f'LoRA of rank {spec.rank}' if spec.lora else 'all parameters but the embedding rows'}"
    )
    scored = (
        "all sentences"
        if spec.score_size is None
        else f"at most {spec.score_size:,} sentences, always the same,"
    )
    said = [
        spec.preset.help,
        (
            f"Base {spec.base}; after pre-training: {', '.join(spec.adapted) or 'none'}. Fine-tuning: {fixed}, the same for "
            "every regime."
        ),
        (
            f"{_count(spec.seeds, 'seed')}. All regimes of a seed see the same train sentences in the same order and begin with the "
            "same head, so differences are taken seed by seed."
        ),
        (f"{_grid(spec)}Test is scored once. Scored are {scored} of each split."),
        f"{state.done} of {state.total} runs are finished.",
    ]
    if spec.preset is Preset.TRANSFER:
        said += _carried(spec)
    if spec.english is not None and any("english_epochs" in regime.reads for regime in spec.asked_regimes):
        said.append(
            f"English task: {spec.english.source}, {spec.english_size:,} sentences, {_count(spec.english_epochs, 'epoch')} with "
            "seed 0, one for all seeds; its own spread is not in the intervals. Where it has the labels of the "
            "code-mixed task, sequential fine-tuning goes on with its head, else with a new one."
        )
    return said


def _grid(spec: ReproduceSpec) -> str:
    """How λ and density were chosen, where a merge was run."""
    if spec.preset is Preset.TRANSFER and not any(
        "scalings" in regime.reads for regime in spec.asked_regimes
    ):
        return ""
    return (
        f"λ from {_listed(spec.scalings)} and density from {_listed(spec.densities)} are chosen on dev for each seed by "
        "runs that never read test. "
    )


def _carried(spec: ReproduceSpec) -> list[str]:
    """How the targets were used, and what the English baseline is."""
    said = []
    sizes = ", ".join(str(size) for size in spec.target_sizes if size)
    if sizes:
        said.append(
            f"Few-shot: the classifier goes on with {sizes} labelled train sentences of the target, drawn with the seed and "
            f"never one that also stands in its test, for {_count(spec.target_epochs, 'epoch')}; optimiser and learning "
            "rate begin anew, and each number of sentences begins from the source's classifier."
        )
    if spec.english is not None:
        said.append(
            f"{ENGLISH}: as many train sentences of {spec.english.source}, with the same seeds and epochs."
        )
    return said


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _listed(values: tuple[float, ...]) -> str:
    return "{" + ", ".join(f"{value:g}" for value in values) + "}"
