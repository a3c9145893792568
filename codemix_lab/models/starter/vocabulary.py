"""The starter's vocabulary: XLM-R's own unigram pieces, trimmed to the languages of the lab.

A smaller vocabulary makes a smaller model. The pieces kept follow from a rule, not from a corpus,
so that every machine makes the same vocabulary; how much code-mixed text it cuts exactly as the
full vocabulary does stands on the model card.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_OURS = re.compile(r"[▁ -~\u00a0-\u00ff\u0900-\u097f\u0b80-\u0bff\u0d00-\u0d7f\u200c\u200d…“”‘’–—]+")


def unigram_tokenizer(pieces: Sequence[tuple[str, float]], max_length: int = 512) -> PreTrainedTokenizerFast:
    """A fast tokenizer over unigram pieces with SentencePiece's nmt_nfkc normalisation.

    `pieces` are (text, log-probability); the special pieces of XLM-R must be among them.
    """
    ids = {text: i for i, (text, _) in enumerate(pieces)}
    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=ids["<unk>"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", ids["<s>"]), ("</s>", ids["</s>"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
    )


def choose_pieces(pieces: Sequence[tuple[str, float]]) -> list[int]:
    """Numbers of the pieces to keep, ascending.

    Kept are the special pieces, every piece written in English, Spanish, Devanagari, Tamil or
    Malayalam letters, digits and signs, and every single character that is not a letter of another
    script (marks, symbols, emoji). Latin-1 characters stay because real tweets hold mojibake.
    """
    return [number for number, (text, _) in enumerate(pieces) if text in SPECIAL or _in_scope(text)]


def _in_scope(text: str) -> bool:
    if _OURS.fullmatch(text):
        return True
    return len(text.lstrip("▁")) == 1 and (text[-1] <= "ÿ" or unicodedata.category(text[-1])[0] != "L")
