"""How the lesson looks: a reader's page, and the lecturer's mode that is read from the back of the hall."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

_LESSON = """
<style>
.stMain h2 {font-size: 1.55rem; letter-spacing: -0.015em; padding: 0.3rem 0 0;}
.st-key-said p {font-size: 1.06rem; line-height: 1.6; max-width: 52em;}
.st-key-quiz {background: color-mix(in srgb, var(--st-primary-color, #17a08c) 7%, transparent);}
.st-key-quiz [role=radiogroup] label {padding: 0.15rem 0;}
.words {display: flex; flex-wrap: wrap; gap: 0.5rem 0.35rem; align-items: flex-start; font-size: 1.35rem; line-height: 1.3;
  unicode-bidi: isolate;}
.words > span {display: inline-flex; flex-direction: column; align-items: center; border-radius: 0.3rem; padding: 0.15rem 0.45rem;
  max-width: 100%; overflow-wrap: anywhere;}
.words small {font-size: 0.75rem; opacity: 0.8;}
.words i {font-style: normal; align-self: center; opacity: 0.85; font-size: 1rem;}
.words .l0 {background: rgba(74,143,208,.22); border-bottom: 3px solid #4a8fd0;}
.words .l1 {background: rgba(224,138,46,.22); border-bottom: 3px dotted #e08a2e;}
.words .lo {opacity: 0.8;}
.cloze {font-size: 1.15rem; line-height: 1.7; overflow-wrap: anywhere;}
.cloze mark {background: color-mix(in srgb, var(--st-primary-color, #17a08c) 22%, transparent); color: inherit;
  padding: 0 0.4rem; border-radius: 0.25rem; border-bottom: 2px solid var(--st-primary-color, #17a08c);}
.guesses {width: 100%; border-collapse: collapse; table-layout: fixed; font-variant-numeric: tabular-nums;}
.guesses caption {text-align: left; font-weight: 600; padding-bottom: 0.2rem;}
.guesses td {padding: 0.12rem 0.3rem 0.12rem 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;}
.guesses td + td {width: 3.2rem; text-align: right;}
.guesses .bar {background: linear-gradient(90deg, var(--tint) var(--p), transparent var(--p)); border-radius: 0.2rem; padding-left: 0.4rem;}
.votes {overflow-x: auto;}
.votes table {border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 1.05rem;}
.votes th, .votes td {padding: 0.3rem 0.55rem; border-bottom: 1px solid var(--st-border-color, #8884); text-align: right;}
.votes th[scope=row] {text-align: left; font-weight: 500; white-space: nowrap;}
.votes thead th {font-weight: 500; opacity: 0.75;}
.votes td.up, .votes td.down {font-weight: 700; font-size: 1.25rem; line-height: 1;}
.votes .up {background: rgba(224,138,46,.28);} .votes .down {background: rgba(116,87,176,.28);}
.guesses .hit {font-weight: 700; text-decoration: underline; text-underline-offset: 0.2em;}
</style>
"""

_LECTURE = """
<style>
html {font-size: 21px !important;}
[data-testid=stSidebar], [data-testid=stExpandSidebarButton], [data-testid=stSidebarCollapsedControl],
[data-testid=stHeader], .st-key-ways {display: none !important;}
.stMain h1 {position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);}
.stElementContainer:has(h1) + .stElementContainer [data-testid=stCaptionContainer] {display: none;}
.stMain {--lab-stick: 0;}
.stMainBlockContainer {padding-top: 0.8rem; max-width: 1500px;}
.st-key-said p {font-size: 1.15rem; max-width: none;}
.st-key-quiz p {font-size: 1.05rem;}
[data-testid=stExpander] summary p, [data-testid=stCaptionContainer] p {font-size: 0.9rem;}
@media (max-width: 640px) {html {font-size: 17px !important;}}
</style>
"""


def dress(lecture: bool) -> None:
    """Lay the styles of the lesson over the page, and in the lecturer's mode those of the hall."""
    st.html(_LESSON + (_LECTURE if lecture else ""))


def readable(figure: go.Figure, lecture: bool) -> go.Figure:
    """The figure as it is, or in the lecturer's mode with letters and height for the back row."""
    if lecture:
        figure.update_layout(
            font={"size": 17},
            title_font={"size": 19},
            legend_font={"size": 16},
            margin_t=84,
            height=round(1.2 * (figure.layout.height or 340)),
        )
        for axes in (figure.update_xaxes, figure.update_yaxes):
            axes(tickfont={"size": 16}, title_font={"size": 17})
    return figure
