"""“Copy this as Python, command line or YAML”, folded away below what a page computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from codemix_lab.ui import words


def copy_this(kind: str, payload: Mapping[str, Any], what: str = "this") -> None:
    """The code that computes what the job `kind` with this `payload` does; `what` is the word for it.

    It is made when it is unfolded: coloured code costs the browser a third of what a page does.
    """
    label = f"Copy {what} as Python, command line or YAML"
    fold = st.expander(label, icon=":material/terminal:", key=f"copy {what}", on_change="rerun")
    if not fold.open:
        return
    from codemix_lab.experiments.copyable import copyable

    found = copyable(kind, payload)
    with fold:
        python, command, yaml = st.tabs(["Python", "Command line", "YAML"])
        python.code(found.python, language="python", wrap_lines=True)
        command.code(found.command, language="bash", wrap_lines=True)
        yaml.code(found.yaml, language="yaml", wrap_lines=True)
        yaml.caption(words.COPY_YAML.format(command=found.done_by))
