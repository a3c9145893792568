"""The tables of a task vector, by hand and against sorting."""

from __future__ import annotations

import math

import pytest
import torch

from codemix_lab.errors import Cancelled, CheckpointError
from codemix_lab.merging.anatomy import agreement, layer_of, lengths, moved_rows

BASE = {
    "embeddings.word_embeddings.weight": torch.full((2, 2), 2.0),
    "layer.0.attention.weight": torch.ones(4),
}


def test_lengths_by_hand() -> None:
    tau = {
        "embeddings.word_embeddings.weight": torch.tensor([[3.0, 0.0], [0.0, 4.0]]),
        "layer.0.attention.weight": torch.zeros(4),
    }
    table = lengths(BASE, tau, densities=(0.25, 0.5))
    assert table["layer"].tolist() == ["embeddings", "layer 1"]
    assert table["module"].tolist() == ["embeddings", "attention"]
    first = table.iloc[0]
    assert (first["norm"], first["relative"], first["elements"]) == (5.0, 1.25, 4)
    assert first["energy_0.25"] == pytest.approx(16 / 25) and first["energy_0.5"] == 1.0
    assert table.iloc[1]["norm"] == 0 and math.isnan(table.iloc[1]["energy_0.5"])


def test_energy_is_what_sorting_says() -> None:
    tau = torch.randn(50_000, generator=torch.Generator().manual_seed(0))
    table = lengths({"layer.0.w": torch.ones(50_000)}, {"layer.0.w": tau}, densities=(0.01, 0.2, 0.7))
    squares = tau.double().square().sort(descending=True).values
    for density in (0.01, 0.2, 0.7):
        exact = float(squares[: round(density * 50_000)].sum() / squares.sum())
        assert table[f"energy_{density:g}"][0] == pytest.approx(exact, abs=2e-3)


def test_agreement_by_layer_and_pair() -> None:
    one = {"layer.0.w": torch.tensor([4.0, -3.0, 1.0, 0.0]), "layer.1.w": torch.tensor([1.0, 0.0])}
    two = {"layer.0.w": torch.tensor([2.0, 5.0, -0.5, 7.0]), "layer.1.w": torch.tensor([2.0, 0.0])}
    none = {name: torch.zeros_like(t) for name, t in one.items()}
    table = agreement({"one": one, "two": two, "none": none})
    assert len(table) == 6
    pair = table[(table["one"] == "one") & (table["other"] == "two")]
    assert pair["layer"].tolist() == ["layer 1", "layer 2"]
    lengths_of_both = math.sqrt(26) * math.sqrt(4 + 25 + 0.25 + 49)
    assert pair["cosine"].tolist() == pytest.approx([(8 - 15 - 0.5) / lengths_of_both, 1.0])
    assert pair["conflicts"].tolist() == [0.5, 0.0] and pair["one_wins"].iloc[0] == 0.5
    assert table[table["other"] == "none"]["cosine"].isna().all()


def test_rows_that_moved_most_have_their_pieces() -> None:
    tau = {"embed_tokens.weight": torch.tensor([[0.0, 1.0], [3.0, 4.0], [0.0, 2.0]])}
    table = moved_rows(tau, {1: "▁yaar", 2: "▁hola"}, count=2)
    assert table.to_dict("list") == {"row": [1, 2], "piece": ["▁yaar", "▁hola"], "norm": [5.0, 2.0]}
    with pytest.raises(CheckpointError, match="no input embedding"):
        moved_rows({"w": torch.ones(2)}, {})


def test_it_stops_when_asked_and_knows_layers() -> None:
    with pytest.raises(Cancelled):
        lengths(BASE, BASE, should_stop=lambda: True)
    assert [layer_of(n) for n in ("h.0.attn.w", "wte.weight", "norm.weight")] == [
        "layer 1",
        "embeddings",
        "other",
    ]
