"""Notes and tags that people put on sentences, kept beside what they were made on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from filelock import FileLock

from codemix_lab import paths
from codemix_lab.errors import DataError, StorageError

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

    def all(self) -> dict[str, Annotation]:
        """Sentence → annotation. Raises `StorageError` when the file is damaged; it is left as it is."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            found = [Annotation(one["text"], one["note"], tuple(one["tags"])) for one in kept.values()]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError(
                f"{self.path} is damaged ({error}). Mend it, or move it away to begin anew."
            ) from error
        return {one.text: one for one in found}

    def keep(self, annotation: Annotation) -> None:
        """Keep an annotation; one without note and tags takes the sentence's away.

        Raises `DataError` for a note over 2,000 characters or more than twelve tags, and `StorageError`.
        """
        if len(annotation.note) > LONGEST_NOTE or len(annotation.tags) > MOST_TAGS:
            raise DataError(
                f"A note has at most {LONGEST_NOTE:,} characters, and {MOST_TAGS} tags: shorten it."
            )
        with paths.storage_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_suffix(".lock")):
            kept = self.all()
            kept.pop(annotation.text, None)
            if annotation.note.strip() or annotation.tags:
                kept[annotation.text] = annotation
            named = {
                hashlib.sha256(text.encode()).hexdigest()[:16]: asdict(one) for text, one in kept.items()
            }
            with paths.new_file(self.path) as beside:
                beside.write_text(json.dumps(named, ensure_ascii=False, indent=1), encoding="utf-8")

    def columns(self, texts: pd.Series) -> pd.DataFrame:
        """Columns note and tags for these sentences, empty where there is none."""
        kept = self.all()
        found = [kept.get(text, Annotation(text)) for text in texts]
        return pd.DataFrame(
            {"note": [one.note for one in found], "tags": [", ".join(one.tags) for one in found]},
            index=texts.index,
            dtype="str",
        )
