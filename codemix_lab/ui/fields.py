"""Numbers of a spec as input fields, kept in the URL."""

from __future__ import annotations

from typing import Any

import streamlit as st

from codemix_lab.config import Spec
from codemix_lab.config.spec import Parameter
from codemix_lab.errors import SpecError


def number(
    spec: type[Spec],
    name: str,
    label: str,
    help: str | None = None,
    disabled: bool = False,
    key: str | None = None,
    value: int | None = None,
) -> int:
    """A field for the parameter `name` of `spec`, with the range, step, default and help it declares."""
    declared: Any = spec.parameters()[name]
    return int(
        st.number_input(
            label,
            min_value=int(declared.low),
            max_value=int(declared.high),
            value=int(declared.default if value is None else value),
            step=int(declared.step or 1),
            key=key or name,
            bind="query-params",
            disabled=disabled,
            help=help or declared.help,
        )
    )


def several(
    spec: type[Spec], name: str, label: str, default: str, key: str, help: str | None = None
) -> tuple[float, ...]:
    """A field for one or more values of a number of `spec`, parted by commas or spaces, each checked by its range.

    Raises `SpecError` for what is no number, for nothing at all and for what is out of range.
    """
    declared = spec.parameters()[name]
    text = st.text_input(
        label, default, key=key, bind="query-params", help=help or declared.help, max_chars=200
    )
    return numbers_in(text, label, declared)


def numbers_in(text: str, label: str, declared: Parameter) -> tuple[float, ...]:
    """The numbers in a text, each once, in order.

    >>> from codemix_lab.config import RunSpec
    >>> numbers_in("50, 100 50", "Train sentences", RunSpec.parameters()["train_size"])
    (50.0, 100.0)
    """
    try:
        found = tuple(dict.fromkeys(float(part) for part in text.replace(",", " ").split()))
    except ValueError:
        raise SpecError(f"{label}: “{text}” is not understood. Write numbers parted by commas.") from None
    if not found:
        raise SpecError(f"{label}: write at least one number.")
    low, high = declared.low or 0.0, declared.high or 0.0
    for value in found:
        if not low <= value <= high:
            raise SpecError(f"{label}: {value:g} is out of range. Choose between {low:g} and {high:g}.")
    return found
