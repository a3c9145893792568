"""Frozen specifications: what a page builds, the command line parses and the run store keys on."""

from codemix_lab.config.cpt import CptSpec
from codemix_lab.config.finetune import FineTuneSpec
from codemix_lab.config.merge import MergeSpec
from codemix_lab.config.methods import MergeMethod
from codemix_lab.config.mix import MixMethod, MixSpec
from codemix_lab.config.piles import PilesSpec
from codemix_lab.config.presets import TiesPreset
from codemix_lab.config.probe import ProbeSpec
from codemix_lab.config.regimes import Regime
from codemix_lab.config.reproduce import Preset, ReproduceSpec
from codemix_lab.config.run import RunSpec
from codemix_lab.config.scopes import Schedule, TrimScope
from codemix_lab.config.spec import Parameter, Spec, parameter
from codemix_lab.config.task import TaskSpec
from codemix_lab.config.transfer import TransferSpec
from codemix_lab.config.tuned_curve import TunedCurveSpec

__all__ = [
    "CptSpec",
    "FineTuneSpec",
    "MergeMethod",
    "MergeSpec",
    "MixMethod",
    "MixSpec",
    "Parameter",
    "PilesSpec",
    "Preset",
    "ProbeSpec",
    "Regime",
    "ReproduceSpec",
    "RunSpec",
    "Schedule",
    "Spec",
    "TaskSpec",
    "TiesPreset",
    "TransferSpec",
    "TrimScope",
    "TunedCurveSpec",
    "parameter",
]
