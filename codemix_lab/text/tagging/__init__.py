"""Language tags: which of a pair's two languages every token of a sentence belongs to."""

from codemix_lab.text.tagging.tagger import Tagger, open_tagger, tag_sentence, tag_sentences
from codemix_lab.text.tagging.tokens import OTHER, is_word, script_of, tokenise

__all__ = [
    "OTHER",
    "Tagger",
    "is_word",
    "open_tagger",
    "script_of",
    "tag_sentence",
    "tag_sentences",
    "tokenise",
]
