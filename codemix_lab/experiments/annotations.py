"""Notes and tags that people put on sentences, kept beside what they were made on."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from codemix_lab import paths
from codemix_lab.errors import DataError
from codemix_lab.experiments.json_file import JsonFile

LONGEST_NOTE = 2_000
MOST_TAGS = 12


@dataclass(frozen=True)
class Annotation:
    """What was written about one sentence."""

    text: str
    note: str = ""
    tags: tuple[str, ...] = ()


class Annotations:
    """The notes on one comparison, by sentence. Several tabs may write at once; the last word on a sentence stays."""

    def __init__(self, key: str, root: Path | None = None) -> None:
        """`key` names the comparison, such as `store.content_key` of its inputs."""
        self.path = (root or paths.workspace() / "annotations") / f"{key}.json"
        self._file = JsonFile(self.path)

    def all(self) -> dict[str, Annotation]:
        """Sentence → annotation. Raises `StorageError` when the file is damaged; it is left as it is."""
        kept = self._file.read()
        try:
            found = [Annotation(one["text"], one["note"], tuple(one["tags"])) for one in kept.values()]
        except (KeyError, TypeError) as error:
            raise self._file.damaged(error) from error
        return {one.text: one for one in found}

    def keep(self, annotation: Annotation) -> None:
        """Keep an annotation; one without note and tags takes the sentence's away.

        Raises `DataError` for a note over 2,000 characters or more than twelve tags, and `StorageError`.
        """
        if len(annotation.note) > LONGEST_NOTE or len(annotation.tags) > MOST_TAGS:
            raise DataError(
                f"A note has at most {LONGEST_NOTE:,} characters, and {MOST_TAGS} tags: shorten it."
            )
        name = hashlib.sha256(annotation.text.encode()).hexdigest()[:16]
        with self._file.change() as kept:
            kept.pop(name, None)
            if annotation.note.strip() or annotation.tags:
                kept[name] = asdict(annotation)

    def columns(self, texts: pd.Series) -> pd.DataFrame:
        """Columns note and tags for these sentences, empty where there is none."""
        kept = self.all()
        if not kept:
            return pd.DataFrame({"note": "", "tags": ""}, index=texts.index, dtype="str")
        note = {text: one.note for text, one in kept.items()}
        tags = {text: ", ".join(one.tags) for text, one in kept.items()}
        found = {
            "note": [note.get(text, "") for text in texts],
            "tags": [tags.get(text, "") for text in texts],
        }
        return pd.DataFrame(found, index=texts.index, dtype="str")
