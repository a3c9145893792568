"""The algebra of task vectors, and what it refuses."""

import math

import pytest
import torch
from torch import Tensor

from codemix_lab.errors import CheckpointError, IncompatibleError
from codemix_lab.merging.flat import FlatLayout, tied_names
from codemix_lab.merging.task_vector import TaskVector

BASE = {"w": torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "n": torch.tensor(0.5), "ids": torch.arange(3)}
ADAPTED = {"w": torch.tensor([[1.0, 2.5], [2.0, 4.0]]), "n": torch.tensor(1.5), "ids": torch.arange(3)}


def changed(**changes: Tensor) -> dict[str, Tensor]:
    return ADAPTED | changes


def test_between_is_the_difference_without_integer_tensors() -> None:
    tau = TaskVector.between(BASE, ADAPTED)
    assert list(tau) == ["w", "n"]
    assert tau["w"].tolist() == [[0.0, 0.5], [-1.0, 0.0]]
    assert tau["n"].shape == ()
    assert tau.norm() == pytest.approx(1.5)


def test_algebra() -> None:
    tau = TaskVector.between(BASE, ADAPTED)
    assert (tau + tau)["w"].tolist() == (2 * tau)["w"].tolist() == [[0.0, 1.0], [-2.0, 0.0]]
    assert (tau - tau).norm() == 0
    assert (-tau)["n"].item() == -1.0
    assert (tau * 3).norm() == pytest.approx(3 * tau.norm())
    assert "2 tensors" in repr(tau)


def test_vectors_of_another_order_are_matched_by_name() -> None:
    one = TaskVector({"a": torch.ones(2), "b": torch.zeros(3)})
    other = TaskVector({"b": torch.ones(3), "a": torch.ones(2)})
    assert {name: t.tolist() for name, t in (one + other).items()} == {"a": [2.0, 2.0], "b": [1.0, 1.0, 1.0]}


def test_norm_of_nothing_is_zero() -> None:
    assert TaskVector({}).norm() == 0
    assert TaskVector({"a": torch.zeros(0)}).norm() == 0


def test_bfloat16_checkpoints_are_subtracted_in_float32() -> None:
    base, adapted = torch.tensor([1.0], dtype=torch.bfloat16), torch.tensor([1.0078125])
    assert TaskVector.between({"w": base}, {"w": adapted})["w"].item() == 0.0078125


def test_tied_names_are_held_and_counted_once() -> None:
    shared, moved = torch.zeros(4), torch.full((4,), 2.0)
    tau = TaskVector.between({"embed": shared, "head": shared}, {"embed": moved, "head": moved.clone()})
    assert tau["embed"].data_ptr() == tau["head"].data_ptr()
    assert tau.norm() == pytest.approx(4.0)
    assert tied_names(tau) == {"head": "embed"}
    assert (2 * tau).norm() == pytest.approx(8.0)


def test_names_tied_in_the_base_must_agree_in_the_adapted() -> None:
    shared = torch.zeros(4)
    with pytest.raises(IncompatibleError, match="“head” and “embed” differ"):
        TaskVector.between({"embed": shared, "head": shared}, {"embed": torch.ones(4), "head": shared})


def test_neighbours_in_one_buffer_are_not_tied() -> None:
    flat = torch.zeros(8)
    assert tied_names({"a": flat[:4], "b": flat[4:], "empty": flat[:0], "none": flat[:0]}) == {}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_damaged_weights_are_named(bad: float) -> None:
    damaged = {"w": torch.tensor([[bad, 0.0], [0.0, 0.0]])}
    with pytest.raises(CheckpointError, match="adapted checkpoint: “w” holds NaN"):
        TaskVector.between(BASE, changed(**damaged))
    with pytest.raises(CheckpointError, match="base checkpoint: “w” holds NaN"):
        TaskVector.between(BASE | damaged, ADAPTED)
    with pytest.raises(CheckpointError, match="task vector: “w” holds NaN"):
        TaskVector(damaged)


def test_a_difference_too_large_for_float32_is_refused() -> None:
    with pytest.raises(CheckpointError, match="task vector: “w”"):
        TaskVector.between({"w": torch.tensor([-3e38])}, {"w": torch.tensor([3e38])})


def test_missing_extra_and_misshapen_tensors_are_named() -> None:
    with pytest.raises(IncompatibleError, match="lacks “n”"):
        TaskVector.between(BASE, {"w": ADAPTED["w"]})
    with pytest.raises(IncompatibleError, match="has “head”, which the base lacks"):
        TaskVector.between(BASE, changed(head=torch.ones(2)))
    with pytest.raises(IncompatibleError, match=r"“w” has the shape \(3, 2\), in the base it is \(2, 2\)"):
        TaskVector.between(BASE, changed(w=torch.ones(3, 2)))
    with pytest.raises(IncompatibleError, match="lacks"):
        TaskVector(BASE) + TaskVector({"w": BASE["w"]})


def test_integer_tensors_may_differ() -> None:
    assert list(TaskVector.between(BASE, changed(ids=torch.arange(7)))) == ["w", "n"]


def test_parameters_leave_no_autograd_graph_behind() -> None:
    parameters = {"w": torch.nn.Parameter(torch.ones(2))}
    assert not TaskVector.between(parameters, {"w": torch.zeros(2)})["w"].requires_grad
    assert not TaskVector(parameters)["w"].requires_grad


def test_layout_aligns_and_survives_empty_tensors() -> None:
    layout = FlatLayout.of(
        {"a": torch.ones(3), "empty": torch.ones(0, 2), "b": torch.ones(17), "i": torch.arange(2)}
    )
    assert layout.names == ("a", "empty", "b")
    assert layout.offsets == (0, 16, 16)
    assert layout.size == 48
    assert {name: tuple(view.shape) for name, view in layout.views(torch.zeros(48)).items()} == {
        "a": (3,),
        "empty": (0, 2),
        "b": (17,),
    }
