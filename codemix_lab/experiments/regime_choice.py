"""From regimes that somebody chose to the sweep that runs them, and what a regime still lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from codemix_lab.config import Regime, RunSpec

ALWAYS = (Regime.NGRAMS, Regime.FULL)
"""What stands in every comparison: the plain baseline, and what all others are held against."""

_ANY_REGIME = ("score_size", "targets", "keep_model")
_CANDIDATES = {"scalings": "scaling", "densities": "density"}


def regimes_sweep(
    task: Any,
    base: str,
    regimes: Iterable[Regime | str],
    train_sizes: Iterable[int],
    seeds: Iterable[int],
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    """`run` and `over` of a sweep over regimes: `ALWAYS` and the chosen ones, small train sets first.

    `fields` are fields of `RunSpec` for all runs; those that no regime reads or that have their default
    are left out, and a single candidate for λ or density is taken as it is, not chosen on dev.

    >>> found = regimes_sweep("en-hi", "starter", [Regime.TIES], [50], [0, 1], {"scalings": (0.4,), "epochs": 8})
    >>> found["run"], found["over"]["regime"]
    ({'task': 'en-hi', 'base': 'starter', 'scaling': 0.4}, ['ngrams', 'full', 'ties'])
    """
    chosen = list(dict.fromkeys((*ALWAYS, *map(Regime, regimes))))
    read = {name for regime in chosen for name in regime.reads} | set(_ANY_REGIME)
    known = RunSpec.parameters()
    shared: dict[str, Any] = {"task": task, "base": base}
    for name, value in fields.items():
        one = _CANDIDATES.get(name)
        field, said = (one, value[0]) if one and len(value) == 1 else (name, value)
        if name in read and said != known[field].default:
            shared[field] = list(said) if isinstance(said, tuple) else said
    over = {
        "train_size": list(train_sizes),
        "seed": list(seeds),
        "regime": [str(regime) for regime in chosen],
    }
    return {"run": shared, "over": over}


def lacking(regime: Regime, given: Mapping[str, Any], labels: Sequence[Sequence[str]] = ()) -> str | None:
    """What the regime still needs, in a sentence; None where it can run.

    `given` holds fields of `RunSpec`; `labels` those of the task and of the English task, where they are known.

    >>> lacking(Regime.TIES, {"adapted": ()})
    'TIES → FT needs a checkpoint after continued pre-training.'
    """
    words = {"adapted": "a checkpoint after continued pre-training", "english": "an English task"}
    missing = [words[name] for name in regime.needs if not given.get(name)]
    if missing:
        return f"{regime.label} needs {' and '.join(missing)}."
    if regime is Regime.JOINT and len({tuple(sorted(map(str.casefold, found))) for found in labels}) > 1:
        return f"{regime.label} needs an English task with the labels of the code-mixed one."
    return None
