"""Tasks by name: cards in YAML, public sets without data, and what is added by hand."""

import pytest

from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError, SpecError, StorageError
from codemix_lab.text.adding import add_task
from codemix_lab.text.catalogue import catalogue, described
from codemix_lab.text.registry import TaskCard, find_card, public_sets, registered, tasks_folder
from codemix_lab.text.tasks import open_task

ROWS = [("yeh acchi thi", "yes"), ("bakwas hai yaar", "no"), ("theek hi thi", "so-so")] * 4


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "my set.en-hi.tsv"
    rows = "".join(f"{text} {place}\t{label}\n" for place, (text, label) in enumerate(ROWS))
    path.write_text(f"text\tlabel\n{rows}")
    return str(path)


def test_public_sets_cite_and_say_their_licence():
    assert {card.pair for card in public_sets().values()} >= {"en-hi", "en-es", "en-ta", "en-ml", "en"}
    for name, card in public_sets().items():
        assert card.name == name and card.licence and card.homepage.startswith("https://"), name
        assert len(card.citation) > 40 and len(card.labels) >= 2, name
        assert set(TaskSpec("x", mapping=card.mapping).renamed()) <= set(card.labels), name


def test_a_public_set_that_is_not_here_says_where_it_is_and_what_to_do():
    with pytest.raises(DataError, match=r"Get it from https.*data add FILE --like bohra2018.en-hi"):
        open_task("bohra2018.en-hi")


def test_adding_like_a_public_set_takes_its_card_and_its_mapping(table):
    card, path, task = add_task(table, like="bohra2018.en-hi")
    assert (card.name, card.pair, path.parent) == ("bohra2018.en-hi", "en-hi", tasks_folder())
    assert "Bohra" in card.citation and task.labels == ("hate", "none", "so-so")
    again = open_task("bohra2018.en-hi")
    assert again.digest == task.digest and again.card == card
    with pytest.raises(StorageError, match="--name"):
        add_task(table, like="bohra2018.en-hi")


def test_what_is_told_when_opening_wins_over_the_card(table):
    add_task(table, name="mine", mapping=("yes=good",))
    task = open_task(TaskSpec("mine", mapping=("yes=fine", "so-so=")))
    assert task.labels == ("fine", "no") and any("so-so (4)" in warning for warning in task.warnings)


def test_a_name_is_made_from_the_file_and_never_a_starter_name(table):
    assert add_task(table)[0].name == "my-set.en-hi"
    with pytest.raises(DataError, match="starter task"):
        add_task(table, name="en-hi")
    with pytest.raises(SpecError, match="cannot be a task's name"):
        add_task(table, name="../outside")


def test_what_cannot_serve_as_a_task_is_not_registered(tmp_path):
    (tmp_path / "one.csv").write_text("text,label\nek do,a\nteen,a\n")
    with pytest.raises(DataError, match="every row of"):
        add_task(str(tmp_path / "one.csv"), name="one")
    assert registered() == {}


class TestYaml:
    def write(self, text, name="mine"):
        tasks_folder().mkdir(parents=True, exist_ok=True)
        (tasks_folder() / f"{name}.yaml").write_text(text)

    def test_by_hand_with_a_mapping_and_a_file_beside_it(self, table):
        tasks_folder().mkdir(parents=True)
        with open(table) as file:
            (tasks_folder() / "rows.tsv").write_text(file.read())
        self.write(
            "source: rows.tsv\nmapping:\n  yes: positive\n  no: negative\n  so-so: null\npair: en-hi\n"
        )
        task = open_task("mine")
        assert task.pair == "en-hi" and task.name == "mine"
        assert task.labels == ("negative", "positive")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("source: [", "not readable YAML"),
            ("sourc: a.tsv", "did you mean “source”"),
            ("name: other\nsource: a.tsv", "differs from the file's name"),
            ("pair: en-xx", "unknown: choose one of en-hi"),
            ("mapping: [positive]", "OLD=NEW"),
        ],
    )
    def test_what_is_wrong_is_said_with_the_file(self, text, said):
        self.write(text)
        with pytest.raises(SpecError, match=said) as caught:
            open_task("mine")
        assert "mine.yaml" in str(caught.value)

    def test_names_that_leave_the_folder_are_no_names(self):
        assert find_card("../../etc/passwd") is None and find_card("") is None

    def test_a_card_may_name_another_card(self, table):
        add_task(table, name="first", mapping=("yes=hate",))
        self.write("source: first\nmapping: ['no=none']\n", "second")
        assert open_task("second").labels == ("none", "so-so", "yes")

    def test_a_card_that_names_itself_is_no_endless_loop(self):
        self.write("source: loop\n", "loop")
        with pytest.raises(DataError, match="No starter task is called “loop”"):
            open_task("loop")


def test_the_catalogue_lists_starter_own_and_public_once_each(table):
    add_task(table, like="bohra2018.en-hi")
    frame = catalogue()
    assert frame["name"].is_unique and list(frame["from"].unique()) == ["starter", "yours", "public"]
    row = frame.set_index("name").loc["bohra2018.en-hi"]
    assert (row["from"], row["here"], row["kind"]) == ("yours", "yes", "hate")


def test_a_description_counts_labels_by_split_or_says_why_not(table):
    add_task(table, name="mine")
    values, counts = described("mine")
    assert values["rows"] == 12 and list(counts.columns) == ["split", "no", "so-so", "yes"]
    values, counts = described("hasoc2021.en-hi")
    assert counts is None and "Get it from" in values["warnings"][0]
    values, _ = described("en-hi")
    assert values["licence"] == "Apache-2.0"
    with pytest.raises(DataError, match="Did you mean bohra2018.en-hi"):
        described("bohra.en-hi")


def test_digests_of_specs_from_before_stay_what_they_were():
    assert TaskSpec("en-hi").to_dict() == {
        "source": "en-hi",
        "text_column": None,
        "label_column": None,
        "split_column": None,
    }
    changed = TaskSpec("en-hi", mask=True, mapping=("a=b",))
    assert TaskSpec.from_dict(changed.to_dict()) == changed and changed.digest() != TaskSpec("en-hi").digest()


def test_a_card_round_trips():
    card = TaskCard("x", source="a.tsv", mapping=("a=b",), mask=True)
    assert TaskCard.from_yaml(card.to_yaml()) == card
