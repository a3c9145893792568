"""A question about rows, as the visitor types it: `cmi > 30 and "nahi" in text`.

The text is parsed as a Python expression and only the few kinds of node below are understood; nothing is
ever evaluated as code.
"""

from __future__ import annotations

import ast
import difflib
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from codemix_lab.errors import SpecError

LONGEST = 1000
DEEPEST = 30
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def matching(frame: pd.DataFrame, query: str) -> pd.Series:
    """Which rows of `frame` answer the question: a boolean series with the frame's index.

    Understood are column names, texts in quotes, numbers, True and False; `<`, `<=`, `>`, `>=`, `==`, `!=`, also
    chained; `"word" in text` (case ignored), `label in ("a", "b")`, each with `not`; `and`, `or`, `not` and
    parentheses. A column of truth values stands alone. An empty question matches every row. Raises
    `SpecError` that shows the place of what is not understood.

    >>> rows = pd.DataFrame({"text": ["Nahi yaar", "good"], "cmi": [0.5, 0.0]})
    >>> matching(rows, '"nahi" in text and cmi > 0.3').tolist()
    [True, False]
    """
    question = query.strip()
    if not question:
        return pd.Series(True, index=frame.index)
    return _Reader(frame, question).truth(check_question(question), 0)


def check_question(question: str) -> ast.expr:
    """The question as a tree. Raises `SpecError` where it cannot be read, whatever columns there are."""
    if len(question) > LONGEST:
        raise SpecError(f"The question is longer than {LONGEST:,} characters: shorten it.")
    try:
        return ast.parse(question, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        place = getattr(error, "offset", None)
        raise _misunderstood(question, place or 1, "this is where it stops making sense") from None


class _Reader:
    def __init__(self, frame: pd.DataFrame, question: str) -> None:
        self._frame, self._question = frame, question

    def truth(self, node: ast.expr, depth: int) -> pd.Series:
        if depth > DEEPEST:
            raise self._no(node, "too many parentheses or signs inside one another")
        if isinstance(node, ast.BoolOp):
            parts = [self.truth(part, depth + 1) for part in node.values]
            joined = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
            return pd.Series(joined.reduce(parts), index=self._frame.index)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ~self.truth(node.operand, depth + 1)
        if isinstance(node, ast.Compare):
            return self._compared(node)
        if isinstance(node, ast.Name):
            column = self._column(node)
            if column.dtype == bool:
                return column
            raise self._no(node, f"“{node.id}” is not true or false by itself: compare it with something")
        raise self._no(node, "a comparison such as cmi > 30 is wanted here")

    def _compared(self, node: ast.Compare) -> pd.Series:
        kept = pd.Series(True, index=self._frame.index)
        left = node.left
        for sign, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(sign, (ast.In, ast.NotIn)):
                found = self._contained(left, right)
                kept &= ~found if isinstance(sign, ast.NotIn) else found
            elif type(sign) in _ORDER:
                kept &= self._ordered(left, sign, right)
            else:
                raise self._no(left, "“is” is not understood: use == or !=")
            left = right
        return kept

    def _ordered(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> pd.Series:
        one, other = self._value(left), self._value(right)
        if _kind(one) != _kind(other):
            raise self._no(right, f"{_kind(one)} cannot be compared with {_kind(other)}")
        return pd.Series(_ORDER[type(sign)](one, other), index=self._frame.index).fillna(False).astype(bool)

    def _contained(self, left: ast.expr, right: ast.expr) -> pd.Series:
        if isinstance(right, (ast.Tuple, ast.List, ast.Set)):
            column = self._value(left)
            if not isinstance(column, pd.Series):
                raise self._no(left, "a column is wanted before “in (…)”")
            return column.isin([self._constant(item) for item in right.elts])
        word, column = self._value(left), self._value(right)
        if not isinstance(word, str) or not isinstance(column, pd.Series) or _kind(column) != "a text":
            raise self._no(left, 'write "word" in text, or label in ("a", "b")')
        return column.str.contains(word, case=False, regex=False).fillna(False).astype(bool)

    def _value(self, node: ast.expr) -> Any:
        return self._column(node) if isinstance(node, ast.Name) else self._constant(node)

    def _column(self, node: ast.Name) -> pd.Series:
        if node.id in self._frame:
            return self._frame[node.id]
        near = difflib.get_close_matches(node.id, map(str, self._frame.columns), n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(map(str, self._frame.columns))}"
        raise self._no(node, f"there is no column “{node.id}”: {hint}")

    def _constant(self, node: ast.expr) -> Any:
        sign = 1
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            sign, node = -1, node.operand
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float)):
            if isinstance(node.value, str) and sign == 1:
                return node.value
            if not isinstance(node.value, str):
                return sign * node.value
        raise self._no(node, "a column, a number or a text in quotes is wanted here")

    def _no(self, node: ast.expr, why: str) -> SpecError:
        before = self._question.encode()[: node.col_offset].decode()
        return _misunderstood(self._question, len(before) + 1, why)


def _misunderstood(question: str, place: int, why: str) -> SpecError:
    shown = question[max(0, place - 1) : place + 24]
    return SpecError(f"The question is not understood at character {place} (“{shown}”): {why}.")


def _kind(value: Any) -> str:
    if isinstance(value, pd.Series):
        return "a number" if pd.api.types.is_numeric_dtype(value) else "a text"
    return "a text" if isinstance(value, str) else "a number"
