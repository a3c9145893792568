"""Whatever lies in a file, a reader returns it faithfully or says what is wrong with it."""

import csv
import gzip
import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from codemix_lab.errors import DataError
from codemix_lab.text.readers import TABLE_SUFFIXES, read_lines, read_table

ROWS = [
    ["split", "text", "label"],
    ["train", 'yeh "film" bahut acchi hai', "positive"],
    ["test", "bas, ok", "neutral"],
]


def write(folder, name, content):
    path = folder / name
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def tsv(rows, end="\n"):
    return "".join("\t".join(row) + end for row in rows)


def refusal(path, read=read_table):
    with pytest.raises(DataError) as caught:
        read(path)
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".csv.gz", ".tsv.gz", ".jsonl.gz"])
def test_every_format_gives_the_same_frame_of_strings(tmp_path, suffix):
    kind = suffix.removesuffix(".gz")
    if kind == ".jsonl":
        content = "".join(json.dumps(dict(zip(ROWS[0], row, strict=True))) + "\n" for row in ROWS[1:])
    elif kind == ".tsv":
        content = tsv(ROWS)
    else:
        with open(tmp_path / "made", "w", newline="") as out:
            csv.writer(out).writerows(ROWS)
        content = (tmp_path / "made").read_bytes()
    frame = read_table(write(tmp_path, f"table{suffix}", content))
    assert [list(frame.columns), *frame.values.tolist()] == ROWS
    assert all(dtype == "str" for dtype in frame.dtypes)
    assert isinstance(frame.index, pd.RangeIndex)


@pytest.mark.parametrize("name", ["t.tsv", "t.csv", "t.jsonl"])
def test_byte_order_mark_windows_line_ends_and_blank_lines_do_no_harm(tmp_path, name):
    rows = (
        '{"text": "hai", "label": "a"}\r\n\r\n'
        if name == "t.jsonl"
        else tsv([["text", "label"], ["hai", "a"]], "\r\n")
    )
    rows = rows.replace("\t", ",") if name == "t.csv" else rows
    frame = read_table(write(tmp_path, name, b"\xef\xbb\xbf" + rows.encode() + b"\r\n"))
    assert frame.to_dict("records") == [{"text": "hai", "label": "a"}]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
@pytest.mark.parametrize("name", ["t.tsv", "t.csv", "t.jsonl"])
def test_only_newlines_end_a_line(tmp_path, name, separator):
    text = f"ek{separator}do"
    if name == "t.jsonl":
        content = json.dumps({"text": text, "label": "a"}, ensure_ascii=False)
    else:
        content = f"text,label\n{text},a".replace(",", "\t" if name == "t.tsv" else ",")
    assert read_table(write(tmp_path, name, content)).values.tolist() == [[text, "a"]]


def test_a_gzip_is_known_by_its_content_not_by_its_name(tmp_path):
    data = gzip.compress(tsv(ROWS).encode())
    (tmp_path / "named_plain.tsv").write_bytes(data)
    (tmp_path / "unpacked.tsv.gz").write_text(tsv(ROWS))
    assert read_table(tmp_path / "named_plain.tsv").equals(read_table(tmp_path / "unpacked.tsv.gz"))


def test_the_ending_may_be_in_capitals(tmp_path):
    assert len(read_table(write(tmp_path, "T.TSV", tsv(ROWS)))) == 2


def test_a_quote_is_an_ordinary_character_in_tsv(tmp_path):
    path = write(tmp_path, "t.tsv", 'text\tlabel\n"dil se\ta\nkya" baat\tb\n')
    assert read_table(path)["text"].tolist() == ['"dil se', 'kya" baat']


def test_a_quoted_csv_field_may_hold_commas_newlines_and_quotes(tmp_path):
    path = write(tmp_path, "t.csv", 'text,label\n"ek, do\nteen ""chaar""",a\n')
    assert read_table(path)["text"].tolist() == ['ek, do\nteen "chaar"']


