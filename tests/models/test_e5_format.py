"""The package file: a hand-made one in the same format, read back number by number."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from codemix_lab.errors import CheckpointError
from codemix_lab.models.starter.e5_format import E5File

PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁a", -1.5), ("<mask>", 0.0)]


def write_e5(path: Path, tensors: dict[str, bytes | np.ndarray]) -> Path:
    """A file with hidden 4, 1 layer, 2 heads and `tensors`: Q4_0 bytes or float32 arrays."""
    blobs = [text.encode() for text, _ in PIECES]
    offsets = np.cumsum([0, *map(len, blobs)], dtype="<u4")
    head = b"E5S1" + struct.pack("<I7ifi", 1, 4, 1, 2, 8, len(PIECES), 16, 2, 1e-12, 0)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(offsets[-1])) + offsets.tobytes()
    head += (
        np.array([s for _, s in PIECES], "<f4").tobytes()
        + b"".join(blobs)
        + struct.pack("<iI", 0, 3)
        + b"abc"
    )
    raw = {n: v if isinstance(v, bytes) else v.astype("<f4").tobytes() for n, v in tensors.items()}
    counts = {n: len(v) // 18 * 32 if isinstance(v, bytes) else v.size for n, v in tensors.items()}
    size = len(head) + 4 + sum(2 + len(n) + 21 for n in raw)
    directory, body = struct.pack("<i", len(raw)), b""
    for name, data in raw.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack(
            "<BIQQ", isinstance(tensors[name], bytes), counts[name], size + len(body), len(data)
        )
        body += data
    path.write_bytes(head + directory + body)
    return path


def test_shape_and_pieces_are_read(tmp_path: Path) -> None:
    file = E5File(write_e5(tmp_path / "a.bin", {}))
    assert (file.config.hidden, file.config.layers, file.config.heads, file.config.types) == (4, 1, 2, 2)
    assert [text for text, _ in file.pieces] == [text for text, _ in PIECES]
    assert file.pieces[4][1] == -1.5


def test_a_q4_block_is_scale_times_nibble_minus_eight_low_nibbles_first(tmp_path: Path) -> None:
    nibbles = bytes([0xF0] + [0x88] * 15)
    block = np.float16(0.5).tobytes() + nibbles
    values = E5File(write_e5(tmp_path / "a.bin", {"w": block})).tensor("w")
    expected = torch.zeros(32)
    expected[0] = (0 - 8) * 0.5
    expected[16] = (15 - 8) * 0.5
    assert torch.equal(values, expected)


def test_float_tensors_are_as_they_stand(tmp_path: Path) -> None:
    values = np.array([1.0, -2.5, 3.25], dtype=np.float32)
    assert E5File(write_e5(tmp_path / "a.bin", {"b": values})).tensor("b").tolist() == values.tolist()


def test_another_file_and_a_missing_tensor_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"PK\x03\x04 something else entirely")
    with pytest.raises(CheckpointError, match="not an E5S1 file"):
        E5File(tmp_path / "x.bin")
    with pytest.raises(CheckpointError, match="no tensor “q”"):
        E5File(write_e5(tmp_path / "a.bin", {})).tensor("q")
