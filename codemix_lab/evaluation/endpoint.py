"""A language model behind an OpenAI-compatible address, asked for labels one sentence at a time."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import numpy as np

from codemix_lab.errors import DownloadError, SpecError
from codemix_lab.evaluation.prompting import Prompt
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report

KEY = "CODEMIX_LAB_ENDPOINT_KEY"
"""Environment variable with the key that the endpoint wants, if it wants one."""
_LONGEST_WAIT = 60.0
_SHOWN = 120
_TOO_MANY, _SERVER = 429, 500


@dataclass(frozen=True)
class Endpoint:
    """Address (such as http://host:8000/v1) and model name; seconds to wait, and how often to try again."""

    url: str
    model: str
    timeout: float = 60.0
    retries: int = 5
    pause: float = 1.0

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise SpecError(f"endpoint = {self.url!r} is no address: it begins with http:// or https://.")

    def answer(self, question: str, should_stop: ShouldStop | None = None) -> str:
        """What the model answers, at temperature 0.

        Waits and asks again when the server says that it is busy (429 and 5xx; `Retry-After` counts).
        Raises `DownloadError` when it stays so, does not answer in time, refuses, or answers no chat
        completion; `Cancelled` between two tries.
        """
        for attempt in range(self.retries + 1):
            raise_if_stopped(should_stop)
            try:
                return _content(self._post(question), self.url)
            except urllib.error.HTTPError as error:
                with error:
                    said = error.read(_SHOWN).decode("utf-8", "replace")
                    wait = _seconds(error.headers.get("Retry-After"), self.pause * 2**attempt)
                if error.code != _TOO_MANY and error.code < _SERVER:
                    raise DownloadError(
                        f"{self.url} refused ({error.code}: {said}). Check address, model name and {KEY}."
                    ) from error
                if attempt == self.retries:
                    raise DownloadError(
                        f"{self.url} was still busy ({error.code}) after {attempt + 1} tries. Try later."
                    ) from error
                time.sleep(min(wait, _LONGEST_WAIT))
            except TimeoutError as error:
                raise DownloadError(f"{self.url} did not answer within {self.timeout:g} seconds.") from error
            except (urllib.error.URLError, HTTPException, OSError) as error:
                raise DownloadError(f"{self.url} cannot be reached ({error}). Check the address.") from error
        raise AssertionError

    def _post(self, question: str) -> bytes:
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": question}],
            "temperature": 0,
            "max_tokens": 16,
        }
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY):
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked when the endpoint is made
            f"{self.url.rstrip('/')}/chat/completions", json.dumps(body).encode(), headers
        )
        with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310
            return bytes(answer.read())


def ask_labels(
    endpoint: Endpoint,
    prompt: Prompt,
    texts: Sequence[str],
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> np.ndarray:
    """1 for the label that is answered, (texts, labels); an answer without a label gives all the same share.

    Raises `DownloadError` as `Endpoint.answer`, and when most answers name no label; `Cancelled`.
    """
    found = np.full((len(texts), len(prompt.labels)), 1 / len(prompt.labels))
    lost: list[str] = []
    for place, text in enumerate(texts):
        report(on_progress, place, len(texts), f"asking {endpoint.model}")
        question = f"Answer with one of {', '.join(prompt.labels)} and nothing else.\n\n{prompt.before(text)}"
        answer = endpoint.answer(question, should_stop)
        label = named_label(answer, prompt.labels)
        if label is None:
            lost.append(answer)
        else:
            found[place] = [name == label for name in prompt.labels]
        if len(lost) > max(10, len(texts) // 2):
            raise DownloadError(
                f"{endpoint.model} named no label in {len(lost)} of {place + 1} answers, such as “{answer[:_SHOWN]}”. "
                "Try another template, more shots or another model."
            )
    report(on_progress, len(texts), len(texts), f"asking {endpoint.model}")
    return found


def named_label(answer: str, labels: Sequence[str]) -> str | None:
    """The label that an answer names first, case ignored and as a whole word, or None.

    >>> named_label("I'd say: Positive.", ["negative", "positive"]), named_label("42", ["negative", "positive"])
    ('positive', None)
    """
    places = {
        label: found.start()
        for label in labels
        if (found := re.search(rf"(?<!\w){re.escape(label)}(?!\w)", answer, re.IGNORECASE))
    }
    return min(places, key=lambda label: (places[label], -len(label))) if places else None


def _content(raw: bytes, url: str) -> str:
    try:
        answer: Any = json.loads(raw)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        shown = raw[:_SHOWN].decode("utf-8", "replace")
        raise DownloadError(
            f"{url} answered no chat completion: “{shown}”. Is it the right address?"
        ) from error
    return str(answer or "")


def _seconds(header: str | None, otherwise: float) -> float:
    try:
        return max(0.0, float(header)) if header is not None else otherwise
    except ValueError:
        return otherwise
