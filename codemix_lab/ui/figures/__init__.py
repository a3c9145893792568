"""Figures: pure functions from tables to plotly figures, for the screens and for whoever else draws."""
