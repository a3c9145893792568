"""How the live engine behaves: threads, ties, ownership of memory, and what it refuses."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import Tensor

from codemix_lab.config import MergeMethod, TrimScope
from codemix_lab.errors import CheckpointError, IncompatibleError, SpecError
from codemix_lab.merging.flat import tied_names
from codemix_lab.merging.live import LiveMerge
from codemix_lab.merging.merge import merge
from codemix_lab.merging.task_vector import TaskVector


def assert_same(actual: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert list(actual) == list(expected)
    for name, tensor in expected.items():
        assert actual[name].dtype == tensor.dtype, name
        assert torch.equal(actual[name], tensor), name


def model(seed: int, scale: float = 1.0) -> dict[str, Tensor]:
    """A stand-in of two large tensors, beyond one segment and beyond the sorted size, and a small one."""
    generator = torch.Generator().manual_seed(seed)
    sizes = {"embed": (1100, 1000), "dense": (300, 300), "bias": (7,)}
    return {name: torch.randn(shape, generator=generator) * scale for name, shape in sizes.items()}


def test_many_slides_do_not_drift() -> None:
    base, vectors = model(0), [model(1, 1e-3)]
    live = LiveMerge(base, vectors)
    for step in range(200):
        with live.at((step * 37 % 151) / 100, density=(1 + step * 53 % 100) / 100):
            pass
    assert_same(live.snapshot(0.6, 0.2), merge(base, vectors, MergeMethod.TIES, 0.6, 0.2))
    assert_same(live.snapshot(0.0), base)


def test_the_ends_of_the_slider() -> None:
    base = {"w": torch.tensor([-0.0, 0.0, 1e-40, 0.1])}
    tau = {"w": torch.tensor([0.0, -0.0, 1.0, 0.2])}
    live = LiveMerge(base, [tau])
    at_zero, at_one = live.snapshot(0.0, 0.5)["w"], live.snapshot(1.0)["w"]
    assert torch.equal(at_zero.view(torch.int32), base["w"].view(torch.int32))
    assert torch.equal(at_one, base["w"] + tau["w"])


def test_asking_twice_writes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    live = LiveMerge(model(0), [model(1)])
    fills: list[object] = []
    fill = live._fill
    monkeypatch.setattr(live, "_fill", lambda merged, *rest: (fills.append(rest), fill(merged, *rest)))
    for method in (MergeMethod.TASK_ARITHMETIC, MergeMethod.TIES):
        live.snapshot(0.5, method=method, scope=TrimScope.GLOBAL)
    assert len(fills) == 1


def test_writing_to_a_view_is_noticed() -> None:
    base, vectors = {"w": torch.ones(3)}, [{"w": torch.ones(3)}]
    live = LiveMerge(base, vectors)
    with live.at(0.5) as state:
        torch.nn.Parameter(state["w"], requires_grad=False).zero_()
    assert live.snapshot(0.5)["w"].tolist() == [1.5, 1.5, 1.5]


def test_works_when_first_asked_in_inference_mode() -> None:
    live = LiveMerge({"w": torch.ones(3)}, [{"w": torch.ones(3)}])
    with torch.inference_mode(), live.at(0.5) as state:
        assert state["w"].tolist() == [1.5, 1.5, 1.5]
    assert live.snapshot(1.0)["w"].tolist() == [2.0, 2.0, 2.0]


def test_two_threads_never_see_each_others_weights() -> None:
    base, vectors = model(0), [model(1, 1e-3)]
    live = LiveMerge(base, vectors)
    wrong: list[str] = []

    def slide(scaling: float, density: float) -> None:
        expected = merge(base, vectors, MergeMethod.TIES, scaling, density)["embed"].double().sum()
        for _ in range(40):
            with live.at(scaling, density) as state:
                sums = [state["embed"].double().sum() for _ in range(2)]
            if any(s != expected for s in sums):
                wrong.append(f"{scaling}: {sums}")

    threads = [threading.Thread(target=slide, args=args) for args in ((0.1, 1.0), (0.9, 0.2), (1.3, 0.05))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_engines_of_their_own_run_side_by_side() -> None:
    """Kernels are entered from several Python threads at once; nothing aborts or mixes."""
    results: dict[int, Tensor] = {}

    def work(seed: int) -> None:
        live = LiveMerge(model(seed), [model(seed + 10, 1e-3)])
        for density in (0.2, 0.123, 0.9):
            results[seed] = live.snapshot(0.6, density, scope=TrimScope.GLOBAL)["embed"]

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, embed in results.items():
        expected = merge(model(seed), [model(seed + 10, 1e-3)], MergeMethod.TIES, 0.6, 0.9, TrimScope.GLOBAL)
        assert torch.equal(embed, expected["embed"])
    assert len(results) == 4


def test_one_state_at_a_time_within_a_thread() -> None:
    live = LiveMerge({"w": torch.ones(3)}, [{"w": torch.ones(3)}])
    with live.at(0.5), pytest.raises(RuntimeError, match="inside"), live.at(0.7):
        pass
    assert live.snapshot(1.0)["w"].tolist() == [2.0, 2.0, 2.0]


def test_an_error_inside_the_block_frees_the_engine() -> None:
    live = LiveMerge({"w": torch.ones(3)}, [{"w": torch.ones(3)}])
    with pytest.raises(KeyError), live.at(0.5) as state:
        state["nothing"]
    assert live.snapshot(0.5)["w"].tolist() == [1.5, 1.5, 1.5]


def test_a_task_vector_of_the_base_is_used_where_it_lies() -> None:
    base = model(0)
    tau = TaskVector.between(base, model(1))
    assert LiveMerge(base, [tau])._taus[0].data_ptr() == tau.flat.data_ptr()
    assert LiveMerge(base, [dict(tau)])._taus[0].data_ptr() != tau.flat.data_ptr()


def test_tied_names_are_merged_once_and_stay_tied() -> None:
    shared = torch.tensor([1.0, 2.0])
    base = {"embed": shared, "head": shared, "bias": torch.tensor([0.0, 0.0])}
    change = torch.tensor([8.0, 4.0])
    tau = {"embed": change, "head": change, "bias": torch.tensor([2.0, 1.0])}
    live = LiveMerge(base, [tau])
    with live.at(1.0) as state:
        assert state["embed"].data_ptr() == state["head"].data_ptr()
    snapshot = live.snapshot(1.0, 0.25, scope=TrimScope.GLOBAL)
    assert tied_names(snapshot) == {"head": "embed"}
    assert snapshot["embed"].tolist() == [9.0, 2.0]
    assert snapshot["bias"].tolist() == [0.0, 0.0]
    assert_same(snapshot, merge(base, [tau], MergeMethod.TIES, 1.0, 0.25, TrimScope.GLOBAL))


def test_snapshot_and_reference_own_their_memory() -> None:
    base, tau = {"w": torch.ones(3), "ids": torch.arange(2)}, {"w": torch.ones(3)}
    live = LiveMerge(base, [tau])
    for state in (live.snapshot(0.0), merge(base, [tau], MergeMethod.TIES, 0.0)):
        state["w"].zero_()
        state["ids"].zero_()
    assert base["w"].tolist() == [1.0, 1.0, 1.0]
    assert live.snapshot(0.0)["ids"].tolist() == base["ids"].tolist() == [0, 1]


def test_bad_parameters_are_refused() -> None:
    base, tau = {"w": torch.ones(3)}, {"w": torch.ones(3)}
    live = LiveMerge(base, [tau])
    with pytest.raises(SpecError, match="at least one"):
        LiveMerge(base, [])
    with pytest.raises(SpecError, match="at least one"):
        merge(base, [], MergeMethod.TIES, 0.5)
    for density in (0.0, -0.1, 1.1, float("nan")):
        with pytest.raises(SpecError, match="density"):
            live.snapshot(0.5, density)
    for scaling in (float("nan"), float("inf")):
        with pytest.raises(SpecError, match="scaling"):
            merge(base, [tau], MergeMethod.TIES, scaling)


@pytest.mark.parametrize("make", [LiveMerge, lambda base, taus: merge(base, taus, MergeMethod.TIES, 0.5)])
def test_unfit_states_are_refused(make: type[LiveMerge]) -> None:
    base, good = {"w": torch.ones(3)}, {"w": torch.ones(3)}
    with pytest.raises(CheckpointError, match="base checkpoint: “w”"):
        make({"w": torch.tensor([1.0, float("nan"), 0.0])}, [good])
    with pytest.raises(CheckpointError, match="task vector 2: “w”"):
        make(base, [good, {"w": torch.tensor([float("inf"), 0.0, 0.0])}])
    with pytest.raises(IncompatibleError, match="task vector 1 lacks “w”"):
        make(base, [{}])
    with pytest.raises(IncompatibleError, match="task vector 1 has “x”"):
        make(base, [{**good, "x": torch.ones(1)}])
    with pytest.raises(IncompatibleError, match="task vector 1: “w” has the shape"):
        make(base, [{"w": torch.ones(4)}])
    with pytest.raises(IncompatibleError, match="task vector 1 lacks “w”"):
        make(base, [TaskVector({"v": torch.ones(3)})])


def test_a_state_without_floating_tensors_merges_to_itself() -> None:
    live = LiveMerge({"ids": torch.arange(3)}, [{}])
    assert live.snapshot(0.5, 0.5)["ids"].tolist() == [0, 1, 2]
