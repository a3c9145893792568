"""The trimmed vocabulary: what the rule keeps, and how its tokenizer cuts."""

from codemix_lab.models.starter.vocabulary import SPECIAL, choose_pieces, unigram_tokenizer

PIECES = [(s, 0.0) for s in SPECIAL] + [
    ("▁hello", -5.0),
    ("▁привет", -5.0),
    ("▁नमस्ते", -6.0),
    ("▁வணக்கம்", -6.0),
    ("▁നമസ്കാരം", -6.0),
    ("ñ", -7.0),
    ("¿", -7.0),
    ("😀", -8.0),
    ("м", -8.0),
    ("你好", -8.0),
    ("â", -9.0),
    ("▁", -3.0),
    ("h", -9.0),
    ("▁über", -9.0),
]


def kept() -> list[str]:
    return [PIECES[i][0] for i in choose_pieces(PIECES)]


def test_the_labs_scripts_signs_and_emoji_stay() -> None:
    wanted = {"▁hello", "▁नमस्ते", "▁வணக்கம்", "▁നമസ്കാരം", "ñ", "¿", "😀", "â", "▁", "h", *SPECIAL}
    assert wanted <= set(kept())


def test_other_scripts_go() -> None:
    assert not {"▁привет", "м", "你好"} & set(kept())


def test_the_order_is_that_of_the_full_vocabulary() -> None:
    numbers = choose_pieces(PIECES)
    assert numbers == sorted(numbers)


def test_the_tokenizer_takes_the_most_probable_cut_and_frames_it() -> None:
    tokenizer = unigram_tokenizer(PIECES)
    ids = tokenizer("hello  नमस्ते ")["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == ["<s>", "▁hello", "▁नमस्ते", "</s>"]
    assert tokenizer.mask_token == "<mask>"
    assert tokenizer.decode(ids, skip_special_tokens=True) == "hello नमस्ते"
