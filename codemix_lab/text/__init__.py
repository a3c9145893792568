"""Text: language pairs, readers of files, tasks and their splits, and the corpora that come with the lab."""
