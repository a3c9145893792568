"""CodeMix Lab: adapt multilingual language models to code-mixed text by model merging."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

os.environ.setdefault("GOMP_SPINCOUNT", "5000")
"""The threads of one computation wait for each other by turning on the spot, and for a long time: beside other
work that takes four fifths of the speed away. Read when torch is loaded, so it is said here, before that."""

if TYPE_CHECKING:
    from codemix_lab.config import FineTuneSpec as FineTuneSpec
    from codemix_lab.config import MergeSpec as MergeSpec
    from codemix_lab.config import ProbeSpec as ProbeSpec
    from codemix_lab.config import TaskSpec as TaskSpec
    from codemix_lab.models.checkpoints import open_checkpoint as open_checkpoint
    from codemix_lab.text.tasks import open_task as open_task
    from codemix_lab.training.export import export_merge as export_merge
    from codemix_lab.training.finetune import fine_tune as fine_tune

_PUBLIC = {
    "MergeSpec": "config",
    "ProbeSpec": "config",
    "FineTuneSpec": "config",
    "TaskSpec": "config",
    "open_task": "text.tasks",
    "open_checkpoint": "models.checkpoints",
    "export_merge": "training.export",
    "fine_tune": "training.finetune",
}
__all__ = [
    "FineTuneSpec",
    "MergeSpec",
    "ProbeSpec",
    "TaskSpec",
    "__version__",
    "export_merge",
    "fine_tune",
    "open_checkpoint",
    "open_task",
]


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used, so that `import codemix_lab` stays light."""
    if name not in _PUBLIC:
        raise AttributeError(f"module “codemix_lab” has no attribute “{name}”")
    return getattr(importlib.import_module(f"codemix_lab.{_PUBLIC[name]}"), name)
