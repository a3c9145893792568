"""Where the starters lie, an encoder and a decoder, and by which names their checkpoints are called."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

from codemix_lab.errors import CheckpointError
from codemix_lab.paths import user_cache

WEIGHTS = Path(__file__).with_name("weights")
ENCODER, CAUSAL = "starter", "starter-causal"
_MADE_FROM = {
    ENCODER: ("convert.py", "vocabulary.py", "e5_format.py", "weights/base/adapter_model.safetensors"),
    CAUSAL: ("causal.py",),
}
_FETCH = {
    ENCODER: "`codemix-lab starter` to fetch it (91 MB)",
    CAUSAL: "`codemix-lab starter --causal` to fetch it (93 MB)",
}


@dataclass(frozen=True)
class StarterState:
    """Whether a starter base is there, where, and which names can be opened on it."""

    installed: bool
    folder: Path
    names: tuple[str, ...]


def starter_state(family: str = ENCODER) -> StarterState:
    """Look without fetching anything; `family` is ENCODER or CAUSAL."""
    folder = base_folder(family)
    found = sorted(path.parent.name for path in (WEIGHTS / family).glob("*/adapter_config.json"))
    return StarterState(
        (folder / "config.json").is_file(), folder, (family, *(f"{family}:{a}" for a in found))
    )


def is_starter_name(ref: str) -> bool:
    """True for the name of a starter, and for that with ":<anything>".

    >>> is_starter_name("starter"), is_starter_name("starter-causal:en-hi"), is_starter_name("starters")
    (True, True, False)
    """
    return ref.partition(":")[0] in _MADE_FROM


def starter_paths(ref: str) -> tuple[Path, Path | None]:
    """Folder of the base and of the adapter (None for the base itself).

    Raises `CheckpointError` for a name that does not exist and while the starter is not installed.
    """
    family, _, adapter = ref.partition(":")
    state = starter_state(family)
    if ref not in state.names:
        raise CheckpointError(f"the starter has no “{ref}”; it has {', '.join(state.names)}.")
    if not state.installed:
        raise CheckpointError(f"the {family} is not on this machine yet. Run {_FETCH[family]}.")
    return state.folder, adapter_folder(ref) if adapter else None


def adapter_folder(ref: str) -> Path:
    """Where the adapter that a name such as "starter:en-hi" calls for lies, should there be one."""
    family, _, adapter = ref.partition(":")
    return WEIGHTS / family / adapter


def base_folder(family: str = ENCODER) -> Path:
    """Folder of a starter base; its name changes with whatever the base is made from."""
    return user_cache() / f"{family}-{_made_from(family)[:12]}"


@functools.cache
def _made_from(family: str) -> str:
    digest = hashlib.sha256()
    for name in _MADE_FROM[family]:
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()
