"""One progress bar for work that is made of pieces of work."""

from __future__ import annotations

from codemix_lab.progress import Progress

FINE = 1000
"""Steps in which every piece is told: finer than a bar can show."""


def part(
    on_progress: Progress | None, index: int, count: int, label: str = "", width: int = 1
) -> Progress | None:
    """A listener for pieces `index` … `index + width` of `count`, to hand down to the one who does them.

    What the piece reports as (done, total) is told on in thousandths of all pieces, with `label` first.

    >>> told = []
    >>> second = part(lambda *said: told.append(said), 1, 4, "λ .6, seed 2")
    >>> second(5, 10, "epoch 1"); told
    [(1500, 4000, 'λ .6, seed 2: epoch 1')]
    """
    if on_progress is None:
        return None

    def listen(done: int, total: int, what: str) -> None:
        share = min(1.0, done / total) if total else 0.0
        said = f"{label}: {what}" if label and what else label or what
        on_progress(round(FINE * (index + width * share)), FINE * count, said)

    return listen
