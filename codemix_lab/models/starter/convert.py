"""From the package's E5S1 file to an ordinary `transformers` folder with tokenizer.

multilingual-e5-small is a BERT encoder with XLM-R's vocabulary. The folder made here holds its
first layers, the trimmed vocabulary and a masked-LM head that is still untrained.
"""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import BertConfig, BertForMaskedLM

from codemix_lab.models.starter.e5_format import E5File
from codemix_lab.models.starter.vocabulary import choose_pieces, unigram_tokenizer

LAYERS = 6
_LAYER = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}


def convert(package_file: Path, folder: Path, layers: int = LAYERS) -> None:
    """Write base encoder (first `layers` of 12), tokenizer and config into the existing `folder`.

    Raises `CheckpointError` when `package_file` is not the file it should be.
    """
    source = E5File(package_file)
    kept = choose_pieces(source.pieces)
    tokenizer = unigram_tokenizer([source.pieces[i] for i in kept], source.config.positions)
    config = BertConfig(
        vocab_size=len(kept),
        hidden_size=source.config.hidden,
        num_hidden_layers=layers,
        num_attention_heads=source.config.heads,
        intermediate_size=source.config.ffn,
        max_position_embeddings=source.config.positions,
        type_vocab_size=source.config.types,
        layer_norm_eps=source.config.epsilon,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    torch.manual_seed(0)
    model = BertForMaskedLM(config)
    model.bert.load_state_dict(_encoder_state(source, kept, layers))
    transform = model.cls.predictions.transform
    torch.nn.init.eye_(transform.dense.weight)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _encoder_state(source: E5File, kept: list[int], layers: int) -> dict[str, torch.Tensor]:
    hidden = source.config.hidden

    def norm(ours: str, theirs: str) -> dict[str, torch.Tensor]:
        return {f"{ours}.{end}": source.tensor(f"{theirs}.{end[0]}") for end in ("weight", "bias")}

    state = {
        "embeddings.word_embeddings.weight": source.tensor("emb.word").view(-1, hidden)[kept].clone(),
        "embeddings.position_embeddings.weight": source.tensor("emb.pos").view(-1, hidden),
        "embeddings.token_type_embeddings.weight": source.tensor("emb.type").view(-1, hidden),
        **norm("embeddings.LayerNorm", "emb.ln"),
    }
    for layer in range(layers):
        for ours, theirs in _LAYER.items():
            state |= norm(f"encoder.layer.{layer}.{ours}", f"l{layer}.{theirs}")
    shapes = {"intermediate.dense": (source.config.ffn, hidden), "output.dense": (hidden, -1)}
    for name, tensor in state.items():
        if name.endswith(".weight") and ".layer." in name and "LayerNorm" not in name:
            shape = next((s for part, s in shapes.items() if f"{part}.weight" in name), (hidden, -1))
            state[name] = tensor.view(*shape)
    return state
