"""Where many runs are done: options that `sweep` and `reproduce` share."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from codemix_lab.errors import SpecError

if TYPE_CHECKING:
    from codemix_lab.experiments.engines import Engine


class EngineName(StrEnum):
    """Who does the runs."""

    LOCAL = "local"
    RAY = "ray"


ENGINE = typer.Option(
    EngineName.LOCAL,
    "--engine",
    help="local: processes on this machine; ray: workers on the nodes of a Ray cluster, or of a Ray started here "
    'that ends with the command (pip install "codemix-lab[ray]"). Results lie in the same store.',
)
ADDRESS = typer.Option(
    None, "--address", help="ray: where the cluster is, such as auto or HOST:6379. Left out, Ray starts here."
)
WORKERS = typer.Option(
    None, "--workers", min=1, help="Processes at once; left out, as many as cores and free memory allow."
)


def engine_of(name: EngineName, workers: int | None, address: str | None) -> Engine:
    """The engine that was asked for, its workers' libraries being loaded while this process loads its own.

    Raises `SpecError` for an address that nothing reads.
    """
    if name is EngineName.RAY:
        from codemix_lab.experiments.engines.ray import RayEngine

        return RayEngine(workers, address)
    if address is not None:
        raise SpecError("--address is read by --engine ray alone: add it, or leave the address out.")
    from codemix_lab.experiments.forks import CAN_FORK, ForkServer

    server = ForkServer() if CAN_FORK else None
    from codemix_lab.experiments.engines.local import LocalEngine

    return LocalEngine(workers, server)
