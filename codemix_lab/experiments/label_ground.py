"""What train and test tasks have in common: labels, mapped where that is asked for, and sentences that leak.

All of it is looked at before the first run, so that what cannot work is said at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.text.duplicates import normalise
from codemix_lab.text.sources import find_place
from codemix_lab.text.tasks import Task, shared_labels


@dataclass(frozen=True)
class Ground:
    """What a train task and a test task share.

    `shared` labels are in lower case; `source_only` and `target_only` are those that one of them has alone.
    Of the target's test, `tested` sentences have a shared label and `left_out` have none; `leaks` of the
    tested ones also stand in the train split of the source. `own` says that both hold the same sentences.
    """

    source: str
    target: str
    shared: tuple[str, ...]
    source_only: tuple[str, ...]
    target_only: tuple[str, ...]
    tested: int
    left_out: int
    leaks: int
    own: bool

    @property
    def carries(self) -> bool:
        """Whether there are two labels to tell apart."""
        return len(self.shared) > 1

    @property
    def said(self) -> str:
        """All of it in a sentence or two.

        >>> Ground("a", "b", ("neg", "pos"), ("mixed",), (), 40, 2, 1, False).said
        'a → b: scored on neg, pos (40 sentences). mixed of a is never right here. 1 of the scored ones stands in train of a.'
        """
        if self.own:
            return f"{self.source} is trained on and tested: its own test, for comparison, and no transfer."
        between = f"{self.source} → {self.target}"
        if not self.carries:
            return (
                f"{between}: not scored, fewer than two labels are shared ({self.source} has "
                f"{', '.join(self.source_only + self.shared)}; {self.target} {', '.join(self.target_only + self.shared)}). "
                "Rename them with mapping."
            )
        said = [f"{between}: scored on {', '.join(self.shared)} ({self.tested:,} sentences)."]
        if self.source_only:
            said.append(f"{', '.join(self.source_only)} of {self.source} is never right here.")
        if self.target_only:
            said.append(
                f"{self.left_out:,} sentences with {', '.join(self.target_only)} of {self.target} are left out."
            )
        if self.leaks:
            said.append(
                f"{self.leaks:,} of the scored ones {'stands' if self.leaks == 1 else 'stand'} in train of {self.source}."
            )
        return " ".join(said)


def ground(source: Task, target: Task) -> Ground:
    """What two tasks share."""
    shared = shared_labels([source, target])
    known = set(shared)
    test = target.frame[target.frame["split"] == "test"]
    counts = test["label"].map(str.casefold).isin(known)
    texts = {normalise(text) for text in source.frame.loc[source.frame["split"] == "train", "text"]}
    own = source.digest == target.digest
    leaks = 0 if own else sum(normalise(text) in texts for text in test.loc[counts, "text"])
    return Ground(
        source.name,
        target.name,
        shared,
        tuple(label for label in source.labels if label.casefold() not in known),
        tuple(label for label in target.labels if label.casefold() not in known),
        int(counts.sum()),
        int((~counts).sum()),
        leaks,
        own,
    )


def grounds(sources: Sequence[Task], targets: Sequence[Task]) -> list[Ground]:
    """What every source shares with every target.

    Raises `DataError` where nothing can be carried over: no pair of different tasks shares two labels;
    two tasks go by one name; or one has no test split.
    """
    _check_names([*sources, *targets])
    for task in targets:
        task.split("test")
    found = [ground(source, target) for source in sources for target in targets]
    if not any(one.carries and not one.own for one in found):
        same = [one.source for one in found if one.own]
        if len(same) == len(found):
            raise DataError(
                f"The test tasks hold the very sentences of the train task {same[0]}: nothing is carried over. "
                "Give a task of another pair."
            )
        raise DataError(" ".join(one.said for one in found if not one.carries))
    return found


def check_sizes(
    sources: Sequence[Task], targets: Sequence[Task], train_size: int, target_sizes: Iterable[int]
) -> None:
    """Raise `DataError` where a train size is smaller than the labels that it has to hold."""
    for task in sources:
        labels = task.split("train")["label"].nunique()
        if train_size < labels:
            raise DataError(
                f"train_size = {train_size}: so few sentences cannot hold the {labels} labels of {task.name} "
                f"({', '.join(task.labels)})."
            )
    fewest = min((size for size in target_sizes if size), default=None)
    for target in targets if fewest is not None else ():
        target.split("train")
        others = (source for source in sources if source.digest != target.digest)
        shared = max((len(shared_labels([source, target])) for source in others), default=0)
        if fewest is not None and fewest < shared:
            raise DataError(
                f"target_sizes: {fewest} sentences cannot hold the {shared} shared labels of {target.name}."
            )


def mapped(tasks: Mapping[TaskSpec, Task], mapping: Sequence[str]) -> dict[TaskSpec, TaskSpec]:
    """Every task with its labels renamed, after whatever mapping it has of its own.

    `tasks` are the opened tasks by spec. A task that has none of the labels stays as it is. Raises
    `DataError` for a label that no task has, naming the nearest.
    """
    renamed = TaskSpec("mapping", mapping=tuple(mapping)).renamed()
    known = sorted({label for task in tasks.values() for label in task.labels})
    for old in renamed:
        if old not in known:
            near = difflib.get_close_matches(old, known, n=1)
            hint = f"did you mean “{near[0]}”?" if near else f"there are {', '.join(known)}."
            raise DataError(f"mapping: no task has the label “{old}”: {hint}")
    found = {}
    for spec, task in tasks.items():
        if set(task.labels) & set(renamed):
            own = find_place(spec).spec.renamed()
            found[spec] = spec.replace(mapping=_written(composed(own, renamed)))
        else:
            found[spec] = spec
    return found


def composed(first: Mapping[str, str | None], then: Mapping[str, str | None]) -> dict[str, str | None]:
    """One mapping that does what two do one after the other; None leaves a label out.

    >>> composed({"yes": "hate"}, {"hate": "toxic", "no": None})
    {'yes': 'toxic', 'hate': 'toxic', 'no': None}
    """
    through = {old: None if new is None else then.get(new, new) for old, new in first.items()}
    return {**through, **{old: new for old, new in then.items() if old not in first}}


def _written(mapping: Mapping[str, str | None]) -> tuple[str, ...]:
    return tuple(f"{old}={new or ''}" for old, new in mapping.items())


def _check_names(tasks: Sequence[Task]) -> None:
    named: dict[str, Task] = {}
    for task in tasks:
        other = named.setdefault(task.name, task)
        if other.digest != task.digest:
            raise DataError(
                f"{other.source} and {task.source} both go by the name {task.name}: give one another file name, or "
                "register it with `codemix-lab data add FILE --name NAME`."
            )
    by_rows: dict[str, Task] = {}
    for task in named.values():
        other = by_rows.setdefault(task.digest, task)
        if other.name != task.name:
            raise DataError(f"{other.name} and {task.name} hold the same sentences: leave one of them out.")
