"""One merge method a file: `combine(deltas, piece)` for each member of `config.MergeMethod`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import cast

from torch import Tensor

from codemix_lab.config import MergeMethod
from codemix_lab.merging.methods.piece import Piece

Combine = Callable[[Sequence[Tensor], Piece], Tensor]


def combine_of(method: MergeMethod) -> Combine:
    """The function of a method: changes of one shape in, the one change that λ scales out."""
    module = importlib.import_module(f"{__name__}.{method.replace('-', '_')}")
    return cast(Combine, module.combine)
