"""A file as a stream of lines: gzip undone, turned into UTF-8, NULs and bombs refused, memory bounded."""

from __future__ import annotations

import difflib
import functools
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from codemix_lab.errors import DataError
from codemix_lab.text.readers.encoding import SPOKEN, as_utf8, guess_encoding

BLOCK = 1 << 20
HEAD = 1 << 20
LONGEST_LINE = 64 << 20
BOMB_RATIO = 200
BOMB_FLOOR = 16 << 20

GZIP_MAGIC = b"\x1f\x8b"
UTF8_BOM = b"\xef\xbb\xbf"
_NUL_ADVICE = (
    "If it is UTF-16 without a byte order mark, convert it with: iconv -f UTF-16LE -t UTF-8 OLD > NEW"
)


class Source:
    """One file, opened by what is in it.

    `size` is its length on disk in bytes and `consumed` how much of that has been read so far, so
    that readers can tell their progress. All that is read from it is UTF-8, whatever `encoding` says
    of the file. Raises `DataError` when there is no such ordinary file.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.consumed = 0
        if os.path.isdir(self.path):
            raise DataError(f"{self.path} is a folder. Name a file inside it.")
        if not os.path.isfile(self.path):
            raise DataError(f"{self.path} does not exist or is no ordinary file.{_nearest(self.path)}")
        try:
            self.size = self.path.stat().st_size
            with self.path.open("rb") as file:
                self.gzipped = file.read(2) == GZIP_MAGIC
        except OSError as error:
            raise self._unreadable(error) from error

    @functools.cached_property
    def encoding(self) -> str:
        """Encoding of the file, guessed by its first megabyte: utf-8, utf-16, utf-32 or cp1252."""
        return guess_encoding(_first(self._bytes()))

    def blocks(self) -> Iterator[bytes]:
        """The content in pieces of about a megabyte, unpacked. Raises `DataError` for damage and bombs."""
        encoding = self.encoding
        try:
            yield from as_utf8(self._bytes(), encoding)
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise DataError(
                f"{self.path} begins as {SPOKEN[encoding]}, but a later byte (0x{byte:02x}) does not belong there. "
                "Save it again as UTF-8."
            ) from error

    def _bytes(self) -> Iterator[bytes]:
        self.consumed = 0
        try:
            with self.path.open("rb") as file:
                packed = iter(lambda: file.read(BLOCK), b"")
                yield from self._unpacked(packed) if self.gzipped else self._counted(packed)
        except zlib.error as error:
            raise self._damaged() from error
        except OSError as error:
            raise self._unreadable(error) from error

    def head(self) -> bytes:
        """The first megabyte of the content (all of it when the file is smaller), unpacked."""
        return _first(self.blocks())

    def whole(self, most: int) -> bytes:
        """All of the content, for formats that cannot be read in parts; at most `most` bytes."""
        parts, length = [], 0
        for block in self.blocks():
            parts.append(block)
            length += len(block)
            if length > most:
                raise DataError(
                    f"{self.path} holds more than {most >> 20:,} MB in a format that is read as a whole. "
                    "Save it as JSONL or TSV, which are read line by line."
                )
        return b"".join(parts)

    def lines(self) -> Iterator[str]:
        """The lines, ended by newlines only and without them; a byte order mark is left off.

        Raises `DataError` with line and byte (from the start of the unpacked content) for a NUL or
        a byte that is not UTF-8, and for a line over 64 MB.
        """
        number, offset, rest = 1, 0, b""
        for block in self.blocks():
            data = rest + block
            cut = data.rfind(b"\n") + 1
            rest = data[cut:]
            if len(rest) > LONGEST_LINE:
                raise DataError(
                    f"{self.path}: a line is longer than {LONGEST_LINE >> 20} MB; this is no text."
                )
            if cut:
                lines = self._decoded(data[: cut - 1], offset, number).split("\n")
                offset += cut
                number += len(lines)
                yield from lines
        if rest:
            yield self._decoded(rest, offset, number)

    def _decoded(self, data: bytes, offset: int, number: int) -> str:
        at = data.find(b"\0")
        if at >= 0:
            line = number + data.count(b"\n", 0, at)
            raise DataError(
                f"{self.path}, line {line}: byte {offset + at:,} is a NUL; this is no plain text. {_NUL_ADVICE}"
            )
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = number + data.count(b"\n", 0, error.start)
            raise DataError(
                f"{self.path}, line {line}: byte {offset + error.start:,} (0x{data[error.start]:02x}) is not "
                "UTF-8, and the file does not look like Windows-1252 as a whole. Repair that line, or convert "
                "the file with: iconv -f ENCODING -t UTF-8 OLD > NEW"
            ) from error
        return text.removeprefix("\ufeff") if offset == 0 else text

    def _counted(self, packed: Iterator[bytes]) -> Iterator[bytes]:
        for block in packed:
            self.consumed += len(block)
            yield block

    def _unpacked(self, packed: Iterator[bytes]) -> Iterator[bytes]:
        member, made = zlib.decompressobj(31), 0
        for block in packed:
            self.consumed += len(block)
            data = block
            while data:
                if member.eof:
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    member = zlib.decompressobj(31)
                piece = member.decompress(data, BLOCK)
                made += len(piece)
                if made > max(BOMB_FLOOR, BOMB_RATIO * self.consumed):
                    raise DataError(
                        f"{self.path} unpacks to more than {BOMB_RATIO} times its size: it looks like a zip "
                        "bomb and is not read. Unpack it yourself if you trust it."
                    )
                if piece:
                    yield piece
                data = member.unused_data if member.eof else member.unconsumed_tail
        if not member.eof:
            raise self._damaged()

    def _damaged(self) -> DataError:
        return DataError(
            f"{self.path}: the gzip data is cut short or damaged. Fetch or compress the file again."
        )

    def _unreadable(self, error: OSError) -> DataError:
        return DataError(f"{self.path} cannot be read ({error.strerror}).")


def _first(blocks: Iterator[bytes]) -> bytes:
    found = b""
    for block in blocks:
        found += block
        if len(found) >= HEAD:
            break
    return found[:HEAD]


def _nearest(path: Path) -> str:
    try:
        beside = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except (OSError, ValueError):
        return ""
    near = difflib.get_close_matches(path.name, beside, n=1)
    return f" Did you mean {near[0]}?" if near else ""
