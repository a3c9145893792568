"""What can be said of a sentence without a model: what slices are cut by."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import pandas as pd

from codemix_lab.text.duplicates import normalise

_NEGATIONS = {
    "en": "no not never none nothing nobody nowhere neither nor cannot cant can't dont don't doesnt doesn't didnt "
    "didn't isnt isn't wasnt wasn't arent aren't werent weren't wont won't wouldnt wouldn't shouldnt shouldn't "
    "couldnt couldn't aint ain't hasnt hasn't havent haven't hadnt hadn't without",
    "hi": "nahi nahin nahii nai nhi nhii nahee na naa mat bina नहीं नही न ना मत बिना",
    "es": "no nunca nada nadie ni jamás jamas tampoco ningún ningun ninguno ninguna sin",
    "ta": "illa illai ille illada illama vendam venam vendaam mudiyadhu mudiyathu koodathu இல்லை வேண்டாம் முடியாது",
    "ml": "illa alla ille venda vendaa arutu pattilla kazhiyilla ഇല്ല അല്ല വേണ്ട അരുത്",
}
NEGATIONS = {language: frozenset(words.split()) for language, words in _NEGATIONS.items()}
_WORD = re.compile(r"[\w’'\u0900-\u0d7f]+")
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55\u2764]|[:;=8xX][-'’]?[)(DPpO/|\\\\]+(?!\\w)|<3"
)
_HASHTAG = re.compile(r"#\w")
_HANDLE_OR_LINK = re.compile(r"(?<!\w)@\w|https?\b|www\.")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1\1", re.IGNORECASE)


def sentence_traits(texts: Sequence[str], pair: str | None = None) -> pd.DataFrame:
    """One row a text: words, script, negation, emoji, hashtag, handle_or_link, question, drawn_out, duplicate.

    `words` counts runs of letters and digits; `script` is “Latin”, “native”, “both” or “none” by the letters;
    `negation` asks for a negating word of the pair's languages (of all known ones where `pair` is None);
    `drawn_out` is a letter three times in a row (“sooo”); `duplicate`, that the text stands more than once.

    >>> row = sentence_traits(["Yeh nahi chalega yaar 😀 #fail"], "en-hi").iloc[0]
    >>> int(row["words"]), row["script"], bool(row["negation"]), bool(row["emoji"]), bool(row["hashtag"])
    (5, 'Latin', True, True, True)
    """
    languages = pair.split("-") if pair else list(NEGATIONS)
    negations = frozenset().union(*(NEGATIONS.get(language, frozenset()) for language in languages))
    cleaned = [normalise(text) for text in texts]
    words = [_WORD.findall(text) for text in cleaned]
    return pd.DataFrame(
        {
            "words": [len(found) for found in words],
            "script": [script_of(text) for text in texts],
            "negation": [any(word.replace("’", "'") in negations for word in found) for found in words],
            "emoji": [_EMOJI.search(text) is not None for text in texts],
            "hashtag": [_HASHTAG.search(text) is not None for text in texts],
            "handle_or_link": [_HANDLE_OR_LINK.search(text) is not None for text in texts],
            "question": ["?" in text for text in texts],
            "drawn_out": [_DRAWN_OUT.search(text) is not None for text in texts],
            "duplicate": pd.Series(cleaned, dtype="str").duplicated(keep=False).to_list(),
        }
    )


def script_of(text: str) -> str:
    """“Latin”, “native” (any other script), “both” or “none”, by the text's letters.

    >>> [script_of(text) for text in ("yaar", "यार", "यार bro", "123 😀")]
    ['Latin', 'native', 'both', 'none']
    """
    letters = {"LATIN" in unicodedata.name(character, "") for character in text if character.isalpha()}
    return {frozenset({True}): "Latin", frozenset({False}): "native", frozenset(): "none"}.get(
        frozenset(letters), "both"
    )
