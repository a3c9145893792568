"""Synthetic mixtures beside the same sentences as people mixed them, on every measure.

    python benchmarks/mixing_against_people.py [--quick]

Wants published data: `../shared/data` or the folder CODEMIX_LAB_REAL_DATA names. The mixtures are made
from the English sentences alone (insertion), and from the starter's parallel ones (alternation), with
the index, switch rate and matrix language that people's text has; all are tagged by the same tagger.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from codemix_lab.config import MixMethod, MixSpec
from codemix_lab.text.measuring import compared, measure_texts
from codemix_lab.text.mixing import mix
from codemix_lab.text.mixing.mixer import starter_sources
from codemix_lab.text.readers import read_lines

ROOT = Path(__file__).resolve().parent.parent
FILES = ("en-hi.top.en_codemixed.tsv.gz", "en-hi.cmudog.tsv.gz")


def main() -> None:
    folder = Path(os.environ.get("CODEMIX_LAB_REAL_DATA") or ROOT.parent / "shared" / "data") / "parallel"
    if not folder.is_dir():
        sys.exit("no real data: ../shared/data is absent and CODEMIX_LAB_REAL_DATA names no such folder")
    most = 1_000 if "--quick" in sys.argv else None
    results = {}
    for name in FILES:
        rows = [line.split("\t")[:2] for line in read_lines(folder / name) if "\t" in line][:most]
        people = measure_texts([mixed for _, mixed in rows], "en-hi")
        asked = {"index": min(0.5, people["cmi"] / 100), "switch_rate": people["i_index"]}
        inserted = MixSpec("en-hi", MixMethod.INSERTION, "en", **asked)
        parallel = MixSpec("en-hi", MixMethod.ALTERNATION, "hi", **asked)
        by_lexicon = [one.text for one in mix([english for english, _ in rows], inserted)]
        by_parallel = [one.text for one in mix(starter_sources("en-hi"), parallel)]
        columns = {
            "people": people,
            "insertion": measure_texts(by_lexicon, "en-hi"),
            "alternation": measure_texts(by_parallel, "en-hi"),
        }
        table = compared(columns).set_index("measure")
        print(f"\n{name}, {len(rows):,} sentences\n{table.to_string(float_format='{:.3f}'.format)}")
        results[name] = json.loads(table.to_json())
    print(json.dumps(results))


if __name__ == "__main__":
    main()
