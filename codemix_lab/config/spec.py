"""What every spec can do: check itself when made, be hashed, and go to YAML and back.

A parameter is declared once, as data, with `parameter(...)`; validation, command-line options
and sliders are all read from that declaration.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import hashlib
import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import yaml

from codemix_lab.errors import SpecError


@dataclass(frozen=True)
class Parameter:
    """What is known of one parameter: its default, its closed range and one sentence of help."""

    name: str
    default: Any
    low: float | None
    high: float | None
    step: float | None
    help: str
    sparse: bool = False


def parameter(
    default: Any = dataclasses.MISSING,
    *,
    help: str,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    sparse: bool = False,
) -> Any:
    """Declare a field of a spec together with its range and help text.

    A `sparse` field is left out of plain values and YAML, and so of the identity, while it has its default.
    """
    metadata = {"low": low, "high": high, "step": step, "help": help, "sparse": sparse}
    return field(default=default, metadata=metadata)


class Spec:
    """Base of all specs: validated when made, hashable, to and from YAML."""

    def __post_init__(self) -> None:
        kind: Any = type(self)
        hints = _hints(kind)
        for declared in dataclasses.fields(self):  # type: ignore[arg-type]
            value = _coerce(hints[declared.name], getattr(self, declared.name), declared.name)
            _check_range(declared, value)
            object.__setattr__(self, declared.name, value)

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """The declared parameters by name, in order."""
        return {
            f.name: Parameter(
                f.name,
                f.default,
                f.metadata.get("low"),
                f.metadata.get("high"),
                f.metadata.get("step"),
                f.metadata.get("help", ""),
                f.metadata.get("sparse", False),
            )
            for f in dataclasses.fields(cls)  # type: ignore[arg-type]
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values only (strings, numbers, lists, dictionaries)."""
        values = {f: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        return {
            f.name: _plain(value)
            for f, value in values.items()
            if not f.metadata.get("sparse") or value != f.default
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read plain values back. Raises `SpecError` naming an unknown field and its nearest valid name."""
        if not isinstance(values, Mapping):
            raise SpecError(f"{cls.__name__} wants named fields, not {type(values).__name__}.")
        known = cls.parameters()
        for name in values:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1)
                hint = f"did you mean “{near[0]}”?" if near else f"known fields: {', '.join(known)}."
                raise SpecError(f"{cls.__name__} has no field “{name}”: {hint}")
        missing = [n for n, p in known.items() if p.default is dataclasses.MISSING and n not in values]
        if missing:
            raise SpecError(f"{cls.__name__} lacks the field “{missing[0]}”.")
        return cls(**dict(values))

    def to_yaml(self) -> str:
        """YAML text that `from_yaml` reads back to an equal spec."""
        return yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True)

    @classmethod
    def from_yaml(cls, text: str) -> Self:
        """Read a spec from YAML text. Raises `SpecError` on text that is no YAML mapping."""
        try:
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise SpecError(f"this is not valid YAML: {error}") from error
        return cls.from_dict(values)

    def digest(self) -> str:
        """SHA-256 over the canonical values, 64 hexadecimal digits: the spec's identity."""
        text = json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, validated again."""
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]


def _check_range(declared: dataclasses.Field[Any], value: Any) -> None:
    low, high = declared.metadata.get("low"), declared.metadata.get("high")
    if low is None or value is None:
        return
    for one in value if isinstance(value, tuple) else (value,):
        if not math.isfinite(one) or not low <= one <= high:
            raise SpecError(f"{declared.name} = {one} is out of range: choose between {low:g} and {high:g}.")


@functools.cache
def _hints(spec: type) -> dict[str, Any]:
    return typing.get_type_hints(spec)


def _coerce(kind: Any, value: Any, name: str) -> Any:
    """Bring a plain value to its declared type, or say which field has the wrong kind of value."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        options = typing.get_args(kind)
        if value is None and type(None) in options:
            return None
        specs = [o for o in options if isinstance(o, type) and issubclass(o, Spec)]
        if specs and (isinstance(value, (Mapping, *specs))):
            return _coerce(specs[0], value, name)
        return _coerce(next(o for o in options if o not in specs and o is not type(None)), value, name)
    if origin is tuple:
        return _coerce_tuple(typing.get_args(kind), value, name)
    if isinstance(kind, type) and issubclass(kind, Spec):
        return value if isinstance(value, kind) else kind.from_dict(value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(value)
        except ValueError:
            raise SpecError(f"{name} = {value!r} is unknown: choose one of {', '.join(kind)}.") from None
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind is str and isinstance(value, Path):
        return str(value)
    if isinstance(value, bool) != (kind is bool) or not isinstance(value, kind):
        raise SpecError(f"{name} = {value!r} is not {_KINDS.get(kind, kind.__name__)}.")
    return value


def _coerce_tuple(kinds: tuple[Any, ...], value: Any, name: str) -> tuple[Any, ...]:
    values = (value,) if isinstance(value, str) else value
    if not isinstance(values, (list, tuple)):
        raise SpecError(f"{name} wants a list, not {value!r}.")
    if kinds[-1] is Ellipsis:
        return tuple(_coerce(kinds[0], v, name) for v in values)
    if len(values) != len(kinds):
        raise SpecError(f"{name} wants {len(kinds)} values each, not {value!r}.")
    return tuple(_coerce(kind, v, name) for kind, v in zip(kinds, values, strict=True))


_KINDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def _plain(value: Any) -> Any:
    if isinstance(value, Spec):
        return value.to_dict()
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value
