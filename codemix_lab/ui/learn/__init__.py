"""The lesson: seven steps, each a file that shows what pure functions computed; its words are in lesson.yaml."""
