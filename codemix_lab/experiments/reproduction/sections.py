"""The content of a report, apart from how it is written: headings, sentences, tables, figures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import pandas as pd

from codemix_lab.config import Preset, Regime, ReproduceSpec
from codemix_lab.experiments.regimes_table import CLAIMS, Comparison, records
from codemix_lab.experiments.reproduction.carried import transfer_sections
from codemix_lab.experiments.reproduction.claims import CAVEAT, claims
from codemix_lab.experiments.reproduction.drive import Reproduction, Table
from codemix_lab.experiments.reproduction.explained import explained
from codemix_lab.experiments.reproduction.forest import forest
from codemix_lab.experiments.reproduction.protocol import protocol
from codemix_lab.experiments.reproduction.section import Section
from codemix_lab.experiments.run import Run

BASELINE = Regime.NGRAMS.label


def sections(made: Reproduction) -> list[Section]:
    """The whole report, in order; whatever is finished now is in it."""
    tables = made.tables()
    found = [Section("How it was run", protocol(made))]
    if made.spec.preset is Preset.TRANSFER:
        found += transfer_sections(made, tables)
    for table in tables:
        found += _table_sections(table)
    if len(made.spec.train_sizes) > 1:
        found += _curves(tables)
    found += [_claims(made.spec, table) for table in tables]
    found += [section for table in tables if (section := _diagnoses(made, table)) is not None]
    return [*found, *_failures(made), Section("Run it again", ["```yaml\n" + made.asked.to_yaml() + "```"])]


def _table_sections(table: Table) -> list[Section]:
    found = table.against_full
    name = f"{table.task}, {table.train_size:,} train sentences, {table.split}"
    left_out = [f"Left out: {row} ({why})." for row, why in table.left_out.items()]
    scores = Section(
        f"Macro-F1: {name}",
        [
            (
                "Mean over seeds with its 95 % interval (Student's t), spread over seeds, and the mean 95 % interval of one "
                "seed over sentences (bootstrap)."
            ),
            *left_out,
        ],
        _scores(found),
    )
    if found.differences.empty:
        return [scores]
    said = [
        (
            f"Points of macro-F1 against {found.reference}. In brackets 95 % over seeds (paired t), then over sentences "
            f"(paired bootstrap, seeds averaged). p by paired t-test, by sign flips, and by t-test after Holm's correction "
            f"for the {found.corrected} comparisons of this table. The last columns: seeds that a true difference of so "
            "many points needs to be found with 80 % power (two-sided, α 5 %, uncorrected)."
        ),
        *_reading(found),
    ]
    differences = Section(f"Differences: {name}", said, _differences(found), forest(found))
    chosen = _chosen(table.runs)
    return [scores, differences, *([Section(f"Chosen on dev: {name}", [], chosen)] if len(chosen) else [])]


def _reading(found: Comparison) -> list[str]:
    """One sentence for what is beyond chance, one for what is not."""
    rows = found.differences
    sure = rows[rows["p_holm"] < 0.05]
    told = [f"{row.name} {100 * row.difference:+.1f}" for row in records(sure)]
    said = ["Beyond chance after correction: " + (", ".join(told) if told else "nothing") + "."]
    if (rows["n"] < 2).all():
        return ["One seed does not tell a difference from chance: run more."]
    open_rows = rows[~(rows["p_holm"] < 0.05)]
    if len(open_rows):
        sd = open_rows["sd"].median()
        needs = open_rows["seeds for 2"].dropna()
        enough = (
            f"; a difference of 2 points needs {int(needs.median())} seeds at that spread"
            if len(needs)
            else ""
        )
        said.append(
            f"The other differences are within what seeds do by chance (median spread of the paired differences "
            f"{100 * sd:.1f} points{enough}). That is not evidence that there is none."
        )
    return said


def _scores(found: Comparison) -> pd.DataFrame:
    rows = found.scores.sort_values("name", key=lambda c: c.eq(BASELINE), kind="stable")
    return pd.DataFrame(
        {
            "regime": rows["name"],
            "seeds": rows["n"].astype(str),
            "macro-F1": [_f1(r.mean) + _range(r.low, r.high) for r in records(rows)],
            "sd": [_f1(v) for v in rows["sd"]],
            "over sentences": [_range(r.item_low, r.item_high).strip() for r in records(rows)],
        }
    )


def _differences(found: Comparison) -> pd.DataFrame:
    rows = found.differences
    table = {
        "regime": rows["name"],
        "seeds": rows["n"].astype(str),
        "points": [
            _points(100 * r.difference) + _range(100 * r.low, 100 * r.high, _points) for r in records(rows)
        ],
        "over sentences": [
            _range(100 * r.item_low, 100 * r.item_high, _points).strip() for r in records(rows)
        ],
        "sd": [_unsigned(100 * v) for v in rows["sd"]],
        "p": [_p(v) for v in rows["p_t"]],
        "p flips": [_p(v) for v in rows["p_flip"]],
        "p Holm": [_p(v) for v in rows["p_holm"]],
    }
    for claim in CLAIMS:
        name = f"seeds for {100 * claim:g}"
        table[name] = ["–" if pd.isna(v) else f"{int(v)}" for v in rows[name]]
    return pd.DataFrame(table)


def _chosen(runs: dict[str, dict[int, Run]]) -> pd.DataFrame:
    rows = []
    for name, seeds in runs.items():
        told = [
            run.provenance["chosen on dev"] for run in seeds.values() if "chosen on dev" in run.provenance
        ]
        if told:
            counts = Counter((c["scaling"], c["density"]) for c in told)
            dense = len({c["density"] for t in told for c in t["candidates"]}) > 1
            each = [
                f"λ {scaling:g}{f', density {density:g}' if dense else ''}: {n}"
                for (scaling, density), n in sorted(counts.items())
            ]
            rows.append({"regime": name, "seeds that chose": "; ".join(each)})
    return pd.DataFrame(rows)


def _curves(tables: list[Table]) -> list[Section]:
    """Mean macro-F1 by train size, a table for each task and split."""
    found = []
    for task, split in dict.fromkeys((table.task, table.split) for table in tables):
        own = [table for table in tables if (table.task, table.split) == (task, split)]
        columns = {
            f"{table.train_size:,}": table.against_full.scores.set_index("name")["mean"].map(_f1)
            for table in own
        }
        frame = pd.DataFrame(columns).fillna("–").rename_axis("regime").reset_index()
        found.append(
            Section(
                f"Learning curve: {task}, {split}", ["Mean macro-F1 by number of train sentences."], frame
            )
        )
    return found


def _claims(spec: ReproduceSpec, table: Table) -> Section:
    rows = claims(spec.preset, table.against_full, table.against_cpt)
    frame = pd.DataFrame([(c.paper, c.ours, c.verdict) for c in rows], columns=["paper", "here", "verdict"])
    said = [CAVEAT] if rows else [CAVEAT, "No row of this table speaks to a claim of the paper."]
    name = f"{table.task}, {table.train_size:,} train sentences, {table.split}"
    return Section(f"The paper's claims: {name}", said, frame if rows else None)


def _diagnoses(made: Reproduction, table: Table) -> Section | None:
    rows = [(d.signature, d.evidence, d.next_step) for d in explained(made, table)]
    if not rows:
        return None
    name = f"{table.task}, {table.train_size:,} train sentences, {table.split}"
    return Section(
        f"What explains it: {name}", [], pd.DataFrame(rows, columns=["seen", "evidence", "next step"])
    )


def _failures(made: Reproduction) -> list[Section]:
    failed = made.plan.state().failed
    if not failed:
        return []
    counts = Counter((spec.regime.label, message) for spec, message in failed.items())
    frame = pd.DataFrame(
        [(regime, str(n), message) for (regime, message), n in counts.items()],
        columns=["regime", "runs", "why"],
    )
    return [Section("Failed runs", ["They are missing above; the same command tries them again."], frame)]


def _f1(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _points(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:+.1f}"


def _unsigned(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f}"


def _p(value: float) -> str:
    return "–" if math.isnan(value) else "< .001" if value < 0.001 else f"{value:.3f}"


def _range(low: float, high: float, write: Callable[[float], str] = _f1) -> str:
    return "" if math.isnan(low) else f" [{write(low)}, {write(high)}]"
