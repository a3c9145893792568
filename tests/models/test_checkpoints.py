"""Checkpoints by one string, and everything that can be wrong with one."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForMaskedLM

from codemix_lab.errors import CheckpointError, IncompatibleError
from codemix_lab.models import fingerprint
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.compatibility import check_pair
from codemix_lab.models.loading import backbone, backbone_state, bind, load_backbone, load_lm, new_classifier


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to))


def change_config(folder: Path, **values: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | values))


@pytest.fixture
def adapter(tiny_encoder: Path, tmp_path: Path) -> Path:
    torch.manual_seed(3)
    lora = LoraConfig(r=2, target_modules=["query", "value"], init_lora_weights=False)
    get_peft_model(AutoModelForMaskedLM.from_pretrained(tiny_encoder), lora).save_pretrained(
        tmp_path / "adapter"
    )
    return tmp_path / "adapter"


def test_a_folder_opens_and_says_what_it_is(tiny_encoder: Path) -> None:
    checkpoint = open_checkpoint(str(tiny_encoder))
    assert checkpoint.architecture == "bert"
    assert checkpoint.is_encoder
    assert checkpoint.adapter is None
    assert len(checkpoint.fingerprint) == 64


def test_a_step_of_a_trajectory_opens_by_its_number(tiny_way: Path, tmp_path: Path) -> None:
    early, end = (open_checkpoint(f"{tiny_way}@{step}") for step in (2, 4))
    assert early.folder == tiny_way / "trajectory" / "step-0000002" and early.ref == f"{tiny_way}@2"
    assert end.fingerprint == open_checkpoint(str(tiny_way)).fingerprint != early.fingerprint
    with pytest.raises(CheckpointError, match=r"kept steps 2, 4\."):
        open_checkpoint(f"{tiny_way}@3")
    plain = copied(tiny_way / "trajectory" / "step-0000002", tmp_path / "plain")
    with pytest.raises(CheckpointError, match="kept no step: run continued pre-training with --trajectory"):
        open_checkpoint(f"{plain}@3")
    assert open_checkpoint(str(plain.rename(tmp_path / "plain@3"))).folder == tmp_path / "plain@3"


def test_a_decoder_is_no_encoder(tiny_decoder: Path) -> None:
    assert not open_checkpoint(str(tiny_decoder)).is_encoder


def test_the_fingerprint_is_of_the_weights_not_of_the_place(
    tiny_encoder: Path, tiny_adapted: Path, tmp_path: Path
) -> None:
    here = open_checkpoint(str(tiny_encoder)).fingerprint
    assert open_checkpoint(str(copied(tiny_encoder, tmp_path / "c"))).fingerprint == here
    assert open_checkpoint(str(tiny_adapted)).fingerprint != here


def test_shards_have_the_fingerprint_of_the_whole(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = copied(tiny_encoder, tmp_path / "sharded")
    tensors = load_file(folder / "model.safetensors")
    names = sorted(tensors)
    halves = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    for file, part in halves.items():
        save_file({n: tensors[n] for n in part}, folder / file)
    index = {"weight_map": {n: file for file, part in halves.items() for n in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").unlink()
    assert open_checkpoint(str(folder)).fingerprint == open_checkpoint(str(tiny_encoder)).fingerprint
    (folder / "model-2.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model-2.safetensors .* missing"):
        open_checkpoint(str(folder)).fingerprint  # noqa: B018


def test_what_is_no_model_is_refused_with_what_to_do(tiny_encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match="is no model"):
        open_checkpoint(str(tmp_path / "empty"))
    with pytest.raises(CheckpointError, match="there is no folder"):
        open_checkpoint(str(tmp_path / "absent"))
    with pytest.raises(CheckpointError, match="is a file"):
        open_checkpoint(str(tiny_encoder / "config.json"))
    with pytest.raises(CheckpointError, match="the starter has no “starter:xx”"):
        open_checkpoint("starter:xx")


def test_a_hub_id_without_a_hub_is_said_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match="no starter name, no folder here"):
        open_checkpoint("no-such/model@main")


def test_a_pickle_is_refused_and_a_damaged_config_named(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = copied(tiny_encoder, tmp_path / "p")
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="holds no weights"):
        open_checkpoint(str(folder))
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"pickle.*Convert it"):
        open_checkpoint(str(folder))
    (folder / "config.json").write_text("{ not json")
    save_file({"a": torch.ones(1)}, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"config.json cannot be read"):
        open_checkpoint(str(folder))


def test_a_truncated_file_is_named(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = copied(tiny_encoder, tmp_path / "t")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-200])
    with pytest.raises(CheckpointError, match="damaged"):
        open_checkpoint(str(folder)).fingerprint  # noqa: B018
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        load_backbone(open_checkpoint(str(folder)))


def test_an_adapter_is_the_base_plus_scale_times_ba(tiny_encoder: Path, adapter: Path) -> None:
    base, adapted = (
        backbone_state(open_checkpoint(str(tiny_encoder))),
        backbone_state(open_checkpoint(str(adapter))),
    )
    lora = load_file(adapter / "adapter_model.safetensors")
    name = "encoder.layer.0.attention.self.query.weight"
    a, b = (lora[f"base_model.model.bert.{name.removesuffix('.weight')}.lora_{x}.weight"] for x in "AB")
    scale = json.loads((adapter / "adapter_config.json").read_text())["lora_alpha"] / 2
    torch.testing.assert_close(adapted[name], base[name] + scale * b @ a)
    untouched = "encoder.layer.0.output.dense.weight"
    assert torch.equal(adapted[untouched], base[untouched])


def test_an_adapter_whose_base_is_gone_opens_on_the_base_given(tiny_encoder: Path, adapter: Path) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(
        json.dumps(config | {"base_model_name_or_path": "/gone/away"})
    )
    with pytest.raises(CheckpointError, match="Give its base"):
        open_checkpoint(str(adapter))
    base = open_checkpoint(str(tiny_encoder))
    assert open_checkpoint(str(adapter), base=base).folder == base.folder


def test_an_adapter_for_another_base_is_refused(
    tiny_adapted: Path, tiny_decoder: Path, adapter: Path
) -> None:
    with pytest.raises(IncompatibleError, match="another base"):
        check_pair(open_checkpoint(str(tiny_adapted)), open_checkpoint(str(adapter)))
    with pytest.raises(IncompatibleError, match="one architecture"):
        check_pair(open_checkpoint(str(tiny_decoder)), open_checkpoint(str(adapter)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocab_size": 7}, "vocabulary rows"),
        ({"num_hidden_layers": 9}, "number of layers: "),
        ({"hidden_size": 8}, "hidden size"),
    ],
)
def test_each_mismatch_is_one_sentence(
    tiny_encoder: Path, tmp_path: Path, change: dict[str, int], message: str
) -> None:
    folder = copied(tiny_encoder, tmp_path / "other")
    change_config(folder, **change)
    with pytest.raises(IncompatibleError, match=message):
        check_pair(open_checkpoint(str(tiny_encoder)), open_checkpoint(str(folder)))


def test_other_pieces_in_the_tokenizer_are_noticed(
    tiny_encoder: Path, tiny_adapted: Path, tmp_path: Path
) -> None:
    folder = copied(tiny_adapted, tmp_path / "other")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    model = tokenizer["model"]
    if isinstance(model["vocab"], list):
        model["vocab"][-1][0] += "x"
    else:
        word = next(w for w in model["vocab"] if not w.startswith(("<", "[")))
        model["vocab"][word + "x"] = model["vocab"].pop(word)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(IncompatibleError, match="different pieces"):
        check_pair(open_checkpoint(str(tiny_encoder)), open_checkpoint(str(folder)))


def test_a_head_on_one_side_only_is_named_and_left_out(tiny_encoder: Path, tmp_path: Path) -> None:
    load_backbone(open_checkpoint(str(tiny_encoder))).save_pretrained(tmp_path / "headless")
    for file in tiny_encoder.glob("tokenizer*"):
        shutil.copy(file, tmp_path / "headless")
    notes = check_pair(open_checkpoint(str(tiny_encoder)), open_checkpoint(str(tmp_path / "headless")))
    assert any("cls" in note and "left out" in note for note in notes)


def test_a_model_without_a_language_model_head_is_said_so(tiny_encoder: Path, tmp_path: Path) -> None:
    load_backbone(open_checkpoint(str(tiny_encoder))).save_pretrained(tmp_path / "headless")
    with pytest.raises(CheckpointError, match="no language-model head"):
        load_lm(open_checkpoint(str(tmp_path / "headless")))


@pytest.mark.parametrize("kind", ["tiny_encoder", "tiny_decoder"])
def test_bound_views_are_the_models_weights(kind: str, request: pytest.FixtureRequest) -> None:
    checkpoint = open_checkpoint(str(request.getfixturevalue(kind)))
    model = load_lm(checkpoint)
    views = {name: t.clone() for name, t in backbone_state(checkpoint).items()}
    bind(model, views)
    inputs = torch.tensor([[1, 2, 3]])
    with torch.inference_mode():
        before = backbone(model)(input_ids=inputs).last_hidden_state.clone()
    for view in views.values():
        if view.is_floating_point():
            view.mul_(0.5)
    with torch.inference_mode():
        assert not torch.allclose(before, backbone(model)(input_ids=inputs).last_hidden_state)
    embeddings = model.get_input_embeddings().weight
    if model.config.tie_word_embeddings:
        assert model.get_output_embeddings().weight.data_ptr() == embeddings.data_ptr()
    with pytest.raises(IncompatibleError, match="do not fit"):
        bind(model, {})


def test_one_seed_gives_one_head_whatever_the_start(tiny_encoder: Path, tiny_adapted: Path) -> None:
    heads = []
    for folder in (tiny_encoder, tiny_adapted):
        torch.manual_seed(5)
        heads.append(new_classifier(open_checkpoint(str(folder)), ["a", "b"]).head.weight)
    assert torch.equal(*heads)


def test_fingerprints_are_computed_once(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = open_checkpoint(str(tiny_encoder))
    first = checkpoint.fingerprint
    monkeypatch.setattr(fingerprint, "_tensor_digest", lambda *_: pytest.fail("computed again"))
    assert checkpoint.fingerprint == first
