"""Files are opened by what is in them: every format under any name, and what each was taken for."""

import csv
import gzip
import io
import json
import os
import zlib

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codemix_lab.errors import Cancelled, CodeMixLabError, DataError
from codemix_lab.text.profile import profile
from codemix_lab.text.readers import open_table, read_table
from codemix_lab.text.readers.conll import read_sentences
from codemix_lab.text.readers.header import has_header
from codemix_lab.text.readers.recognise import Format, Recognised, recognise
from codemix_lab.text.readers.source import Source
from codemix_lab.text.tasks import open_task

ROWS = [("yeh film bahut acchi hai", "positive"), ("bilkul bakwas movie thi", "negative")] * 4
FRAME = pd.DataFrame(ROWS, columns=["text", "label"], dtype="str")


def as_csv(delimiter=",", header=True):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([*([("text", "label")] if header else []), *ROWS])
    return out.getvalue().encode()


def parquet(frame):
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


SENTIMIX = "".join(
    f"meta\t{place}\t{label}\n" + "".join(f"{word}\tHin\n" for word in text.split()) + "\n"
    for place, (text, label) in enumerate(ROWS)
).encode()
CONTENTS = {
    Format.CSV: as_csv(),
    Format.TSV: as_csv("\t"),
    Format.JSONL: "\n".join(
        json.dumps(dict(zip(("text", "label"), row, strict=True))) for row in ROWS
    ).encode(),
    Format.JSON: FRAME.to_json(orient="records", indent=1).encode(),
    Format.PARQUET: parquet(FRAME),
    Format.SENTIMIX: SENTIMIX,
}


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


def taken(folder, data, name="data.txt"):
    return recognise(Source(write(folder, name, data)))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["data", "data.txt", "data.csv", "data.tsv", "data.jsonl", "data.gz"])
@pytest.mark.parametrize("kind", CONTENTS)
def test_the_content_decides_whatever_the_name(tmp_path, kind, name, packed):
    data = gzip.compress(CONTENTS[kind]) if packed else CONTENTS[kind]
    table = open_table(write(tmp_path, name, data))
    assert (table.recognised.format, table.recognised.gzipped) == (kind, packed)
    task = open_task(str(write(tmp_path, "data.csv", data)))
    assert task.frame[["text", "label"]].values.tolist() == FRAME.values.tolist()


class TestTables:
    @pytest.mark.parametrize("mark", ["\t", ";", "|", ","])
    def test_separators_are_found(self, tmp_path, mark):
        assert taken(tmp_path, as_csv(mark)).delimiter == mark

    @pytest.mark.parametrize("mark", ["\t", ","])
    def test_without_header_no_row_is_lost(self, tmp_path, mark):
        path = write(tmp_path, "t.csv", as_csv(mark, header=False))
        assert len(read_table(path)) == len(ROWS)
        assert open_task(str(path)).labels == ("negative", "positive")

    def test_unknown_names_over_numbers_or_sentences_with_labels_are_a_header(self, tmp_path):
        rows = "".join(f"{place}\tyeh film number {place} thi\t{'ab'[place % 2]}\n" for place in range(12))
        path = write(tmp_path, "t.tsv", f"nr\tvaakya\tmat\n{rows}".encode())
        assert list(read_table(path).columns) == ["nr", "vaakya", "mat"]
        assert open_task(str(path)).labels == ("a", "b")

    def test_parallel_text_without_header_keeps_its_first_line(self, tmp_path):
        rows = [
            ("Batman vs Superman", "batman vs superman"),
            ("it is not so popular", "itna popular nahi hai"),
        ]
        path = write(tmp_path, "t.tsv", "".join(f"{a}\t{b}\n" for a, b in rows * 6).encode())
        assert len(read_table(path)) == 12

    def test_a_quoted_tsv_is_told_from_tweets_with_quotes(self, tmp_path):
        quoted = b'text\tlabel\n"kya ""baat""\thai"\ta\n"do\nlines"\tb\n'
        assert read_table(write(tmp_path, "q.tsv", quoted))["text"].tolist() == [
            'kya "baat"\thai',
            "do\nlines",
        ]
        plain = b'text\tlabel\n"kya baat\ta\n"bas" bola\tb\n"poora"\ta\n'
        assert read_table(write(tmp_path, "p.tsv", plain))["text"].tolist() == [
            '"kya baat',
            '"bas" bola',
            '"poora"',
        ]

    def test_running_text_with_commas_stays_running_text(self, tmp_path):
        lines = [f"haan, {'nahi, ' * (place % 3)}theek hai number {place}" for place in range(40)]
        path = write(tmp_path, "t.txt", "\n".join(lines).encode())
        assert read_table(path)["text"].tolist() == lines


