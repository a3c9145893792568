"""The same merge as a mergekit configuration, written where mergekit can express it, and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from codemix_lab.config import MergeMethod, MergeSpec, Schedule, TiesPreset, TrimScope
from codemix_lab.config.merge import GROUPS
from codemix_lab.errors import SpecError
from codemix_lab.models.weights import HEADS

CONFIG_FILE = "mergekit_config.yml"
_KNOWN = {"merge_method", "base_model", "models", "parameters", "dtype", "out_dtype"}
_METHODS = ("task_arithmetic", "ties", "linear", "slerp")
_PARAMETERS = {"weight", "density", "normalize", "lambda", "t"}


class NotInMergekit(SpecError):
    """A merge that mergekit has no words for, or computes in another way."""


def to_mergekit(spec: MergeSpec, sources: Sequence[str], out_dtype: str = "float32") -> str:
    """YAML with which `mergekit-yaml` computes the merge of `spec` up to rounding in the last bits.

    `sources`: base and adapted as mergekit opens them (hub id or folder, `base+adapter` for LoRA).
    Raises `NotInMergekit` for other trimming than mergekit's (preset and scope; any is the same at
    density 1), for methods that draw by chance or that mergekit computes otherwise, and for
    schedules and multipliers of λ.
    """
    method, options = _expressed(spec)
    weights = spec.weights or (1.0,) * len(spec.adapted)
    if method == "slerp":
        models: list[dict[str, Any]] = [{"model": ref} for ref in sources]
        options = {"t": _without_heads(spec.scaling)}
    else:
        density = {"density": spec.density} if method == "ties" else {}
        models = [
            {"model": ref, "parameters": {"weight": _without_heads(weight), **density}}
            for ref, weight in zip(sources[1:], weights, strict=True)
        ]
        options = {**options, "lambda": spec.scaling}
    return yaml.safe_dump(
        {
            "merge_method": method,
            "base_model": sources[0],
            "models": models,
            "parameters": options,
            "dtype": "float32",
            "out_dtype": out_dtype,
        },
        sort_keys=False,
    )


def from_mergekit(text: str) -> MergeSpec:
    """The spec of a mergekit configuration.

    Heads stay the base's here, whatever the configuration says of them. Raises `SpecError` naming
    the field that cannot be read: methods, slices and settings that have no counterpart in the lab.
    """
    config = load_yaml(text)
    unknown = sorted(set(map(str, config)) - _KNOWN)
    if unknown:
        raise SpecError(
            f"the mergekit field “{unknown[0]}” has no counterpart here: known are {_list(_KNOWN)}."
        )
    method = config.get("merge_method")
    if method not in _METHODS:
        raise SpecError(f"merge_method = {method!r} cannot be read: known are {_list(_METHODS)}.")
    models = [_model(entry) for entry in _entries(config)]
    if not models:
        raise SpecError("models is empty: name the checkpoints to merge.")
    shared = _parameters(config.get("parameters"), "parameters")
    base = config.get("base_model") or (models[0][0] if method == "linear" else None)
    if not isinstance(base, str):
        raise SpecError("base_model is missing: name the checkpoint that the others are compared with.")
    settings = [(ref, {**shared, **own}) for ref, own in models]
    tips = [(ref, own) for ref, own in settings if ref != base]
    adapted = tuple(_adapter(ref, base) for ref, _ in tips)
    weights = tuple(_number(own, "weight", 1.0) for _, own in tips)
    scaling = _number(shared, "lambda", 1.0)
    if method == "slerp":
        return MergeSpec(base, adapted, MergeMethod.SLERP, _number(shared, "t", None))
    if method == "linear":
        whole = (
            sum(_number(own, "weight", 1.0) for _, own in settings) if shared.get("normalize", True) else 1.0
        )
        if not whole:
            raise SpecError("weight: the weights add up to 0, so there is no average. Change one of them.")
        return MergeSpec(
            base, adapted, MergeMethod.TASK_ARITHMETIC, 1.0, weights=tuple(w / whole for w in weights)
        )
    normalised = shared.get("normalize", method == "ties")
    if method == "task_arithmetic":
        chosen = MergeMethod.LINEAR if normalised else MergeMethod.TASK_ARITHMETIC
        return MergeSpec(base, adapted, chosen, scaling, weights=weights)
    densities = {_number(own, "density", 1.0) for _, own in tips}
    if len(densities) != 1:
        raise SpecError("density differs between the models: give all of them the same.")
    if not normalised:
        raise SpecError("normalize = false is not known for ties here: leave it out, or use task_arithmetic.")
    return MergeSpec(
        base, adapted, MergeMethod.TIES, scaling, densities.pop(), TrimScope.TENSOR, weights, TiesPreset.MERGEKIT
    )  # fmt: skip


def read_spec(path: Path) -> MergeSpec:
    """The spec in a YAML file, the lab's own or a mergekit configuration.

    Raises `SpecError` naming the file when it is neither, or cannot be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} cannot be read ({error}). Give a YAML file such as merge.yaml.") from error
    try:
        values = load_yaml(text)
        return from_mergekit(text) if "merge_method" in values else MergeSpec.from_dict(values)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error


