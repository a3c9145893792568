"""Whether two checkpoints can be merged: said before anything heavy is loaded, one sentence each."""

from __future__ import annotations

import hashlib
import json

from codemix_lab.errors import IncompatibleError
from codemix_lab.models.checkpoints import Checkpoint
from codemix_lab.models.loading import load_tokenizer
from codemix_lab.models.weights import HEADS, open_weights

_SHAPE = {
    "hidden_size": "hidden size",
    "num_hidden_layers": "number of layers",
    "num_attention_heads": "number of attention heads",
    "intermediate_size": "feed-forward size",
}


def check_pair(base: Checkpoint, adapted: Checkpoint) -> tuple[str, ...]:
    """Notes for the user (heads left out) when `adapted` − `base` is a task vector.

    Raises `IncompatibleError` with one sentence when architecture, shapes, vocabulary or the
    tokenizers' pieces differ, or when `adapted` is an adapter on another base.
    """
    if base.architecture != adapted.architecture:
        raise IncompatibleError(
            f"{base.ref} is a {base.architecture} model and {adapted.ref} a {adapted.architecture} model; "
            "both must be of one architecture."
        )
    for attribute, words in _SHAPE.items():
        ours, theirs = getattr(base.config, attribute, None), getattr(adapted.config, attribute, None)
        if ours != theirs:
            raise IncompatibleError(
                f"{base.ref} and {adapted.ref} differ in their {words}: {ours} and {theirs}."
            )
    if base.config.vocab_size != adapted.config.vocab_size:
        raise IncompatibleError(
            f"{base.ref} has {base.config.vocab_size:,} vocabulary rows and {adapted.ref} {adapted.config.vocab_size:,}; "
            "a task vector needs the same vocabulary. Continue pre-training without adding or removing pieces."
        )
    if adapted.adapter is not None and adapted.folder != base.folder and adapted_base_differs(base, adapted):
        raise IncompatibleError(
            f"{adapted.ref} is an adapter for another base than {base.ref}: their base weights differ."
        )
    if adapted.folder != base.folder and _pieces_hash(base) != _pieces_hash(adapted):
        raise IncompatibleError(
            f"the tokenizers of {base.ref} and {adapted.ref} hold different pieces, so their rows do not match."
        )
    return _head_notes(base, adapted)


def adapted_base_differs(base: Checkpoint, adapted: Checkpoint) -> bool:
    """Whether the full weights under an adapter are not those of `base`."""
    under = Checkpoint(adapted.ref, adapted.folder, None, adapted.config)
    return under.fingerprint != base.fingerprint


def _pieces_hash(checkpoint: Checkpoint) -> str:
    vocabulary = load_tokenizer(checkpoint).get_vocab()
    return hashlib.sha256(json.dumps(sorted(vocabulary.items())).encode()).hexdigest()


def _head_notes(base: Checkpoint, adapted: Checkpoint) -> tuple[str, ...]:
    if adapted.folder == base.folder:
        return ()
    ours, theirs = _heads(base), _heads(adapted)
    return tuple(
        f"The head “{head}” exists only in {owner.ref}; heads are never part of a task vector, so it is left out."
        for owner, only in ((base, ours - theirs), (adapted, theirs - ours))
        for head in sorted(only)
    )


def _heads(checkpoint: Checkpoint) -> set[str]:
    names = open_weights(checkpoint.folder)
    return {
        head.rstrip("._") for head in HEADS for name in names if name.startswith(head) or f".{head}" in name
    }
