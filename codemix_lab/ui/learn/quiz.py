"""One question a step: answered at once, with the reason."""

from __future__ import annotations

import streamlit as st

from codemix_lab.ui.learn.script import StepWords


def quiz(words: StepWords) -> None:
    """Ask; once an answer is chosen, say whether it is right and why."""
    asked = words.quiz
    with st.container(border=True, key="quiz"):
        chosen = st.radio(
            f"**Question** · {asked.question}",
            range(len(asked.options)),
            index=None,
            format_func=asked.options.__getitem__,
            key=f"quiz-{words.name}",
        )
        if chosen is None:
            return
        if chosen == asked.answer:
            st.success(f"**Right.** {asked.because}", icon=":material/check_circle:")
        else:
            st.warning(
                f"**Not quite:** {asked.options[asked.answer]}. {asked.because}", icon=":material/lightbulb:"
            )
