"""Where the starter lies, and by which names its checkpoints are called."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

from codemix_lab.errors import CheckpointError
from codemix_lab.paths import user_cache

WEIGHTS = Path(__file__).with_name("weights")
_MAKERS = ("convert.py", "vocabulary.py", "e5_format.py")


@dataclass(frozen=True)
class StarterState:
    """Whether the starter base is there, where, and which names can be opened on it."""

    installed: bool
    folder: Path
    names: tuple[str, ...]


def starter_state() -> StarterState:
    """Look without fetching anything."""
    folder = base_folder()
    adapters = sorted(p.parent.name for p in WEIGHTS.glob("*/adapter_config.json") if p.parent.name != "base")
    return StarterState(
        (folder / "config.json").is_file(), folder, ("starter", *(f"starter:{a}" for a in adapters))
    )


def is_starter_name(ref: str) -> bool:
    """True for "starter" and "starter:<anything>"."""
    return ref == "starter" or ref.startswith("starter:")


def starter_paths(ref: str) -> tuple[Path, Path | None]:
    """Folder of the base and of the adapter (None for the base itself).

    Raises `CheckpointError` for a name that does not exist and while the starter is not installed.
    """
    state = starter_state()
    if ref not in state.names:
        raise CheckpointError(f"the starter has no “{ref}”; it has {', '.join(state.names)}.")
    if not state.installed:
        raise CheckpointError(
            "the starter is not on this machine yet. Run `codemix-lab starter` to fetch it (91 MB)."
        )
    return state.folder, None if ref == "starter" else WEIGHTS / ref.partition(":")[2]


def base_folder() -> Path:
    """Folder of the starter base; its name changes with whatever the base is made from."""
    return user_cache() / f"starter-{_made_from()[:12]}"


@functools.cache
def _made_from() -> str:
    digest = hashlib.sha256()
    for path in (
        *(Path(__file__).with_name(n) for n in _MAKERS),
        WEIGHTS / "base" / "adapter_model.safetensors",
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()