@pytest.mark.parametrize("name", ["t.tsv", "t.csv", "t.jsonl"])
def test_a_text_of_300_000_characters_is_read_whole(tmp_path, name):
    long = "x" * 300_000
    content = json.dumps({"text": long, "label": "a"}) if name == "t.jsonl" else f"text,label\n{long},a"
    content = content.replace(",", "\t") if name == "t.tsv" else content
    assert read_table(write(tmp_path, name, content))["text"].tolist() == [long]


def test_a_column_without_name_is_numbered(tmp_path):
    assert list(read_table(write(tmp_path, "t.csv", ",text\n0,hai\n")).columns) == ["column 1", "text"]


def test_json_values_become_text_and_absent_ones_empty(tmp_path):
    first = '{"text": "hai", "label": 1.50, "n": 12345678901234567890}'
    content = first + '\n{"text": null, "x": true, "y": [1, "é"], "z": NaN}'
    assert read_table(write(tmp_path, "t.jsonl", content)).to_dict("records") == [
        {"text": "hai", "label": "1.50", "n": "12345678901234567890", "x": "", "y": "", "z": ""},
        {"text": "", "label": "", "n": "", "x": "true", "y": '["1", "é"]', "z": "NaN"},
    ]


def test_json_escapes_that_no_text_can_hold_are_replaced(tmp_path):
    frame = read_table(write(tmp_path, "t.jsonl", '{"text": "a\\ud83db\\u0000c \\ud83d\\ude00"}'))
    assert frame["text"].tolist() == ["a\ufffdb\ufffdc 😀"]


@pytest.mark.parametrize("read", [read_table, read_lines])
class TestRefusalsOfBothReaders:
    def test_missing(self, tmp_path, read):
        write(tmp_path, "tweets.tsv", "text\nhai")
        message = refusal(tmp_path / "tweet.tsv", read)
        assert "does not exist" in message and "Did you mean tweets.tsv?" in message

    def test_missing_with_its_folder(self, tmp_path, read):
        assert "does not exist" in refusal(tmp_path / "no" / "t.tsv", read)

    @pytest.mark.parametrize("name", ["x" * 5_000 + ".tsv", "nul\0.tsv"])
    def test_impossible_names(self, tmp_path, read, name):
        assert "does not exist" in refusal(tmp_path / name, read)

    def test_folder(self, tmp_path, read):
        (tmp_path / "folder.tsv").mkdir()
        assert "is a folder" in refusal(tmp_path / "folder.tsv", read)

    @pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
    @pytest.mark.parametrize("name", ["t.tsv", "t.tsv.gz"])
    def test_empty(self, tmp_path, read, content, name):
        assert "empty" in refusal(write(tmp_path, name, content), read)

    @pytest.mark.parametrize("kept", [3, 10, 20, -1, -8])
    def test_truncated_gzip(self, tmp_path, read, kept):
        (tmp_path / "t.tsv.gz").write_bytes(gzip.compress(tsv(ROWS).encode())[:kept])
        assert "cut short or damaged" in refusal(tmp_path / "t.tsv.gz", read)

    def test_damaged_gzip(self, tmp_path, read):
        data = bytearray(gzip.compress(tsv(ROWS).encode()))
        data[20] ^= 0xFF
        (tmp_path / "t.tsv.gz").write_bytes(data)
        assert "cut short or damaged" in refusal(tmp_path / "t.tsv.gz", read)

    def test_the_byte_is_counted_from_the_start_of_the_file(self, tmp_path, read):
        assert "line 1: byte 4 (0xff)" in refusal(write(tmp_path, "t.tsv", b"\xef\xbb\xbfa\xff"), read)

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
    def test_utf_16_without_mark_says_how_to_convert(self, tmp_path, read, encoding):
        assert "iconv -f UTF-16" in refusal(write(tmp_path, "t.tsv", tsv(ROWS).encode(encoding)), read)

    def test_nul(self, tmp_path, read):
        assert "line 2: byte 11 is a NUL" in refusal(write(tmp_path, "t.tsv", b"text\tlabel\n\0\ta\n"), read)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.tsv", "text\tlabel\nek\ta\ndo\ta\textra\n", "line 3: 3 columns where the first line has 2"),
        ("t.tsv", "text\tlabel\n\nek\ta\ndo\n", "line 4: 1 column where the first line has 2"),
        ("t.csv", 'text,label\n"ek\ndo",a\nteen, chaar,b\n', "line 4: 3 columns where the first line has 2"),
        ("t.csv", 'text,label\nek,a\n"do,b\nteen,c\n', "line 3: a quoted field is not closed"),
        ("t.csv", 'text,label\n"ek"do,a\n', "line 2: a quoted field is not closed"),
        ("t.tsv", "text\ttext\nek\ta\n", "“text” is there twice"),
        ("t.tsv", "text\tlabel\n", "no rows under it"),
        ("t.jsonl", '{"text": "ek"}\n{"text": "do"\n', "line 2: not valid JSON"),
        ("t.jsonl", '{"text": "ek"}\n["do"]\n', "line 2: no object"),
        ("t.jsonl", "[" * 200_000, "line 1: not valid JSON"),
        ("t.jsonl", "{}\n{}", "no object with a field"),
        ("t.json", '[{"text": "ek"}', "not valid JSON"),
        ("t.json", "[[], []]", "JSON but no table"),
        ("t.json", "[1", "not valid JSON"),
        ("t.parquet", b"PAR1 and nothing of the kind", "damaged Parquet"),
        ("t.csv", b"PK\x03\x04 and so on", "zip archive or spreadsheet"),
        ("t.tsv", b"BZh91AY", "bunzip2"),
    ],
)
def test_bad_tables_are_refused_with_the_line(tmp_path, name, content, said):
    assert said in refusal(write(tmp_path, name, content))


