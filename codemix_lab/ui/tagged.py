"""Sentences with each word in the colour of its language: escaped, and told apart without colour too."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from codemix_lab.text.pairs import PAIRS
from codemix_lab.ui.corpus import Tagged

LONGEST = 400
"""Characters of a word that are shown; longer ones are cut."""

STYLE = """
<style>
.tagged {width: 100%; border-collapse: collapse; font-size: 0.95rem; line-height: 1.75;}
.tagged td {padding: 0.3rem 0.5rem; border-bottom: 1px solid var(--st-border-color, #8884);
  vertical-align: top; overflow-wrap: anywhere; unicode-bidi: isolate;}
.tagged td.about {white-space: nowrap; font-size: 0.85rem; opacity: 0.8;}
.tagged span, .tag-legend span {border-radius: 0.2rem; padding: 0 0.15rem;}
.w0 {background: rgba(74,143,208,.20); border-bottom: 2px solid #4a8fd0;}
.w1 {background: rgba(224,138,46,.20); border-bottom: 2px dotted #e08a2e;}
.wo {opacity: 0.8;}
.tag-legend {font-size: 0.85rem;}
.tag-legend span {margin-right: 0.6rem;}
</style>
"""


def legend(pair: str) -> str:
    """Which mark is which language."""
    names = PAIRS[pair].name.split("–")
    marks = "".join(f'<span class="w{place}">{html.escape(name)}</span>' for place, name in enumerate(names))
    return f'{STYLE}<div class="tag-legend">{marks}<span class="wo">other</span></div>'


def table(rows: Iterable[tuple[Tagged, Sequence[str]]], languages: Sequence[str]) -> str:
    """Tagged sentences, each with what stands beside it, as an HTML table; every text is escaped."""
    lines = []
    for tagged, about in rows:
        words = " ".join(_word(token, tag, languages) for token, tag in tagged)
        beside = "".join(f'<td class="about">{html.escape(cell)}</td>' for cell in about)
        lines.append(f'<tr><td dir="auto">{words}</td>{beside}</tr>')
    return f'{STYLE}<table class="tagged">{"".join(lines)}</table>'


def _word(token: str, tag: str, languages: Sequence[str]) -> str:
    kind = f"w{languages.index(tag)}" if tag in languages else "wo"
    shown = token if len(token) <= LONGEST else token[:LONGEST] + "…"
    return f'<span class="{kind}" title="{html.escape(tag)}">{html.escape(shown)}</span>'
