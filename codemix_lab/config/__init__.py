"""Frozen specifications: what a page builds, the command line parses and the run store keys on."""

from codemix_lab.config.cpt import CptSpec
from codemix_lab.config.finetune import FineTuneSpec
from codemix_lab.config.merge import MergeMethod, MergeSpec, TrimScope
from codemix_lab.config.mix import MixMethod, MixSpec
from codemix_lab.config.probe import ProbeSpec
from codemix_lab.config.spec import Parameter, Spec, parameter
from codemix_lab.config.task import TaskSpec

__all__ = [
    "CptSpec",
    "FineTuneSpec",
    "MergeMethod",
    "MergeSpec",
    "MixMethod",
    "MixSpec",
    "Parameter",
    "ProbeSpec",
    "Spec",
    "TaskSpec",
    "TrimScope",
    "parameter",
]