class TestJson:
    @pytest.mark.parametrize(
        "value",
        [
            [{"text": "ek", "label": "a"}, {"text": "do", "label": "b"}],
            {"text": ["ek", "do"], "label": ["a", "b"]},
            {"data": [{"text": "ek", "label": "a"}, {"text": "do", "label": "b"}]},
            {"text": {"0": "ek", "1": "do"}, "label": {"0": "a", "1": "b"}},
            {"x7": {"text": "ek", "label": "a"}, "x9": {"text": "do", "label": "b"}},
        ],
    )
    def test_the_usual_shapes(self, tmp_path, value):
        path = write(tmp_path, "t.json", json.dumps(value).encode())
        assert read_table(path)[["text", "label"]].values.tolist() == [["ek", "a"], ["do", "b"]]

    def test_splits_become_a_column(self, tmp_path):
        value = {"train": [{"text": "ek", "label": "a"}], "validation": [{"text": "do", "label": "b"}]}
        task = open_task(str(write(tmp_path, "t.json", json.dumps(value).encode())))
        assert task.frame["split"].tolist() == ["train", "dev"]

    def test_a_list_of_texts_and_lists_of_words(self, tmp_path):
        assert read_table(write(tmp_path, "t.json", b'["ek do", "teen"]'))["text"].tolist() == [
            "ek do",
            "teen",
        ]
        lince = b'{"words": ["kya", "baat"], "lid": ["lang2", "lang2"], "sa": "positive"}\n' * 2
        assert read_table(write(tmp_path, "t.jsonl", lince))["words"].tolist() == ["kya baat"] * 2


class TestParquet:
    def test_class_labels_get_their_names_back(self, tmp_path):
        features = {"label": {"_type": "ClassLabel", "names": ["negative", "positive"]}}
        table = pa.table({"text": ["ek", "do", "teen"], "label": [1, 0, -1]}).replace_schema_metadata(
            {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
        )
        pq.write_table(table, tmp_path / "t.parquet")
        assert read_table(tmp_path / "t.parquet")["label"].tolist() == ["positive", "negative", ""]

    def test_no_rows(self, tmp_path):
        pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "t.parquet")
        with pytest.raises(DataError, match="without rows"):
            read_table(tmp_path / "t.parquet")


class TestConll:
    def test_sentimix(self, tmp_path):
        frame = read_table(write(tmp_path, "t", SENTIMIX.replace(b"\n", b"\r\n")))
        assert frame["text"].tolist() == FRAME["text"].tolist()
        assert frame.loc[0, ["id", "label", "tags"]].tolist() == ["0", "positive", "Hin Hin Hin Hin Hin"]

    def test_lince_comments_are_no_tokens(self, tmp_path):
        data = b"# sent_enum = 1\nkya\tlang2\n#dil\tother\n\n# sent_enum = 2\nok\tlang1\nhai\tlang2\n"
        assert read_table(write(tmp_path, "t.conll", data))["text"].tolist() == ["kya #dil", "ok hai"]

    def test_meta_is_a_word_like_any_other_without_meta_lines(self, tmp_path):
        found = read_sentences(write(tmp_path, "t.conll", b"la\tES\nmeta\tES\n.\tOTHER\n\nok\tEN\n"))
        assert [one.tokens for one in found] == [("la", "meta", "."), ("ok",)]
        assert found[0].tags == ("ES", "ES", "OTHER")

    def test_several_columns_and_the_last_is_the_tag(self, tmp_path):
        data = "".join(f"w{place}\thi\tNOUN\n{'' if place % 3 else chr(10)}" for place in range(12)).encode()
        frame = read_table(write(tmp_path, "t", data))
        assert set(" ".join(frame["tags"]).split()) == {"NOUN"} and len(frame) == 5

    def test_none(self, tmp_path):
        with pytest.raises(DataError, match="no sentence"):
            read_sentences(write(tmp_path, "t.conll", b"# sent_enum = 1\n\n"))


