"""What the name of a tensor tells: its layer, its kind of module, and so its multiplier of λ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from codemix_lab.config import Schedule
from codemix_lab.errors import SpecError

_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)\.")
_KINDS = (
    ("embeddings", re.compile(r"(?:^|[._])(?:embed\w*|word_embeddings|wte|wpe)(?:[._]|$)")),
    ("norms", re.compile(r"norm|(?:^|[._])ln_?[\df]?(?:[._]|$)", re.IGNORECASE)),
    ("attention", re.compile(r"attention|attn", re.IGNORECASE)),
    ("feed_forward", re.compile(r"mlp|ffn|intermediate|feed_forward|fc\d|\.output\.dense|DenseReluDense")),
)


def layer_number(name: str) -> int | None:
    """The layer that a tensor belongs to, counted from zero; None outside the stack of layers.

    >>> layer_number("encoder.layer.3.output.dense.weight"), layer_number("embeddings.LayerNorm.bias")
    (3, None)
    """
    found = _LAYER.search(name)
    return int(found[1]) if found else None


@cache
def module_kind(name: str) -> str:
    """embeddings, norms, attention, feed_forward, or other.

    A norm inside the embeddings or the attention counts as a norm.

    >>> [module_kind(n) for n in ("embeddings.LayerNorm.bias", "layer.0.attention.self.query.weight",
    ...     "encoder.layer.0.output.dense.bias", "model.embed_tokens.weight", "pooler.dense.weight")]
    ['norms', 'attention', 'feed_forward', 'embeddings', 'other']
    """
    kinds = [kind for kind, pattern in _KINDS if pattern.search(name)]
    return "norms" if "norms" in kinds else kinds[0] if kinds else "other"


def layer_groups(names: Sequence[str]) -> list[list[int]]:
    """Positions of `names` that share one density budget in the layer scope.

    The layers, one by one, and, each as a group, what lies before and after them.

    >>> layer_groups(["embed.weight", "layer.0.a", "layer.1.a", "layer.0.b", "pooler.weight"])
    [[0], [1, 3], [2], [4]]
    """
    groups: dict[tuple[str, int], list[int]] = {}
    for place, name in enumerate(names):
        number = layer_number(name)
        kind = "embeddings" if module_kind(name) == "embeddings" or "embed" in name else "other"
        groups.setdefault((kind, -1) if number is None else ("layer", number), []).append(place)
    return list(groups.values())


def depth_multipliers(names: Sequence[str], schedule: Schedule, depth: Sequence[float]) -> list[float]:
    """The schedule's multiplier of λ for each tensor.

    Embeddings take the first layer's, whatever lies outside the layers otherwise the last one's.
    Raises `SpecError` when a free schedule has not one number for each layer.

    >>> depth_multipliers(["embed.w", "layer.0.w", "layer.1.w", "layer.2.w"], Schedule.LINES, [0.5])
    [0.5, 0.5, 0.75, 1.0]
    """
    if schedule is Schedule.CONSTANT:
        return [1.0] * len(names)
    numbers = [layer_number(name) for name in names]
    layers = 1 + max((n for n in numbers if n is not None), default=0)
    if schedule is Schedule.FREE:
        check_depth(depth, layers)
        by_layer = list(depth)
    else:
        first, last = (depth[0], depth[1]) if schedule is Schedule.LINEAR else (depth[0], 1.0)
        by_layer = [first + (last - first) * n / max(1, layers - 1) for n in range(layers)]
    return [
        by_layer[number if number is not None else 0 if "embed" in name else -1]
        for name, number in zip(names, numbers, strict=True)
    ]


def check_depth(depth: Sequence[float], layers: int) -> None:
    """Raise `SpecError` unless a free schedule has one number for each of `layers`."""
    if len(depth) != layers:
        raise SpecError(f"depth has {len(depth)} numbers, but the model has {layers} layers: give one each.")
