"""A sentence classifier on the masked mean of an encoder's last hidden state.

Mean pooling is what sentence encoders are trained for (Reimers and Gurevych 2019); a classifier on the
first piece needs hundreds of steps before that piece carries the sentence, which small train sets do not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.functional import cross_entropy
from transformers.modeling_outputs import SequenceClassifierOutput

HEAD_FILE = "classifier_head.safetensors"


class MeanPoolClassifier(nn.Module):
    """Encoder, mean over its pieces, dropout, one linear layer; label names stand in `config.id2label`."""

    def __init__(self, encoder: Any, labels: Sequence[str]) -> None:
        super().__init__()
        self.encoder = encoder
        self.config = encoder.config
        self.config.id2label = dict(enumerate(labels))
        self.config.label2id = {label: i for i, label in enumerate(labels)}
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(self.config.hidden_size, len(labels))

    @property
    def base_model(self) -> nn.Module:
        """The encoder, as transformers calls it."""
        return self.encoder

    def get_input_embeddings(self) -> nn.Module:
        """The encoder's word embeddings."""
        return self.encoder.get_input_embeddings()

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor | None = None
    ) -> SequenceClassifierOutput:
        """Logits (sentences, labels), and the mean cross-entropy when `labels` (sentences,) are given."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        kept = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * kept).sum(1) / kept.sum(1).clamp(min=1)
        logits = self.head(self.dropout(mean))
        loss = None if labels is None else cross_entropy(logits.float(), labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)

    def save_pretrained(self, folder: Path) -> None:
        """Write the encoder as an ordinary folder and the head beside it."""
        self.encoder.save_pretrained(folder)
        save_file(self.head.state_dict(), folder / HEAD_FILE)

    def load_head(self, folder: Path) -> MeanPoolClassifier:
        """Take the trained head from `folder`."""
        self.head.load_state_dict(load_file(folder / HEAD_FILE))
        return self
