"""Specs are checked when made, equal when their values are, and come back from YAML as they went."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.config import (
    CptSpec,
    FineTuneSpec,
    MergeMethod,
    MergeSpec,
    ProbeSpec,
    Spec,
    TaskSpec,
    TrimScope,
)
from codemix_lab.errors import SpecError

MERGE = MergeSpec("starter", ("starter:en-hi", "starter:en-es"), MergeMethod.TIES, 0.7, 0.2, TrimScope.GLOBAL)
TASK = TaskSpec("reviews.csv", text_column="body")
EXAMPLES = [
    MERGE,
    TASK,
    ProbeSpec(train_size=100, seed=7),
    FineTuneSpec("starter", TASK, train_size=150),
    FineTuneSpec(MERGE, TASK, learning_rate=1e-5),
    CptSpec("some/model@v2", train_head=True),
]
names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1)
merge_specs = st.builds(
    MergeSpec,
    base=names,
    adapted=st.lists(names, min_size=1, max_size=3, unique=True).map(tuple),
    method=st.sampled_from([m for m in MergeMethod if m.fewest == 1 and m.most > 3]),
    scaling=st.floats(0, 1.5),
    density=st.floats(0.01, 1),
    scope=st.sampled_from(TrimScope),
)


@pytest.mark.parametrize("spec", EXAMPLES, ids=lambda spec: type(spec).__name__)
def test_specs_travel_as_yaml(spec: Spec) -> None:
    assert type(spec).from_yaml(spec.to_yaml()) == spec


@given(merge_specs)
def test_any_merge_travels_as_yaml_with_its_identity(spec: MergeSpec) -> None:
    back = MergeSpec.from_yaml(spec.to_yaml())
    assert back == spec
    assert hash(back) == hash(spec)
    assert back.digest() == spec.digest()


def test_plain_values_are_brought_to_their_types() -> None:
    spec = MergeSpec("b", "one", "ties", 1, 1, "global")
    assert spec == MergeSpec("b", ("one",), MergeMethod.TIES, 1.0, 1.0, TrimScope.GLOBAL)
    assert isinstance(spec.scaling, float)
    assert ProbeSpec(train_size=100.0).train_size == 100
    assert MergeSpec(Path("models") / "base", ["a"]).base == str(Path("models") / "base")


def test_the_identity_follows_every_value() -> None:
    changed = [
        MERGE.replace(**{field: value})
        for field, value in {"base": "x", "scaling": 0.71, "method": "task-arithmetic"}.items()
    ]
    assert len({spec.digest() for spec in (MERGE, *changed)}) == 4
    assert MERGE.digest() == MERGE.replace().digest()
    assert len(MERGE.digest()) == 64


def test_specs_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        MERGE.scaling = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scaling", -0.01),
        ("scaling", 1.51),
        ("scaling", math.nan),
        ("scaling", math.inf),
        ("density", 0),
        ("density", 1.01),
    ],
)
def test_a_value_out_of_range_says_the_range(field: str, value: float) -> None:
    declared = MergeSpec.parameters()[field]
    with pytest.raises(SpecError, match=f"{field} = .* between {declared.low:g} and {declared.high:g}"):
        MERGE.replace(**{field: value})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scaling": "much"}, "scaling = 'much' is not a number"),
        ({"scaling": True}, "scaling = True is not a number"),
        ({"base": 3}, "base = 3 is not a text"),
        ({"adapted": 3}, "adapted wants a list"),
        ({"method": "average"}, "choose one of task-arithmetic, ties, linear"),
    ],
)
def test_a_wrong_kind_of_value_names_the_field(changes: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        MERGE.replace(**changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train_size": 10.5}, "train_size = 10.5 is not a whole number"),
        ({"seed": -1}, "seed = -1 is out of range"),
        ({"train_size": False}, "train_size = False is not a whole number"),
    ],
)
def test_counts_are_whole_and_not_negative(changes: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        ProbeSpec(**changes)


def test_the_start_of_a_fine_tuning_is_a_checkpoint_or_a_merge() -> None:
    assert FineTuneSpec("starter", {"source": "en-hi"}).task == TaskSpec("en-hi")
    assert FineTuneSpec(MERGE.to_dict(), TASK).model == MERGE
    with pytest.raises(SpecError, match="model = 3 is not a text"):
        FineTuneSpec(3, TASK)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("base: b\nadapted: [a]\nscalling: 1", "no field “scalling”: did you mean “scaling”"),
        ("base: b\nadapted: [a]\nzzz: 1", "known fields: base, adapted"),
        ("base: b", "lacks the field “adapted”"),
        ("- one\n- two", "wants named fields, not list"),
        ("", "wants named fields"),
        ("a: [1", "not valid YAML"),
    ],
)
def test_yaml_that_is_no_spec_says_why(text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        MergeSpec.from_yaml(text)


def test_yaml_makes_no_python_objects() -> None:
    with pytest.raises(SpecError, match="not valid YAML"):
        TaskSpec.from_yaml("source: !!python/object/apply:os.getcwd []")


@pytest.mark.parametrize("kind", [MergeSpec, TaskSpec, ProbeSpec, FineTuneSpec, CptSpec])
def test_every_parameter_is_explained_and_its_default_is_in_range(kind: type[Spec]) -> None:
    for name, declared in kind.parameters().items():
        assert declared.name == name
        assert declared.help.endswith("."), name
        assert (declared.low is None) == (declared.high is None), name
        if declared.low is not None and declared.default not in (dataclasses.MISSING, None):
            values = declared.default if isinstance(declared.default, tuple) else (declared.default,)
            assert all(declared.low <= value <= declared.high for value in values), name


def test_shares_belong_to_corpora_and_add_up_to_one() -> None:
    assert CptSpec("b", ("x", "y"), (0.25, 0.75)).shares == (0.25, 0.75)
    for shares, said in (
        ((1.0,), "1 shares for 2 corpora"),
        ((0.5, 0.6), "add up to 1"),
        ((0.0, 1.0), "above 0"),
    ):
        with pytest.raises(SpecError, match=said):
            CptSpec("b", ("x", "y"), shares)
