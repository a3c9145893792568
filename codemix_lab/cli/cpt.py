"""The command that continues pre-training."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from codemix_lab.cli.options import JSON, OUT
from codemix_lab.cli.terminal import numbers, option, progress, show
from codemix_lab.config import CptSpec, TaskSpec
from codemix_lab.errors import SpecError

app = typer.Typer()


@app.command()
def cpt(
    base: str = option(CptSpec, "base"),
    corpus: list[str] = typer.Option(..., help=CptSpec.parameters()["corpora"].help + " Repeat the option."),
    shares: str | None = typer.Option(None, help=CptSpec.parameters()["shares"].help + " Such as 0.5,0.5."),
    steps: int | None = typer.Option(None, help=f"{CptSpec.parameters()['steps'].help} [default: 900]"),
    epochs: float | None = option(CptSpec, "epochs"),
    tokens_per_step: int = option(CptSpec, "tokens_per_step"),
    accumulation: int = option(CptSpec, "accumulation"),
    gradient_checkpointing: bool = option(CptSpec, "gradient_checkpointing", "--gradient-checkpointing"),
    learning_rate: float = option(CptSpec, "learning_rate"),
    lora: bool = option(CptSpec, "lora", "--lora/--full"),
    rank: int = option(CptSpec, "rank"),
    alpha: int | None = option(CptSpec, "alpha"),
    rank_stabilised: bool = option(CptSpec, "rank_stabilised", "--rank-stabilised"),
    targets: list[str] = option(CptSpec, "targets"),
    freeze_embeddings: bool = option(CptSpec, "freeze_embeddings", "--freeze-embeddings"),
    mask_share: float = option(CptSpec, "mask_share"),
    whole_words: bool = option(CptSpec, "whole_words", "--whole-words"),
    max_length: int = option(CptSpec, "max_length"),
    evaluate_every: int | None = option(CptSpec, "evaluate_every"),
    save_every: int = option(CptSpec, "save_every"),
    trajectory: bool = option(CptSpec, "trajectory", "--trajectory"),
    trajectory_megabytes: int = option(CptSpec, "trajectory_megabytes"),
    patience: int = option(CptSpec, "patience"),
    seed: int = option(CptSpec, "seed"),
    task: list[str] = typer.Option(
        [], help="Task to be scored later: its dev and test text in a corpus is refused. Repeat the option."
    ),
    leave_out: bool = typer.Option(
        False, "--without-leaks", help="Leave dev and test text of those tasks out of the corpora, and go on."
    ),
    force: bool = typer.Option(False, "--force", help="Go on in spite of leaked text or too little memory."),
    out: Path = OUT,
    as_json: bool = JSON,
) -> None:
    """Continue pre-training on unlabelled text; the same command goes on where an interrupted one stopped."""
    if steps is not None and epochs is not None:
        raise SpecError("--steps and --epochs both say how long: give one of them.")
    spec = CptSpec(
        base=base,
        corpora=tuple(corpus),
        shares=tuple(numbers(shares)) if shares else (),
        steps=CptSpec.parameters()["steps"].default if steps is None else steps,
        epochs=epochs,
        tokens_per_step=tokens_per_step,
        accumulation=accumulation,
        gradient_checkpointing=gradient_checkpointing,
        learning_rate=learning_rate,
        lora=lora,
        rank=rank,
        alpha=alpha,
        rank_stabilised=rank_stabilised,
        targets=tuple(targets),
        freeze_embeddings=freeze_embeddings,
        mask_share=mask_share,
        whole_words=whole_words,
        max_length=max_length,
        evaluate_every=evaluate_every,
        save_every=save_every,
        trajectory=trajectory,
        trajectory_megabytes=trajectory_megabytes,
        patience=patience,
        seed=seed,
    )
    from codemix_lab.experiments.adapting import adapt

    with progress() as (on_progress, should_stop):
        found = adapt(
            spec, out, [TaskSpec(name) for name in task], force, leave_out, on_progress, should_stop
        )
    losses = {
        f"{name}, {when}": loss for when in ("before", "after") for name, loss in getattr(found, when).items()
    }
    if os.environ.get("RANK", "0") != "0":
        return
    more = {"before": found.before, "after": found.after, "curve": found.curve, "spec": spec.to_dict()}
    show({"out": str(found.adapter), **(more if as_json else losses)}, as_json)
