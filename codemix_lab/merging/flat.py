"""The floating tensors of a state dict, laid out in one flat float32 buffer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from codemix_lab.errors import CheckpointError, IncompatibleError

ALIGNMENT = 16
"""Every tensor starts at a multiple of 16 floats (64 bytes), as PyTorch itself aligns memory."""


@dataclass(frozen=True)
class FlatLayout:
    """Where each floating tensor lies in a flat buffer of `size` float32 elements.

    Names that share one piece of memory (tied weights) are laid out once, under the first name;
    `aliases` maps every further name to it. Integer and boolean tensors have no place.
    """

    names: tuple[str, ...]
    shapes: tuple[torch.Size, ...]
    offsets: tuple[int, ...]
    aliases: tuple[tuple[str, str], ...]
    size: int

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> FlatLayout:
        """The layout of a state dict, in its order.

        >>> layout = FlatLayout.of({"weight": torch.ones(2, 2), "bias": torch.ones(2)})
        >>> layout.offsets, layout.size
        ((0, 16), 32)
        """
        names: list[str] = []
        offsets: list[int] = []
        aliases: list[tuple[str, str]] = []
        end = 0
        tied = tied_names(state)
        for name, tensor in state.items():
            if not tensor.is_floating_point():
                continue
            if name in tied:
                aliases.append((name, tied[name]))
                continue
            names.append(name)
            offsets.append(end)
            end += -(-tensor.numel() // ALIGNMENT) * ALIGNMENT
        shapes = tuple(state[name].shape for name in names)
        return cls(tuple(names), shapes, tuple(offsets), tuple(aliases), end)

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """First and one-past-last element of every tensor, in the order of `names`."""
        return tuple(
            (start, start + math.prod(shape)) for start, shape in zip(self.offsets, self.shapes, strict=True)
        )

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """The tensors inside `flat` under all their names; writing to `flat` changes them."""
        views = {
            name: flat[start:stop].view(shape)
            for name, shape, (start, stop) in zip(self.names, self.shapes, self.spans, strict=True)
        }
        return views | {name: views[first] for name, first in self.aliases}

    def device(self, state: Mapping[str, Tensor]) -> torch.device:
        """Where the first floating tensor lies; the processor when there is none."""
        return next((state[name].device for name in self.names), torch.device("cpu"))

    @torch.no_grad()
    def gather(self, state: Mapping[str, Tensor], device: torch.device, whose: str) -> Tensor:
        """A new flat float32 buffer that holds `state`; `whose` names it in messages.

        Raises `IncompatibleError` as `check` does and `CheckpointError` on NaN or infinite values.
        """
        self.check(state, whose)
        flat = torch.zeros(self.size, dtype=torch.float32, device=device)
        for name, view in self.views(flat).items():
            view.copy_(state.get(name, view))
            check_finite(view, name, whose)
        return flat

    def check(self, state: Mapping[str, Tensor], whose: str) -> None:
        """Raise `IncompatibleError` unless `state` has exactly this layout's floating tensors."""
        tied = dict(self.aliases)
        known = {*self.names, *tied}
        missing = [name for name in self.names if name not in state]
        if missing:
            raise IncompatibleError(
                f"{whose} lacks {listed(missing)}, which the base has. Merge checkpoints of one architecture."
            )
        extra = [name for name, t in state.items() if t.is_floating_point() and name not in known]
        if extra:
            raise IncompatibleError(
                f"{whose} has {listed(extra)}, which the base lacks. Leave heads out before merging."
            )
        for name, shape in zip(self.names, self.shapes, strict=True):
            if state[name].shape != shape:
                raise IncompatibleError(
                    f"{whose}: “{name}” has the shape {tuple(state[name].shape)}, in the base it is"
                    f" {tuple(shape)}. A different vocabulary or model size cannot be merged."
                )
        for name, first in tied.items():
            if name in state and not _same_values(state[name], state[first]):
                raise IncompatibleError(
                    f"{whose}: “{name}” and “{first}” differ, but the base ties them to one tensor."
                    " Tie them in both checkpoints or in neither."
                )


def tied_names(state: Mapping[str, Tensor]) -> dict[str, str]:
    """Names whose tensor is the very memory of an earlier name, with that first name.

    >>> embedding = torch.ones(3, 2)
    >>> tied_names({"embed": embedding, "bias": torch.ones(2), "head": embedding})
    {'head': 'embed'}
    """
    first: dict[tuple[object, ...], str] = {}
    tied: dict[str, str] = {}
    for name, tensor in state.items():
        if tensor.numel() == 0:
            continue
        owner = first.setdefault(_memory(tensor), name)
        if owner != name:
            tied[name] = owner
    return tied


def is_finite(tensor: Tensor) -> bool:
    """Whether a floating tensor is free of NaN and infinite values; needs no memory of its size."""
    if tensor.numel() == 0:
        return True
    low, high = torch.aminmax(tensor.detach())
    return math.isfinite(low.item()) and math.isfinite(high.item())


def check_finite(tensor: Tensor, name: str, whose: str) -> None:
    """Raise `CheckpointError` naming the tensor if it holds NaN or an infinite value."""
    if not is_finite(tensor):
        raise not_finite(name, whose)


def not_finite(name: str, whose: str) -> CheckpointError:
    """What is said of a tensor that holds NaN or an infinite value."""
    return CheckpointError(
        f"{whose}: “{name}” holds NaN or infinite values. The weights are damaged or the training diverged;"
        " use another checkpoint."
    )


def listed(names: list[str], most: int = 3) -> str:
    """The first few names in quotes, and how many more there are.

    >>> listed(["a", "b", "c", "d", "e"])
    '“a”, “b”, “c” and 2 more'
    """
    text = ", ".join(f"“{name}”" for name in names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most} more"


def _memory(tensor: Tensor) -> tuple[object, ...]:
    return tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride()


def _same_values(one: Tensor, other: Tensor) -> bool:
    return _memory(one) == _memory(other) or torch.equal(one, other)
