"""The lesson's words as data: what every step says, where it leads, and what it asks."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import yaml

WORDS = Path(__file__).with_name("lesson.yaml")


@dataclass(frozen=True)
class Link:
    """A way to another page with its dials set."""

    page: str
    label: str
    query: dict[str, str | list[str]]


@dataclass(frozen=True)
class Quiz:
    """One question; `answer` is the place of the right option."""

    question: str
    options: tuple[str, ...]
    answer: int
    because: str


@dataclass(frozen=True)
class StepWords:
    """What a step is called (name in code, short in the stepper, title on the page), says, links and asks."""

    name: str
    short: str
    title: str
    text: str
    link: Link
    quiz: Quiz


@functools.cache
def steps() -> tuple[StepWords, ...]:
    """All steps in order."""
    return tuple(
        StepWords(
            **{name: entry[name] for name in ("name", "short", "title", "text")},
            link=Link(**entry["link"]),
            quiz=Quiz(**{**entry["quiz"], "options": tuple(entry["quiz"]["options"])}),
        )
        for entry in yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    )
