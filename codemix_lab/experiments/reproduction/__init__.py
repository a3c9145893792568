"""Experiments of the paper with one command each: rows, runs, comparison, report."""

from codemix_lab.experiments.reproduction.drive import Reproduction, Table, reproduce

__all__ = ["Reproduction", "Table", "reproduce"]
