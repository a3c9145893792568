"""Zero- and few-shot prompting: how likely a causal model finds each label after the sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.special import softmax
from torch import nn

from codemix_lab.evaluation.inference import Inputs, over_batches
from codemix_lab.evaluation.tokenised import Tokenised
from codemix_lab.models.lm_head import asking
from codemix_lab.progress import Progress, ShouldStop

_SHORTEST_CONTEXT = 8


@dataclass(frozen=True)
class Prompt:
    """A template with {text} and, at its end, {label}; labelled examples come first, a blank line apart."""

    template: str
    examples: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]

    def before(self, text: str) -> str:
        """All that stands before the label that is asked for.

        >>> print(Prompt("{text} → {label}", (("mast film", "positive"),), ("negative", "positive")).before("bakwas"))
        mast film → positive
        <BLANKLINE>
        bakwas →
        """
        shown = [self._filled(*example) for example in self.examples]
        return "\n\n".join([*shown, self._filled(text, "").rstrip()])

    def _filled(self, text: str, label: str) -> str:
        return self.template.rstrip().replace("{label}", label).replace("{text}", text)


def label_likelihoods(
    model: nn.Module,
    tokenizer: Any,
    prompt: Prompt,
    texts: Sequence[str],
    budget: int | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> np.ndarray:
    """Probabilities, float64, (texts, labels), in the order of `prompt.labels`.

    Each label's mean log-likelihood a piece after the prompt (so that a label of three pieces is not
    lost by its length), brought to a sum of one by softmax. A prompt that does not fit is cut at its
    beginning. Raises `Cancelled`.
    """
    options = [tokenizer(f" {label}", add_special_tokens=False)["input_ids"] for label in prompt.labels]
    pieces = _sequences(model, tokenizer, [prompt.before(text) for text in texts], options)
    found = np.empty(len(pieces.input_ids))
    tails = [len(options[i % len(options)]) for i in range(len(found))]
    with asking(model) as ask:

        def likelihoods(rows: list[int], inputs: Inputs) -> np.ndarray:
            device = inputs["input_ids"].device
            ends = inputs["attention_mask"].sum(1, keepdim=True)
            places = torch.arange(inputs["input_ids"].shape[1], device=device)
            lengths = [tails[row] for row in rows]
            asked_after = torch.tensor(lengths, device=device)[:, None]
            asked = (places >= ends - asked_after - 1) & (places < ends - 1)
            targets = inputs["input_ids"].roll(-1, dims=1)[asked]
            logs = ask(inputs, asked).float().log_softmax(-1)
            said = logs.gather(1, targets[:, None])[:, 0].cpu().numpy()
            return np.add.reduceat(said, np.cumsum([0, *lengths[:-1]])) / lengths

        for rows, said in over_batches(
            model,
            pieces,
            likelihoods,
            "prompts",
            budget=budget,
            on_progress=on_progress,
            should_stop=should_stop,
        ):
            found[rows] = said
    return np.asarray(softmax(found.reshape(len(texts), len(options)), axis=1))


def _sequences(model: Any, tokenizer: Any, prompts: Sequence[str], options: list[list[int]]) -> Tokenised:
    """Every prompt followed by every label, prompt by prompt."""
    start = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    longest = getattr(model.config, "max_position_embeddings", None) or tokenizer.model_max_length
    room = max(_SHORTEST_CONTEXT, longest - len(start) - max(map(len, options)))
    cut = tokenizer(list(prompts), add_special_tokens=False)["input_ids"] if prompts else []
    return Tokenised(
        input_ids=[[*start, *ids[-room:], *option] for ids in cut for option in options],
        pad_id=next((i for i in (tokenizer.pad_token_id, tokenizer.eos_token_id) if i is not None), 0),
        mask_id=None,
        special_ids=frozenset(),
    )
