"""From a table as it was read to rows that can be trusted; everything that is changed is said."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from codemix_lab.errors import DataError
from codemix_lab.text.columns import LABEL, MOST_LABELS
from codemix_lab.text.duplicates import across_splits, near_duplicates, normalise
from codemix_lab.text.repair import mask_all, mend_all
from codemix_lab.text.splits import SPLITS, read_split

LONGEST_TEXT = 5_000
NEAR = 0.6


def read_splits(
    table: pd.DataFrame, column: str | None, told: bool, where: str, warnings: list[str]
) -> pd.Series:
    """Split of every row; "" everywhere when they are to be made from a hash of the text."""
    unmade = pd.Series("", index=table.index, dtype="str")
    if column is None:
        warnings.append("No split column: rows were put 80/10/10 into train, dev and test by a hash.")
        return unmade
    known = {value: read_split(value) for value in table[column].unique()}
    strange = sorted(value for value, split in known.items() if split is None)
    if not strange:
        return table[column].map(known).astype("str")
    shown = ", ".join(f"“{value[:40]}”" if value.strip() else "blank cells" for value in strange[:3])
    if len(strange) == len(known) and not told:
        warnings.append(
            f"The column “{column}” holds {shown} and no splits: "
            "rows were put 80/10/10 into train, dev and test by a hash instead."
        )
        return unmade
    raise DataError(
        f"{where}: the split column “{column}” holds {shown}. "
        "Only train, dev (val, validation) and test are understood."
    )


def without_blanks(frame: pd.DataFrame, where: str, warnings: list[str]) -> pd.DataFrame:
    """The rows that have both a text and a label."""
    no_text, no_label = frame["text"] == "", frame["label"] == ""
    if no_text.any():
        warnings.append(f"{rows(int(no_text.sum()))} without text dropped.")
    if (no_label & ~no_text).any():
        warnings.append(f"{rows(int((no_label & ~no_text).sum()))} without label dropped.")
    kept = frame[~(no_text | no_label)].reset_index(drop=True)
    if kept.empty:
        raise DataError(f"{where}: no row has both a text and a label.")
    return kept


def relabelled(
    frame: pd.DataFrame, mapping: Mapping[str, str | None], where: str, warnings: list[str]
) -> pd.DataFrame:
    """Labels renamed; rows whose label is mapped to nothing are left out, and counted."""
    if not mapping:
        return frame
    counts = frame["label"].value_counts()
    out = {label: int(counts.get(label, 0)) for label, new in mapping.items() if new is None}
    gone = {label: count for label, count in out.items() if count}
    if not any(label in counts.index for label in mapping):
        there = ", ".join(f"“{label[:40]}”" for label in sorted(counts.index)[:10])
        warnings.append(f"The mapping names no label of this data, which are {there}.")
    if gone:
        listed = ", ".join(f"{label} ({count:,})" for label, count in gone.items())
        warnings.append(f"{rows(sum(gone.values()))} left out as the mapping says: {listed}.")
    names = {old: new for old, new in mapping.items() if new is not None}
    kept = frame[~frame["label"].isin(list(gone))].reset_index(drop=True)
    if kept.empty:
        raise DataError(f"{where}: the mapping leaves no row.")
    return kept.assign(label=kept["label"].map(lambda label: names.get(label, label)).astype("str"))


def tidied(frame: pd.DataFrame, repair: bool, mask: bool, warnings: list[str]) -> pd.DataFrame:
    """Mojibake mended and handles masked where that is asked for; very long texts cut."""
    texts = frame["text"]
    if repair:
        texts, changed = mend_all(texts)
        if changed:
            warnings.append(f"{amount(changed)} with mojibake mended.")
    if mask:
        texts, changed = mask_all(texts)
        if changed:
            warnings.append(f"Handles and links masked in {amount(changed)}.")
    too_long = int((texts.str.len() > LONGEST_TEXT).sum())
    if too_long:
        texts = texts.str.slice(0, LONGEST_TEXT)
        warnings.append(f"{amount(too_long)} longer than {LONGEST_TEXT:,} characters cut there.")
    return frame.assign(text=texts)


def check_labels(labels: pd.Series, column: str, where: str) -> None:
    """Raise `DataError` unless there are two labels or more, and no more than `MOST_LABELS`."""
    count = labels.nunique()
    if count == 1:
        raise DataError(
            f"{where}: every row of “{column}” says “{labels.iloc[0][:40]}”. "
            f"A task needs two labels or more; if another column holds them, use {LABEL.option}."
        )
    if count > MOST_LABELS:
        raise DataError(
            f"{where}: “{column}” holds {count:,} different values, more than {MOST_LABELS}: "
            f"it looks like free text, ids or scores. Choose the label column with {LABEL.option}."
        )


def without_leaks(frame: pd.DataFrame, warnings: list[str]) -> pd.DataFrame:
    """Train rows dropped whose text stands in dev or test too, or nearly (word 3-grams, Jaccard ≥ 0.6)."""
    leaking = leaks(frame)
    if not leaking:
        return frame
    warnings.append(
        f"{rows(len(leaking))} of train left out: the text also stands in dev or test, or nearly."
    )
    return frame.drop(index=list(leaking)).reset_index(drop=True)


def leaks(frame: pd.DataFrame) -> set[int]:
    """Positions of train rows whose text stands in dev or test, exactly or nearly. RangeIndex wanted."""
    splits, texts = frame["split"].tolist(), frame["text"].tolist()
    scored = {normalise(text) for text, split in zip(texts, splits, strict=True) if split != "train"}
    found = {
        place
        for place, (text, split) in enumerate(zip(texts, splits, strict=True))
        if split == "train" and normalise(text) in scored
    }
    for pair in near_duplicates(texts, NEAR):
        inside = [place for place in pair[:2] if splits[place] == "train"]
        if len(inside) == 1:
            found.add(inside[0])
    return found


def doubts(frame: pd.DataFrame) -> list[str]:
    """What makes scores on this task doubtful: texts in two splits, labels that train lacks."""
    found = []
    for splits, count in across_splits(frame).items():
        places = " and ".join(sorted(splits, key=SPLITS.index))
        found.append(f"{amount(count)} found in {places}: scores may be too good.")
    train = set(frame.loc[frame["split"] == "train", "label"])
    missing = sorted(set(frame["label"]) - train)
    if train and missing:
        found.append(f"No train sentence has the label {', '.join(missing)}.")
    return found


def rows(count: int) -> str:
    """“1 row”, “12 rows”."""
    return "1 row" if count == 1 else f"{count:,} rows"


def amount(count: int) -> str:
    """“1 text”, “12 texts”."""
    return "1 text" if count == 1 else f"{count:,} texts"