class TestBombsAndSizes:
    def test_a_zip_bomb_is_refused_by_its_ratio(self, tmp_path):
        packer = zlib.compressobj(9, wbits=31)
        packed = b"".join(packer.compress((b"a " * 50_000 + b"\n") * 10) for _ in range(30)) + packer.flush()
        path = write(tmp_path, "t.txt.gz", packed)
        assert len(packed) < 60_000
        with pytest.raises(DataError, match="zip bomb"):
            read_table(path)

    def test_gzip_members_in_a_row_are_one_file(self, tmp_path):
        data = gzip.compress(b"text,label\nek,a\n") + gzip.compress(b"do,b\n") + b"\0" * 8
        assert read_table(write(tmp_path, "t.csv.gz", data))["text"].tolist() == ["ek", "do"]

    def test_pieces_are_small_and_progress_reaches_the_end(self, tmp_path):
        rows = "".join(f"yeh number {place} wali line\t{'ab'[place % 2]}\n" for place in range(45_000))
        path = write(tmp_path, "t.tsv", f"text\tlabel\n{rows}".encode())
        seen = []
        pieces = list(open_table(path).chunks(lambda done, total, what: seen.append((done, total))))
        assert [len(piece) for piece in pieces] == [20_000, 20_000, 5_000]
        assert seen[-1] == (os.path.getsize(path),) * 2
        with pytest.raises(Cancelled):
            read_table(path, should_stop=lambda: True)

    def test_new_columns_in_a_later_piece_are_filled(self, tmp_path, monkeypatch):
        monkeypatch.setattr("codemix_lab.text.readers.rows.CHUNK", 2)
        data = b'{"text": "ek"}\n{"text": "do"}\n{"text": "teen", "label": "a"}\n'
        assert read_table(write(tmp_path, "t.jsonl", data))["label"].tolist() == ["", "", "a"]


def test_what_was_recognised_is_said():
    assert Recognised(Format.CSV, False, ";", True, True).said() == "CSV (“;”) quoted, with header"


LINES = st.lists(
    st.text(st.sampled_from("ab \t,;|\"'{}[]#@:\\=0ह\u064b\u202e😀é"), max_size=25), min_size=1, max_size=12
).map("\n".join)
WITH_META = LINES.map(lambda text: f"meta\t1\tpositive\n{text}")
ANYTHING = st.one_of(
    st.binary(max_size=300),
    LINES.map(str.encode),
    WITH_META.map(str.encode),
    LINES.map(lambda text: gzip.compress(text.encode())),
    st.binary(max_size=80).map(lambda tail: b"PAR1" + tail + b"PAR1"),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=6),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode()),
)


@given(data=ANYTHING, name=st.sampled_from(["t", "t.txt", "t.csv", "t.tsv", "t.json", "t.jsonl", "t.conll"]))
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_frame_a_task_a_profile_or_an_error_of_the_lab(tmp_path, data, name):
    path = write(tmp_path, name, data)
    for opened in (read_table, lambda p: open_task(str(p)), lambda p: profile(str(p)), read_sentences):
        assert tried(opened, path) is not None


def tried(opened, path):
    """What came of it, or the error if it is one of the lab that names the file."""
    try:
        return opened(path)
    except CodeMixLabError as error:
        return error if str(path) in str(error) else None


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (["review", "stars"], True),
        (["en", "hi"], True),
        (["en", "में"], False),
        (["kya baat hai yaar ekdum", "label"], False),
        (["yaar", "mast"], False),
    ],
)
def test_a_small_table_has_a_header_only_where_a_name_is_known(first, expected):
    assert has_header([first, ["bilkul bakwas thi", "x"], ["theek thi", "y"]]) is expected
