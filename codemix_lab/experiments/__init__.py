"""Recipes over models and tasks, the store that keeps their runs, and the queue that runs them."""
