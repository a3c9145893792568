"""Word lists as MUSE and Dakshina distribute them: read as they are, and damage named by line."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codemix_lab.errors import CodeMixLabError, DataError
from codemix_lab.text.mixing import Lexicon, read_lexicon, read_romanisations
from codemix_lab.text.mixing.files import own_lexicon

ENGLISH = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
NATIVE = st.text(st.sampled_from("कखगचछजटठडतथदनपबमयरलवसहािीुू"), min_size=1, max_size=6).filter(
    lambda word: word.strip() != ""
)
CELLS = st.text(st.sampled_from("ab \t'-0हिதé\u200d\u202e\u00a0😀=@"), max_size=12)
ANYTHING = st.one_of(
    st.binary(max_size=200),
    st.lists(CELLS, max_size=8).map(lambda lines: "\n".join(lines).encode()),
    st.lists(st.tuples(CELLS, CELLS), max_size=6).map(
        lambda rows: gzip.compress("\n".join(map("\t".join, rows)).encode())
    ),
)
ONE_FOLDER = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.lists(st.tuples(ENGLISH, NATIVE), min_size=1, max_size=20), st.sampled_from("\t "), st.booleans())
@ONE_FOLDER
def test_a_written_muse_list_comes_back(
    tmp_path: Path, rows: list[tuple[str, str]], mark: str, packed: bool
) -> None:
    data = "".join(f"{english}{mark}{other}\n" for english, other in rows).encode()
    path = tmp_path / "muse.txt"
    path.write_bytes(gzip.compress(data) if packed else data)
    found = read_lexicon(path).entries
    assert [(word, other) for word, others in found.items() for other in others] == sorted(
        rows, key=lambda row: list(dict(rows)).index(row[0])
    )


@given(st.lists(st.tuples(NATIVE, ENGLISH, st.integers(1, 9)), min_size=1, max_size=20))
@ONE_FOLDER
def test_a_written_dakshina_list_comes_back_and_spells_a_lexicon(
    tmp_path: Path, rows: list[tuple[str, str, int]]
) -> None:
    path = tmp_path / "dakshina.tsv"
    path.write_text("".join(f"{native}\t{latin}\t{count}\n" for native, latin, count in rows), "utf-8")
    found = read_romanisations(path)
    assert sum(map(len, found.values())) == len(rows)
    for native, latin, _ in rows:
        assert latin in found[native]
        assert Lexicon({"word": (native,)}).romanised(found).entries == {"word": (found[native][0],)}


@given(data=ANYTHING)
@ONE_FOLDER
def test_any_bytes_give_a_list_or_an_error_of_the_lab(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(data)
    for read in (read_lexicon, read_romanisations, lambda one: own_lexicon(one, one)):
        assert tried(read, path)


def tried(read: Callable[[Path], object], path: Path) -> object:
    """What came of it, or the error if it is one of the lab that names the file."""
    try:
        return read(path)
    except CodeMixLabError as error:
        return str(path) in str(error)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("water पानी\nmoon\n", "line 2: two words were expected"),
        ("water पानी\nचाँद moon\n", "line 2: “चाँद” is not English"),
        ("", "is empty"),
        ("\n \n", "is empty"),
    ],
)
def test_damage_is_named_by_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "muse.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_lexicon(path)


def test_capitals_and_parts_of_speech(tmp_path: Path) -> None:
    path = tmp_path / "muse.txt"
    path.write_text("Water agua\nthe el\n", encoding="utf-8")
    lexicon = read_lexicon(path)
    assert lexicon.rank("water") == 0 and lexicon.rank("the") is None and lexicon.rank("moon") is None


@pytest.mark.real
def test_the_published_lists_are_read_as_they_are(real_data: Path) -> None:
    for language in ("hi", "ta"):
        lexicon = own_lexicon(
            real_data / "lexicons" / f"muse.en-{language}.tsv.gz",
            real_data / "lexicons" / f"dakshina.{language}-roman.tsv.gz",
        )
        assert lexicon is not None and len(lexicon.entries) > 5_000
        assert all(word.isascii() for word in lexicon.entries["water"])
