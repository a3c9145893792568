"""Tasks by name: the public sets of the field as cards without data, and what the user registered."""

from __future__ import annotations

import difflib
import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from codemix_lab import paths
from codemix_lab.config import TaskSpec
from codemix_lab.config.spec import Spec, parameter
from codemix_lab.errors import DataError, SpecError, StorageError
from codemix_lab.text.pairs import PAIRS

_NAME = re.compile(r"\w[\w.-]{0,79}")
_PUBLIC = paths.PACKAGE / "text" / "public_sets.yaml"
_TOLD = ("text_column", "label_column", "split_column", "mapping", "repair", "mask", "drop_leaks")


class _YesIsAWord(yaml.SafeLoader):
    """YAML in which yes, no, on and off are words, as labels often are; only true and false are booleans."""


_YesIsAWord.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_YesIsAWord.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


@dataclass(frozen=True)
class TaskCard(Spec):
    """Where a task comes from and how it is to be read: what a YAML file of the user's folder holds.

    `mapping` may be written as a dictionary there (Positive: positive; not-Tamil: null).
    """

    name: str = parameter(help="Name the task is opened by.")
    source: str | None = parameter(None, help="File, folder or hub id; none for a set that is not here yet.")
    title: str = parameter("", help="What it is, in one line.")
    kind: str = parameter("", help="sentiment, hate, language tags …")
    pair: str | None = parameter(None, help="Language pair, such as en-hi.")
    labels: tuple[str, ...] = parameter((), help="Labels as they are published.")
    text_column: str | None = parameter(None, help="Column that holds the sentence.")
    label_column: str | None = parameter(None, help="Column that holds the label.")
    split_column: str | None = parameter(None, help="Column that says train, dev or test.")
    mapping: tuple[str, ...] = parameter((), help="Labels renamed, as OLD=NEW; OLD= leaves them out.")
    repair: bool = parameter(True, help="Mend mojibake.")
    mask: bool = parameter(False, help="Write @user for handles and http for links.")
    drop_leaks: bool = parameter(False, help="Leave train sentences out that also stand in dev or test.")
    licence: str = parameter("", help="Licence as its publisher states it.")
    citation: str = parameter("", help="What to cite.")
    homepage: str = parameter("", help="Where it is published.")
    note: str = parameter("", help="What to know before using it.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not _NAME.fullmatch(self.name):
            raise SpecError(
                f"name = “{self.name}” cannot be a task's name: use letters, digits, dots, dashes and underscores."
            )
        TaskSpec(self.name, mapping=self.mapping)
        if self.pair is not None and self.pair not in PAIRS:
            raise SpecError(f"pair = “{self.pair}” is unknown: choose one of {', '.join(PAIRS)}.")

    def spec(self, asked: TaskSpec | None = None) -> TaskSpec:
        """The task as a spec; what `asked` tells wins over what the card says."""
        if self.source is None:
            raise DataError(
                f"The public set {self.name} is known here, but its rows are no part of the lab. Get it from "
                f"{self.homepage} (licence: {self.licence}), then: codemix-lab data add FILE --like {self.name}"
            )
        told = {name: getattr(self, name) for name in _TOLD}
        if asked is not None:
            declared = TaskSpec.parameters()
            told |= {n: v for n in _TOLD if (v := getattr(asked, n)) != declared[n].default}
        return TaskSpec(self.source, **told)


def tasks_folder() -> Path:
    """Where the user's YAML files lie: `tasks/` of the workspace."""
    return paths.workspace() / "tasks"


@functools.cache
def public_sets() -> dict[str, TaskCard]:
    """The public sets of the field that the lab knows, by name: citation and licence, no data."""
    listed = yaml.safe_load(_PUBLIC.read_text(encoding="utf-8"))
    return {entry["name"]: TaskCard.from_dict(entry) for entry in listed}


def registered_names() -> list[str]:
    """Names the user registered, whether or not their files are in order."""
    return [path.stem for path in sorted(tasks_folder().glob("[!.]*.yaml"))]


def registered() -> dict[str, TaskCard]:
    """What the user registered, by name. Raises `SpecError` naming the file that cannot be read."""
    return {card.name: card for card in map(_read, sorted(tasks_folder().glob("[!.]*.yaml")))}


def find_card(name: str) -> TaskCard | None:
    """The card of a registered task, else of a public set, else None."""
    if not _NAME.fullmatch(name):
        return None
    own = tasks_folder() / f"{name}.yaml"
    return _read(own) if own.is_file() else public_sets().get(name)


def need_card(name: str) -> TaskCard:
    """As `find_card`, but an unknown name is a `DataError` with the nearest ones."""
    card = find_card(name)
    if card is None:
        known = [*registered(), *public_sets()]
        near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise DataError(f"No task is called “{name}”.{hint} `codemix-lab data list` shows them all.")
    return card


def register(card: TaskCard) -> Path:
    """Write a card into the user's folder and return its file. Raises `StorageError` when the name is taken."""
    target = tasks_folder() / f"{card.name}.yaml"
    if target.exists():
        raise StorageError(
            f"{target} exists already and is never overwritten. Choose another name with --name."
        )
    lasting = {name: value for name, value in card.to_dict().items() if value not in (None, "", [])}
    with paths.new_file(target) as beside:
        beside.write_text(yaml.safe_dump(lasting, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return target


def _read(path: Path) -> TaskCard:
    try:
        values: Any = yaml.load(path.read_text(encoding="utf-8"), _YesIsAWord)  # noqa: S506
        if isinstance(values, dict):
            values = {"name": path.stem, **values}
            mapping = values.get("mapping")
            if isinstance(mapping, dict):
                values["mapping"] = [f"{old}={'' if new is None else new}" for old, new in mapping.items()]
            source = values.get("source")
            if isinstance(source, str) and (path.parent / source).exists():
                values["source"] = str(path.parent / source)
        card = TaskCard.from_dict(values)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SpecError(f"{path}: this is not readable YAML ({str(error)[:200]}).") from error
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error
    if card.name != path.stem:
        raise SpecError(f"{path}: name = “{card.name}” differs from the file's name. Make them the same.")
    return card
