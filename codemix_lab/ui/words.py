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
        "density which of its changes take part.",
    ),
    "data": PageWords(
        "Data",
        "🗂️",
        ":material/table_view:",
        "pages/0_Data.py",
        "What is in the text, and how much does it mix?",
        "Choose a task or a corpus, or drop a file: how it was read, every word with its language, "
        "labels, splits and leaks, and a second corpus beside it.",
    ),
    "adapt": PageWords(
        "Adapt",
        "📚",
        ":material/auto_stories:",
        "pages/1_Adapt.py",
        "What does reading code-mixed text do to the model?",
        "Continued pre-training on unlabelled text makes the task vector. Loss is measured on both kinds of text: "
        "what code-mixed text gains, and what monolingual text forgets.",
    ),
    "fine-tune": PageWords(
        "Fine-tune",
        "🏋️",
        ":material/model_training:",
        "pages/2_Fine-tune.py",
        "Which start learns the task best?",
        "The same sentences, order and seeds for every start, so that the start is all that differs. "
        "A character n-gram baseline always stands beside.",
    ),
    "transfer": PageWords(
        "Transfer",
        "🧭",
        ":material/travel_explore:",
        "pages/3_Transfer.py",
        "Does it carry over to another language pair?",
        "Test fine-tuned models on every task, or train on one pair and test on others: zero-shot, or after a few "
        "labelled sentences of the other pair.",
    ),
    "errors": PageWords(
        "Errors",
        "🔍",
        ":material/compare_arrows:",
        "pages/4_Errors.py",
        "What did B fix, and what did it break?",
        "Up to four fine-tuned models on the same sentences, down to the single sentence.",
    ),
    "learn": PageWords(
        "Learn",
        "🎓",
        ":material/school:",
        "pages/5_Learn.py",
        "How does merging work, step by step?",
        "Seven steps on real numbers, from one mixed sentence to transfer. Each leads to the page where it is done "
        "for real.",
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
NO_REGIMES: Final = (
    "No runs yet. Say what text you have, or choose regimes, and press **Run**; every finished run is kept, and "
    "the same again goes on from there."
)
BANDS: Final = "Means over seeds; bands are their 95 % intervals (Student's t). Same sentences, order and head for every regime of a seed."
REGIME_TABLE: Final = (
    "Differences are paired over seeds; p by paired t-test, after Holm's correction over {count}. "
    "The last column: seeds that a true difference of 2 points needs to be found with 80 % power."
)
TUNED: Final = (
    "Fine-tunes at a few λ with the same sentences, order and head, then reads every λ between from the interpolated "
    "weights, head included, and checks that against real fine-tunes. The weights of the nodes are kept with the runs "
    "(of the starter, 220 MB each)."
)
TUNED_READ: Final = (
    "Dashed: predicted from interpolated weights, the mean over seeds. Points: fine-tuned there for real; diamonds are those "
    "that the curve did not know. On dev; seeds differ by more than most λ do."
)
HISTORY: Final = (
    "One line a run, its colour the score; drag along an axis to pick runs out. A dash: the regime does not read it. "
    "The same runs stand in the table below."
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
TRANSFER_WAYS: Final = ("Models that are kept", "A whole experiment")
NO_CARRIED: Final = (
    "Choose what to train on and what to test on above and press **Carry over**; cells appear run by run."
)
CARRIED_MAP: Final = (
    "Mean over seeds; a number behind a task is how many of its labelled sentences fine-tuning went on with. "
    "A dash was not scored."
)
CARRIED_WAITS: Final = (
    "Differences to full fine-tuning, and their intervals, come when all runs are finished."
)
CARRIED_ALONE: Final = (
    "Nothing to hold against full fine-tuning yet: choose another regime besides, or English as baseline."
)
CARRIED_MIXING: Final = (
    "Of the first {count} train sentences of each task, with language tags made by the tagger; a dash where there is no "
    "tagger for the pair."
)
CARRIED_HELP: Final = {
    "regimes": "Each is trained on the same sentences with the same seeds; full fine-tuning is always among them.",
    "target_sizes": "Each classifier goes on with so many labelled sentences of the test task, never any of its test. "
    "Zero-shot is always scored.",
    "english": "Full fine-tuning on as many English sentences: what a monolingual task alone carries over.",
    "mapping": "Labels renamed in every task that has them, as OLD=NEW, parted by commas; OLD= leaves the sentences out.",
    "scalings": "With several, the best on dev is taken for each seed: every candidate is a run of its own.",
}
NO_PAIR: Final = (
    "Choose two to four models above and press **Compare**; the sentences they disagree on appear here."
)
SWITCHES: Final = (
    "For up to 150 wrong answers of each model: the word without which the wrong label loses most, where it stands to "
    "the nearest switch of language, and in which language it is, against how often such words occur."
)
OVER_LAMBDA: Final = (
    "What the merge on the bench thinks of this sentence as λ grows, by the quick probe of the page *Explore*: points are "
    "exact merges, the dotted line is interpolated between them. The fine-tuned models above have no λ."
)
NO_MODEL: Final = "Of {letters} only the predictions were kept, so there is nothing to ask anew."
NO_ROWS: Final = "No sentence fits these filters."
LEAD: Final = (
    "Every point of the curve is another model: the base plus λ times what continued pre-training changed. "
    "Drag λ and watch its scores, its mistakes and its single sentences move."
)
ENERGY: Final = (
    "A line high on the left: a few large changes hold most of the task vector, and trimming costs little. "
    "The density of each tensor by itself."
)
PIECES: Final = "The rows of the input embedding that moved furthest, as the pieces of words they stand for."
AGREEMENT: Final = (
    "Cosine 1: the same direction; 0: nothing in common. Conflicts: elements that both moved, in opposite directions; "
    "there TIES elects one sign. Who wins them stands in the numbers."
)
READ_ONLY: Final = (
    "This lab is on show: turn every dial, type sentences, copy the code. Starting jobs, adding files and changing "
    "what is kept are switched off; on your own machine all of it works."
)
READ_ONLY_REFUSAL: Final = (
    "This lab is on show only: jobs are switched off here. On your own machine they work."
)
READ_ONLY_CHOICE: Final = "This lab is on show only and opens nothing but what its lists offer. Choose one of them on the left or above."
OUTSIDE: Final = "{place} lies outside of the folders that this lab opens files from ({folders}). Its owner can add one in {name}."
COPY_YAML: Final = (
    "Save it as `this.yaml`; `codemix-lab {command} this.yaml` computes it, on any machine with the lab."
)
WAITING: Final = "The first scores of these checkpoints are being worked out."
MADE_ROOM: Final = "These checkpoints were closed to make room for those of another window. Move a dial and they are opened again."
DURATION: Final = (
    "The trajectory of this checkpoint is merged at every step that was kept, and scored over λ: "
    "is more continued pre-training better, and where does a part of it beat all of it?"
)
DURATION_READ: Final = (
    "Dev macro-F1 of the probe. Neighbouring cells rest on the same sentences, so differences of a point "
    "or two are noise; the interval of every cell is in the table."
)

HELP: Final = {
    "cpt_steps": "Which checkpoint of the continued pre-training is merged; the run kept these on its way.",
    "base": "Where the task vector starts: a starter name, a folder with config.json and safetensors, or a hub id.",
    "adapted": "Checkpoints after continued pre-training, up to three. With several, each task vector gets a weight under “More”.",
    "task": "A task by name, or a file with texts and labels: csv, tsv, jsonl, json, parquet or CoNLL (type its path or add it below).",
    "scaling_hint": "0 is the base, 1 is CPT; arrow keys go by .01",
    "density_hint": "Share of the changes that is kept; drawn for the nearest computed row",
    "density_off": "{method} keeps every change. Density belongs to {readers}.",
    "density_fixed": "Computed for this density only.",
    "density_unread": "None of the chosen starts reads the density.",
    "schedule": "Multipliers of λ from the first layer to the last. LiNeS begins low and ends at 1 (arXiv 2410.17146); "
    "embeddings go with the first layer.",
    "free": "As many numbers as the model has layers, parted by commas.",
    "train_size": "Labelled sentences to learn from. Small sets show what a start is worth.",
    "seeds": "Seeds draw the sentences, their order and the head. One seed shows nothing: take three or more.",
    "case": "The paper's three data regimes: each has a recipe, which fills in the fields below.",
    "train_sizes": "One or more numbers: with several, the learning curve of every regime is drawn. From 50 sentences upward.",
    "corpora": "Text that comes with the lab, or a file of one sentence a line, or a table with a text column (type its path or add it below).",
    "shares": "Share of the first corpus in what is read, such as real against synthetic text; nothing is repeated.",
    "limit": "Score only that many sentences per task (stratified, always the same ones); 0 takes all.",
    "also": "More tasks with the same labels: every language pair becomes a slice. Only labels that all share are compared.",
    "p_value": "Corrected for the number of slices (Holm): below .05 it is hardly chance.",
    "interval": "95 % paired bootstrap over sentences: a slice whose interval holds 0 shows nothing.",
    "score_interval": "95 % bootstrap over sentences.",
    "gold_gain": "Probability of the gold label by the second model minus that by the reference: positive where the second is nearer to the truth.",
    "question": "Columns with <, <=, >, >=, ==, !=, in, and, or, not; a word in quotes is looked for in text. Columns:",
    "edit": "All models answer the changed sentence at once; nothing in the data changes.",
    "attribution": "Occlusion: what the probability loses when the word is masked. Integrated gradients: how the logit grows from an all-masked sentence.",
    "fill": "What the masked language models on the bench (base, and after CPT) would put there.",
    "take_away": "Opens without server or network; the dials move everything in it. It holds the scored sentences.",
    "own": "Any sentence; nothing you type leaves this machine.",
}
MIXER: Final = (
    "Made from the starter's parallel sentences; the tags are those of the making. For a corpus of any size, from "
    "your own sentences or lexicon: `codemix-lab mix --help`."
)
BOTH_TAGGED: Final = "Both are tagged by the same tagger, so that the making gives the mixture no advantage."
NO_TAGS: Final = "Choose a language pair above to see the language of every word and the measures of mixing."
DATA_HELP: Final = {
    "data": "A task, running text (corpus:…), a file, a folder of splits or a hub id; type a path to add one.",
    "beside": "A second corpus for the charts and measures, such as real text beside synthetic text.",
    "upload": "It is read by its content and kept in the workspace; nothing leaves this machine.",
    "use": "Makes it the task that Explore, Fine-tune, Transfer and Errors work on.",
    "keep": "Mixes all of the starter's parallel sentences so, and keeps them as a text that Adapt can read.",
    "read": "Continue pre-training on this text →",
    "Code-mixing index": "Mean over sentences of 100 · (1 − share of the commonest language), by the tagger; 0 is monolingual.",
    "Train rows that leak": "Train sentences that also stand in dev or test, exactly or nearly (word 3-grams, Jaccard 0.6).",
}
LEARN: Final = {
    "lecture": "Large type, nothing but the lesson. Arrow keys and page keys turn the steps; Escape leaves a dial.",
    "no_lesson": "The lesson's numbers are not here: they were made for another starter. `codemix-lab starter lesson` "
    "computes them again.",
    "whose_starter": "Any other base with two adapted checkpoints on the bench can have its own.",
    "whose_own": "These are the checkpoints on the bench.",
    "no_lm": "The base has no language-model head, so it cannot fill gaps. Choose one that has, such as the starter.",
    "no_curve": "The curve of these checkpoints is not computed yet: open *Explore* once, it fills in there.",
    "surprise": "Each piece hidden alone for the two sentences; held-out text: {held_out} sentences of each kind, "
    "several pieces hidden at a time. CPT has read none of them.",
    "noise": "Small dots are the merges that were built and scored on {sentences} dev sentences; colours between them "
    "are interpolated. The best is {best} ({low} to {high}) at a = {a}, b = {b}. A 95 % interval reaches about "
    "{spread} to either side, so smaller differences of colour show nothing.",
    "heard": "Pseudo-perplexity of {heard} held-out sentences of the kind, logarithmic; bright is less surprise. Small "
    "dots are the merges that were built and read; colours between them are interpolated.",
    "energy": "Of the whole matrix. The further the line bows above the dots, the more a few large changes hold.",
    "guess": "Guess first: trim each row to the density, add up what is left, and take the sign of the sum.",
    "elected": "Where the disjoint mean and the plain average part, the average would have mixed opposite changes, or "
    "diluted one with zeros. A sum of zero elects plus.",
    "probe": "A probe (logistic regression on frozen features) that learnt on {train} sentences of {task}, asked about "
    "dev sentences of that pair and all sentences of the others.",
    "gain": "Paired bootstrap: both models on the same resampled sentences.",
}
