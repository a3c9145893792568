"""The command line that makes a merge; needs none of the libraries that make it."""

from __future__ import annotations

import shlex

from codemix_lab.config import MergeSpec


def merge_command(spec: MergeSpec, out: str) -> str:
    """The command line that makes this merge."""
    adapted = " ".join(f"--adapted {shlex.quote(ref)}" for ref in spec.adapted)
    given = {"method": spec.method, "scaling": f"{spec.scaling:g}", **spec.further()}
    said = " ".join(
        f"--{name.replace('_', '-')}{'=' if value.startswith('-') else ' '}{value}"
        for name, value in given.items()
    )
    own = "".join(f" --option {name}={value:g}" for name, value in spec.options)
    base, folder = shlex.quote(spec.base), shlex.quote(out)
    return f"codemix-lab merge --base {base} {adapted} {said}{own} --out {folder}"
