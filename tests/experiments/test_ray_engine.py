"""The Ray engine's own part, with a stand-in for Ray; real processes and real kills are in `test_kills`."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from codemix_lab.config import RunSpec, TaskSpec
from codemix_lab.errors import Cancelled, CodeMixLabError, SpecError, StorageError
from codemix_lab.experiments.engines import Plan
from codemix_lab.experiments.engines import ray as engine
from codemix_lab.experiments.engines.ray import RayEngine
from codemix_lab.experiments.engines.work import Worker


class RayError(Exception):
    pass


class Ray(types.ModuleType):
    """Actors as threads of this process; `worker` is the class they are of, whatever is sent."""

    def __init__(self, running: bool = False) -> None:
        super().__init__("ray")
        self.exceptions = types.SimpleNamespace(RayError=RayError)
        self.running, self.ended, self.inits, self.options = running, 0, [], {}
        self.worker: type[Worker] = Worker
        self.begun: list[Any] = []
        self.pool = ThreadPoolExecutor(8)

    def is_initialized(self) -> bool:
        return self.running

    def init(self, **asked: Any) -> None:
        self.inits.append(asked)
        if asked["address"] == "nowhere:1":
            raise ConnectionError("no route to nowhere:1\n and more")
        self.running = True

    def shutdown(self) -> None:
        self.running, self.ended = False, self.ended + 1

    def nodes(self) -> list[dict[str, Any]]:
        big, small = {"CPU": 4.0, "memory": 8e9}, {"CPU": 8.0, "memory": 1e9}
        return [{"Alive": True, "Resources": r} for r in (big, small)] + [{"Alive": False, "Resources": big}]

    def remote(self, _: type) -> types.SimpleNamespace:
        def options(**asked: Any) -> types.SimpleNamespace:
            self.options = asked
            return types.SimpleNamespace(remote=self.actor)

        return types.SimpleNamespace(options=options)

    def actor(self, *arguments: Any) -> types.SimpleNamespace:
        worker = self.worker(*arguments)
        self.begun.append(worker)

        def call(name: str) -> types.SimpleNamespace:
            return types.SimpleNamespace(remote=lambda *a: self.pool.submit(getattr(worker, name), *a))

        return types.SimpleNamespace(**{n: call(n) for n in ("whom", "lacks", "work", "stop")}, worker=worker)

    def wait(self, futures: list[Future[Any]], timeout: float) -> tuple[list[Any], list[Any]]:
        return [f for f in futures if f.done()], [f for f in futures if not f.done()]

    def get(self, future: Future[Any]) -> Any:
        return future.result()

    def kill(self, actor: Any) -> None:
        actor.worker.stop()


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ray]:
    fake = Ray()
    monkeypatch.setitem(sys.modules, "ray", fake)
    yield fake
    fake.pool.shutdown()


@pytest.fixture
def plan(task_file: Path) -> Plan:
    return Plan([RunSpec("ngrams", TaskSpec(str(task_file)), train_size=9, seed=seed) for seed in range(4)])


def test_without_ray_the_extra_is_named(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SpecError, match=r"codemix-lab\[ray\]"):
        RayEngine().run(plan)


def test_without_an_address_ray_starts_and_ends_here(ray: Ray, plan: Plan) -> None:
    told: list[str] = []
    state = RayEngine(2).run(plan, lambda done, total, what: told.append(what))
    assert (state.done, state.left) == (4, 0) and any("runs" in what for what in told)
    assert ray.inits[0]["address"] == "local" and ray.inits[0]["include_dashboard"] is False
    assert ray.inits[0]["num_cpus"] == 2 and os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert len(ray.begun) == 2 and ray.ended == 1 and ray.options["num_cpus"] == 1
    assert not [*plan.folder.glob(".seen-*"), *plan.store.root.glob(".seen-*"), *plan.folder.glob("now-*")]


def test_ray_that_was_there_is_left_running(ray: Ray, plan: Plan) -> None:
    ray.running = True
    assert RayEngine(1).run(plan).done == 4
    assert ray.running and ray.ended == 0 and ray.inits == []


def test_an_address_is_reached_or_named(ray: Ray, plan: Plan) -> None:
    assert RayEngine(1, "auto").run(plan).done == 4
    assert ray.inits[0]["address"] == "auto" and "num_cpus" not in ray.inits[0] and ray.ended == 1
    with pytest.raises(CodeMixLabError, match="Ray at nowhere:1 does not answer: no route to nowhere:1$"):
        RayEngine(1, "nowhere:1").run(plan)


def test_workers_fit_cores_and_memory_of_all_nodes(ray: Ray) -> None:
    assert engine._room(ray, 1, 10**9) == (5, 10**9)
    assert engine._room(ray, 2, 10**9) == (3, 10**9)
    assert engine._room(ray, 1, 10**10) == (1, 0)


def broken(error: Callable[[], Exception]) -> type[Worker]:
    class Broken(Worker):
        def work(self) -> None:
            raise error()

    return Broken


def test_a_node_that_does_not_see_a_folder_is_named(ray: Ray, plan: Plan) -> None:
    class Blind(Worker):
        def whom(self) -> tuple[str, int]:
            return "node-7", 1

        def lacks(self, places: Any) -> list[Path]:
            return [place for place in places if place.parent == plan.store.root]

    ray.worker = Blind
    with pytest.raises(StorageError, match=f"node node-7 does not see {plan.store.root}.*WORKSPACE"):
        RayEngine(1).run(plan)
    assert ray.ended == 1


def test_what_a_node_says_is_passed_on(ray: Ray, plan: Plan) -> None:
    ray.worker = broken(lambda: StorageError("plan.json is no plan"))
    with pytest.raises(CodeMixLabError, match="The node .*: plan.json is no plan"):
        RayEngine(1).run(plan)


def test_actors_that_cannot_live_are_no_endless_loop(ray: Ray, plan: Plan) -> None:
    ray.worker = broken(lambda: RayError("No module named 'codemix_lab'"))
    with pytest.raises(CodeMixLabError, match="end before they do a run: No module named 'codemix_lab'"):
        RayEngine(1).run(plan)
    assert len(ray.begun) == 4


def test_cancel_stops_the_workers(ray: Ray, plan: Plan) -> None:
    with pytest.raises(Cancelled):
        RayEngine(1).run(plan, should_stop=lambda: bool(ray.begun))
    assert ray.ended == 1 and ray.begun[0]._asked.is_set()