def load_yaml(text: str) -> dict[str, Any]:
    """A YAML mapping. Raises `SpecError` for anything else."""
    try:
        values = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SpecError(f"this is not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise SpecError("this is no YAML with named fields.")
    return values


def _expressed(spec: MergeSpec) -> tuple[str, dict[str, Any]]:
    if spec.schedule is not Schedule.CONSTANT or any(getattr(spec, group) != 1.0 for group in GROUPS):
        raise NotInMergekit(
            "λ that differs between layers or modules is not written as a mergekit configuration."
        )
    method, plain = spec.method, not spec.weights
    if method is MergeMethod.TASK_ARITHMETIC:
        return "task_arithmetic", {"normalize": False}
    if method is MergeMethod.LINEAR:
        return "task_arithmetic", {"normalize": True}
    if method is MergeMethod.SLERP and plain:
        return "slerp", {}
    if method is MergeMethod.TIES:
        mergekits = spec.preset is TiesPreset.MERGEKIT and spec.scope is TrimScope.TENSOR
        if mergekits or (spec.preset is TiesPreset.LAB and spec.density == 1 and plain):
            return "ties", {"normalize": True}
    raise NotInMergekit(
        f"{method} with these parameters is not what mergekit computes: use the preset mergekit."
    )


def _without_heads(value: float) -> list[dict[str, Any]]:
    return [*({"filter": head, "value": 0.0} for head in HEADS), {"value": value}]


def _entries(config: Mapping[str, Any]) -> list[Any]:
    entries = config.get("models")
    if not isinstance(entries, list):
        raise SpecError("models is missing: name the checkpoints to merge in a list.")
    return entries


def _model(entry: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(entry, dict) or not isinstance(entry.get("model"), str):
        raise SpecError("models: each entry wants a field “model” with a hub id or a folder.")
    extra = sorted(set(map(str, entry)) - {"model", "parameters"})
    if extra:
        raise SpecError(f"models: “{extra[0]}” has no counterpart here.")
    return entry["model"], _parameters(entry.get("parameters"), entry["model"])


def _parameters(values: Any, where: str) -> dict[str, Any]:
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SpecError(f"{where}: parameters want named fields.")
    for name in values:
        if name not in _PARAMETERS:
            raise SpecError(
                f"{where}: the parameter “{name}” cannot be read: known are {_list(_PARAMETERS)}."
            )
    return {name: _plain(value, f"{where}: {name}") for name, value in values.items()}


def _plain(value: Any, where: str) -> Any:
    """A setting without its filters for heads. Raises `SpecError` for gradients and other filters."""
    if isinstance(value, list) and value and all(isinstance(one, dict) and "value" in one for one in value):
        rest = [one["value"] for one in value if one.get("filter") not in HEADS]
        if len(rest) == 1 and "filter" not in value[-1]:
            value = rest[0]
    if isinstance(value, (bool, int, float)):
        return value
    raise SpecError(f"{where} = {value!r} cannot be read: give one number for all layers.")


def _number(values: Mapping[str, Any], name: str, default: float | None) -> float:
    value = values.get(name, default)
    if value is None or isinstance(value, bool):
        raise SpecError(f"{name} is missing or no number: give one.")
    return float(value)


def _adapter(ref: str, base: str) -> str:
    """The lab's name of a checkpoint: an adapter is named alone, its base is the merge's."""
    under, plus, adapter = ref.partition("+")
    return adapter if plus and under == base else ref


def _list(names: Any) -> str:
    return ", ".join(sorted(names))
