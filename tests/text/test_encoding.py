"""Files in other encodings than UTF-8 are read, it is said which one was taken, and damage is refused."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.errors import DataError
from codemix_lab.text.profile import profile
from codemix_lab.text.readers import open_table, read_lines, read_table
from codemix_lab.text.readers.encoding import as_utf8, guess_encoding

ROWS = [("qué película más buena", "positive"), ("no me gustó “nada”, señor…", "negative")] * 6
TSV = "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in ROWS)
JSON = json.dumps([{"text": text, "label": label} for text, label in ROWS], ensure_ascii=False)
NAMES = {"utf-8-sig": "", "utf-16": "UTF-16", "utf-32": "UTF-32", "cp1252": "Windows-1252"}


def write(folder, name, data):
    path = folder / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["t.tsv", "t.tsv.gz"])
@pytest.mark.parametrize("encoding", NAMES)
@pytest.mark.parametrize("content", [TSV, JSON, TSV.replace("\n", "\r\n")])
def test_tables_of_any_encoding_are_read_and_it_is_said(tmp_path, encoding, content, name):
    path = write(tmp_path, name, content.encode(encoding))
    assert read_table(path)[["text", "label"]].values.tolist() == [list(row) for row in ROWS]
    said = open_table(path).recognised.said()
    assert f"in {NAMES[encoding]}" in said if NAMES[encoding] else " in " not in said
    assert profile(str(path)).recognised == said


@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("width", [16, 32])
def test_the_byte_order_mark_decides(tmp_path, width, order):
    data = ("\ufeff" + "kya baat है\n").encode(f"utf-{width}-{order}")
    assert read_lines(write(tmp_path, "t.txt", data)) == ["kya baat है"]


def test_latin_1_is_read_as_windows_1252(tmp_path):
    assert read_lines(write(tmp_path, "t.txt", "mañana es otro día\n".encode("latin-1"))) == [
        "mañana es otro día"
    ]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("ok\nहै बहुत".encode() + b"x \xe9\n", 2),
        (b"haan \xff " + "क".encode() + b"\n", 1),
        ("नमस्ते".encode()[:-1] + b"\n", 1),
        ("\u3053\u3093\u306b\u3061\u306f".encode("shift-jis") + b"\n", 1),
        ("\u043f\u0440\u0438\u0432\u0435\u0442 yaar".encode("cp1251") + b"\n", 1),
    ],
)
def test_damaged_utf_8_and_other_alphabets_are_refused_with_the_line(tmp_path, data, line):
    path = write(tmp_path, "t.txt", data)
    with pytest.raises(DataError, match=f"line {line}: byte .* is not UTF-8"):
        read_lines(path)


def test_one_accent_after_the_first_megabyte_is_refused_with_the_line(tmp_path):
    data = b"kya baat hai yaar\n" * 80_000 + "día\n".encode("cp1252")
    with pytest.raises(DataError, match="line 80001: byte"):
        read_lines(write(tmp_path, "t.txt", data))


@pytest.mark.parametrize(("data", "name"), [("día\n".encode("utf-16")[:-1], "UTF-16")])
def test_utf_16_that_is_cut_short_is_refused(tmp_path, data, name):
    with pytest.raises(DataError, match=f"begins as {name}, but"):
        read_lines(write(tmp_path, "t.txt", data))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), st.sampled_from(list(NAMES)[1:3]))
def test_any_text_comes_back_however_the_blocks_fall(text, encoding):
    data = text.encode(encoding)
    blocks = [data[place : place + 3] for place in range(0, len(data), 3)]
    assert b"".join(as_utf8(blocks, encoding)).decode() == text.removeprefix("\ufeff")


@given(st.text(max_size=60))
def test_utf_8_is_never_taken_for_anything_else(text):
    data = text.encode(errors="replace")
    assert guess_encoding(data) == "utf-8" or data[:2] in (b"\xff\xfe", b"\xfe\xff")
