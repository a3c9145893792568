"""What can be said of a sentence without a model: what slices are cut by."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from codemix_lab.text.duplicates import normalise
from codemix_lab.text.measuring import measure_frame
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.tagging import is_word, script_of, tokenise

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
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55\u2764]|[:;=8xX][-'’]?[)(DPpO/|\\\\]+(?!\\w)|<3"
)
_HASHTAG = re.compile(r"#\w")
_HANDLE_OR_LINK = re.compile(r"(?<!\w)@\w|https?\b|www\.")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1\1", re.IGNORECASE)


def sentence_traits(texts: Sequence[str], pair: str | None = None) -> pd.DataFrame:
    """One row a text: words, script, negation, emoji, hashtag, handle_or_link, question, drawn_out, duplicate;
    for a pair of two languages also cmi (0–100), switch_points and matrix (its language, "" for none).

    `words` leaves handles, hashtags and links out; `script` is “Latin”, “native”, “both” or “none” by the words;
    `negation` asks for a negating word of the pair's languages (of all known ones where `pair` is None);
    `drawn_out` is a letter three times in a row (“sooo”); `duplicate`, that the text stands more than once.

    >>> row = sentence_traits(["Yeh nahi chalega yaar 😀 #fail"], "en-hi").iloc[0]
    >>> int(row["words"]), row["script"], bool(row["negation"]), bool(row["emoji"]), bool(row["hashtag"])
    (4, 'Latin', True, True, True)
    """
    languages = pair.split("-") if pair else list(NEGATIONS)
    negations = frozenset().union(*(NEGATIONS.get(language, frozenset()) for language in languages))
    cleaned = [normalise(text) for text in texts]
    words = [[token for token in tokenise(text) if is_word(token)] for text in cleaned]
    traits = pd.DataFrame(
        {
            "words": [len(found) for found in words],
            "script": [_script(found) for found in words],
            "negation": [any(word.replace("’", "'") in negations for word in found) for found in words],
            "emoji": [_EMOJI.search(text) is not None for text in texts],
            "hashtag": [_HASHTAG.search(text) is not None for text in texts],
            "handle_or_link": [_HANDLE_OR_LINK.search(text) is not None for text in texts],
            "question": ["?" in text for text in texts],
            "drawn_out": [_DRAWN_OUT.search(text) is not None for text in texts],
            "duplicate": pd.Series(cleaned, dtype="str").duplicated(keep=False).to_list(),
        }
    )
    if pair is not None and pair in PAIRS and len(languages) == 2:
        mixing = measure_frame(texts, pair)[["cmi", "switch_points", "matrix"]]
        traits = traits.join(mixing.round({"cmi": 1}))
    return traits


def _script(words: Sequence[str]) -> str:
    latin = {script_of(word) == "Latn" for word in words}
    return "both" if len(latin) == 2 else "none" if not latin else "Latin" if latin == {True} else "native"
