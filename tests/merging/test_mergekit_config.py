"""The configuration that is written gives mergekit the same weights, and is read back to the same merge."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.config import MergeMethod, MergeSpec, TiesPreset
from codemix_lab.errors import SpecError
from codemix_lab.merging.merge import merge_by
from codemix_lab.merging.mergekit_config import NotInMergekit, from_mergekit, read_spec, to_mergekit
from codemix_lab.merging.recipe import Recipe

TIES = {"method": "ties", "preset": "mergekit", "density": 0.3}
EXPRESSED: list[dict[str, Any]] = [
    {"method": "task-arithmetic", "scaling": 0.6, "weights": (1.0, -0.5)},
    {"method": "task-arithmetic", "scaling": 1.0},
    {"method": "linear", "scaling": 0.7, "weights": (2.0, 0.5)},
    TIES | {"scaling": 0.6},
    TIES | {"scaling": 1.0, "weights": (0.5, 1.5)},
]


def test_reading_back_gives_the_spec() -> None:
    for fields in EXPRESSED:
        spec = MergeSpec("b", ("x", "y"), **fields)
        assert from_mergekit(to_mergekit(spec, ["b", "x", "y"])) == spec
    slerp = MergeSpec("b", ("x",), "slerp", 0.4)
    assert from_mergekit(to_mergekit(slerp, ["b", "x"])) == slerp
    adapter = MergeSpec("b", ("x",), "linear", 0.4)
    assert from_mergekit(to_mergekit(adapter, ["b", "b+x"])) == adapter


def run_mergekit(config: dict[str, Any], name: str, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    """mergekit's sparsification; how it resolves settings and puts the parts together is written after it.

    `test_mergekit_run.py` runs mergekit itself.
    """
    sparsify = pytest.importorskip("mergekit.sparsify")

    def setting(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return next(
            one["value"] for one in value if one.get("filter") in (None, "*") or one["filter"] in name
        )

    base, shared = tensors[config["base_model"]], config["parameters"]
    deltas, weights = [], []
    for model in config["models"]:
        own = model["parameters"]
        delta = tensors[model["model"]] - base
        if config["merge_method"] == "ties":
            delta = sparsify.sparsify(
                delta, density=own["density"], method=sparsify.SparsificationMethod.magnitude
            )
        deltas.append(delta)
        weights.append(torch.tensor(float(setting(own["weight"]))))
    scaled = torch.stack([d * w for d, w in zip(deltas, weights, strict=True)])
    stacked = torch.stack(weights).view(-1, *[1] * base.ndim)
    mask = torch.ones_like(scaled)
    if config["merge_method"] == "ties":
        majority = (scaled.sum(dim=0) >= 0).float() * 2 - 1
        mask = (scaled.sign() == majority).float()
    divisor = (stacked * mask).sum(dim=0)
    divisor = torch.where(divisor.abs() < 1e-8, 1.0, divisor)
    mixed = (scaled * mask).sum(dim=0)
    return base + (mixed / divisor if shared["normalize"] else mixed) * shared["lambda"]


@pytest.mark.parametrize("fields", EXPRESSED, ids=lambda f: f"{f['method']} {f.get('weights')}")
def test_mergekit_gets_the_same_weights_and_the_bases_head(fields: dict[str, Any]) -> None:
    generator = torch.Generator().manual_seed(1)
    tensors = {ref: torch.randn(40, 25, generator=generator) for ref in "bxy"}
    spec = MergeSpec("b", ("x", "y"), **fields)
    config = yaml.safe_load(to_mergekit(spec, ["b", "x", "y"]))
    taus = [{"w": tensors[ref] - tensors["b"]} for ref in "xy"]
    ours = merge_by({"w": tensors["b"]}, taus, Recipe.of(spec))["w"]
    torch.testing.assert_close(run_mergekit(config, "model.w", tensors), ours, rtol=0, atol=2e-6)
    assert torch.equal(run_mergekit(config, "lm_head.weight", tensors), tensors["b"])


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "ties", "density": 0.5},
        {"method": "ties", "density": 0.5, "preset": "mergekit", "scope": "global"},
        {"method": "dare", "density": 0.5},
        {"method": "model-stock"},
        {"schedule": "lines", "depth": (0.5,)},
        {"attention": 0.5},
    ],
)
def test_what_mergekit_computes_otherwise_is_not_written(fields: dict[str, Any]) -> None:
    with pytest.raises(NotInMergekit):
        to_mergekit(MergeSpec("b", ("x", "y"), **fields), ["b", "x", "y"])


def test_a_linear_merge_without_a_base_is_an_average() -> None:
    spec = from_mergekit(
        "{merge_method: linear, models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 3}}]}"
    )
    assert spec == MergeSpec("a", ("b",), MergeMethod.TASK_ARITHMETIC, 1.0, weights=(0.75,))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"merge_method": "magic"}, "merge_method = 'magic' cannot be read"),
        ({"slices": []}, "field “slices” has no counterpart"),
        ({"models": []}, "models is empty"),
        ({"models": None}, "models is missing"),
        ({"models": [{"model": 3}]}, "each entry wants a field “model”"),
        ({"models": [{"model": "x", "layers": 1}]}, "“layers” has no counterpart"),
        ({"base_model": None}, "base_model is missing"),
        ({"parameters": {"epsilon": 1}}, "parameter “epsilon” cannot be read"),
        ({"parameters": {"lambda": [0, 1]}}, r"lambda = \[0, 1\] cannot be read"),
        ({"parameters": {"lambda": 9}}, "scaling = 9.0 is out of range"),
        ({"parameters": {"normalize": False}}, "normalize = false"),
        ({"models": [{"model": "x"}, {"model": "y", "parameters": {"density": 0.5}}]}, "density differs"),
    ],
)
def test_what_cannot_be_read_is_named(change: dict[str, Any], message: str) -> None:
    good = {"merge_method": "ties", "base_model": "b", "models": [{"model": "x"}]}
    assert from_mergekit(yaml.safe_dump(good)).preset is TiesPreset.MERGEKIT
    with pytest.raises(SpecError, match=message):
        from_mergekit(yaml.safe_dump(good | change))


def test_a_file_of_either_kind_is_read(tmp_path: Path) -> None:
    spec = MergeSpec("b", ("x", "y"), **EXPRESSED[3])
    own, theirs = tmp_path / "merge.yaml", tmp_path / "mergekit_config.yml"
    own.write_text(spec.to_yaml())
    theirs.write_text(to_mergekit(spec, ["b", "x", "y"]))
    assert read_spec(own) == read_spec(theirs) == spec
    own.write_bytes(b"\xff\xfe\x00")
    for path, message in ((own, "cannot be read"), (tmp_path / "none.yaml", "cannot be read")):
        with pytest.raises(SpecError, match=message):
            read_spec(path)
    own.write_text("[1, 2]")
    with pytest.raises(SpecError, match=r"merge\.yaml: this is no YAML with named fields"):
        read_spec(own)


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(-2, 2) | st.sampled_from(["b", "x", "ties", "linear", "*"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["model", "parameters", "weight", "lambda", "value", "filter"]), inner
        )
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(["merge_method", "base_model", "models", "parameters", "dtype", "slices"])


@given(st.dictionaries(FIELDS, VALUES))
def test_any_configuration_is_a_spec_or_an_error_of_the_lab(values: dict[str, Any]) -> None:
    with contextlib.suppress(SpecError):
        assert isinstance(from_mergekit(yaml.safe_dump({"merge_method": "ties"} | values)), MergeSpec)
