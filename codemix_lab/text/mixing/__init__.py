"""Synthetic code-mixed text: insertion by lexicon, alternation of parallel sentences, mixed as much as asked."""

from codemix_lab.text.mixing.lexicon import Lexicon, read_lexicon, read_romanisations, starter_lexicon
from codemix_lab.text.mixing.mixer import Mixed, Mixer, mix, mixture_frame, preview
from codemix_lab.text.mixing.reach import highest_index

__all__ = [
    "Lexicon",
    "Mixed",
    "Mixer",
    "highest_index",
    "mix",
    "mixture_frame",
    "preview",
    "read_lexicon",
    "read_romanisations",
    "starter_lexicon",
]
