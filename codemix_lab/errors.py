"""Errors that speak to the user: what was wrong, where, and what to do.

Every error the lab raises on purpose derives from `CodeMixLabError`; pages and the command
line show its message as it is. Anything else that escapes is a bug and shows as one.
"""


class CodeMixLabError(Exception):
    """Root of all errors raised on purpose by the lab."""


class SpecError(CodeMixLabError, ValueError):
    """A parameter is unknown, contradictory or outside its range."""


class DataError(CodeMixLabError):
    """A text file, a column, a label or a split cannot be used."""


class CheckpointError(CodeMixLabError):
    """A folder or hub id is no usable model, or its weights are damaged."""


class IncompatibleError(CheckpointError):
    """Two checkpoints cannot be merged: architecture, shapes or vocabulary differ."""


class StorageError(CodeMixLabError):
    """Something cannot be written or read: the target exists, the disk is full, an entry is damaged."""


class DownloadError(CodeMixLabError):
    """A file could not be fetched, or it is not the file that was asked for."""


class Cancelled(CodeMixLabError):
    """The user asked to stop; nothing half-made was kept."""
