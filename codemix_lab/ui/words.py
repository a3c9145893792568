"""Every sentence that explains, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class PageWords:
    """What a page is called, where it lies and what it is for."""

    title: str
    emoji: str
    icon: str
    path: str
    question: str
    intro: str


PAGES: Final = {
    "explore": PageWords(
        "Explore",
        "🎚️",
        ":material/tune:",
        "app.py",
        "How much of the task vector should come back?",
        "Continued pre-training moved the base along a direction τ: λ decides how far to go back along it, "
        "TIES density which of its changes take part.",
    ),
    "adapt": PageWords(
        "Adapt",
        "📚",
        ":material/auto_stories:",
        "pages/0_Adapt.py",
        "What does reading code-mixed text do to the model?",
        "Continued pre-training on unlabelled text makes the task vector. Loss is measured on both kinds of text: "
        "what code-mixed text gains, and what monolingual text forgets.",
    ),
    "fine-tune": PageWords(
        "Fine-tune",
        "🏋️",
        ":material/model_training:",
        "pages/1_Fine-tune.py",
        "Which start learns the task best?",
        "The same sentences, order and seeds for every start, so that the start is all that differs. "
        "A character n-gram baseline always stands beside.",
    ),
    "transfer": PageWords(
        "Transfer",
        "🧭",
        ":material/travel_explore:",
        "pages/2_Transfer.py",
        "Does it carry over to another language pair?",
        "Fine-tuned models, each tested on every task, over the labels that model and task share.",
    ),
    "errors": PageWords(
        "Errors",
        "🔍",
        ":material/compare_arrows:",
        "pages/3_Errors.py",
        "What did B fix, and what did it break?",
        "Two fine-tuned models on the same sentences, down to the single sentence.",
    ),
}

NO_STARTER: Final = (
    "The starter model is not on this machine yet. Fetching it takes one download of 91 MB; it is checked and "
    "converted here. Models from your own folders work without it: choose them on the left."
)
NO_ADAPTED: Final = (
    "Choose a checkpoint after continued pre-training on the left: a folder, a LoRA adapter or a starter name. "
    "Its difference from the base is the task vector."
)
NO_COMPARISON: Final = (
    "No comparison yet. Choose the starts above and press **Compare**; results appear run by run."
)
NO_CPT: Final = (
    "Nothing is being read yet. Choose text above and press **Adapt**; both losses appear step by step."
)
RESUMES: Final = "**Try again** goes on from the last checkpoint, to the same losses."
NO_MODELS: Final = (
    "There is no fine-tuned model here yet. Make one on the page *Fine-tune*, or type the folder of a "
    "sequence classifier that you have."
)
NO_TRANSFER: Final = "Choose models and tasks above and press **Test them**; cells appear one by one."
NO_PAIR: Final = "Choose two models above and press **Compare**; the sentences they disagree on appear here."
NO_ROWS: Final = "No sentence fits these filters."
PREDICTED: Final = "Predicted from the curve; the exact model is being scored now."
EXACT: Final = "Macro-F1 is scored exactly at this λ; perplexity is read off the curve."
HELP: Final = {
    "base": "Where the task vector starts: a starter name, a folder with config.json and safetensors, or a hub id.",
    "adapted": "Checkpoints after continued pre-training, up to three. With several, their task vectors are added or merged by TIES.",
    "task": "A starter task, or a csv, tsv or jsonl file with a text and a label column (type its path or add it below).",
    "density_off": "Density matters for TIES only: choose TIES to use this dial.",
    "method": "Task Arithmetic adds λ·τ. TIES first keeps only the largest changes (density) and settles conflicts of sign.",
    "train_size": "Labelled sentences to learn from. Small sets show what a start is worth.",
    "seeds": "Seeds draw the sentences, their order and the head. One seed shows nothing: take three or more.",
    "corpora": "Text that comes with the lab, or a file of one sentence a line, or a table with a text column (type its path or add it below).",
    "shares": "Share of the first corpus in what is read, such as real against synthetic text; nothing is repeated.",
    "limit": "Score only that many sentences per task (stratified, always the same ones); 0 takes all.",
    "own": "Any sentence; nothing you type leaves this machine.",
}