def test_lines_are_stripped_and_blank_ones_passed_over(tmp_path):
    path = write(tmp_path, "t.txt.gz", "\ufeff kya haal \r\n\r\n\u2028\nbas\u2028theek\n")
    assert read_lines(path) == ["kya haal", "bas\u2028theek"]


def test_lines_that_are_all_blank_are_refused(tmp_path):
    assert "only blank lines" in refusal(write(tmp_path, "t.txt", "\u3000\n\u2028\n"), read_lines)


ANY_FILE = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(str.encode),
    st.text(alphabet='ab,\t\n\r"{}[]:\\u0d8', max_size=200).map(str.encode),
    st.binary(max_size=60).map(gzip.compress),
    st.binary(max_size=60).map(lambda data: b"\x1f\x8b" + data),
    st.lists(
        st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=9)), max_size=4
    ).map(lambda rows: "\n".join(map(json.dumps, rows)).encode()),
)


def reads(reader, path):
    """What a reader gives, or None after an error that names the file."""
    try:
        return reader(path)
    except DataError as error:
        if str(path) not in str(error):
            raise
        return None


@example(data=b"\x1c", suffix=".csv")
@given(data=ANY_FILE, suffix=st.sampled_from(TABLE_SUFFIXES))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_frame_of_strings_or_a_data_error(tmp_path, data, suffix):
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    frame = reads(read_table, path)
    if frame is not None:
        assert len(frame) and len(frame.columns)
        assert all(dtype == "str" for dtype in frame.dtypes) and not frame.isna().any(axis=None)
    assert reads(read_lines, path) != []


CELLS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n\t"), min_size=1, max_size=12
)


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_what_is_read(tmp_path, rows):
    written = pd.DataFrame(rows, columns=["text", "label"], dtype="str")
    written = written[(written["text"] + written["label"]).str.strip() != ""].reset_index(drop=True)
    if written.empty:
        return
    written.to_csv(tmp_path / "t.csv", index=False)
    written.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    (tmp_path / "t.tsv").write_bytes(tsv([["text", "label"], *written.values.tolist()]).encode())
    for name in ("t.csv", "t.jsonl", "t.tsv"):
        assert read_table(tmp_path / name).values.tolist() == written.values.tolist()
