"""Draw the README's picture from a study folder: six panels that each show something else.

Usage: python scripts/readme_picture.py runs/builtin docs/images/ladder.png
"""

import sys
from pathlib import Path

from saltus.judge import judge
from saltus.read import read
from saltus.report.charts import panel_grid, save_chart

PANELS = [
    ("facts", ("0-shot",), None),
    ("recall-8", ("0-shot",), None),
    ("reverse-4", ("0-shot",), None),
    ("parity-10", ("0-shot", "0-shot scratchpad"), None),
    ("boolean-4", ("0-shot", "0-shot scratchpad"), None),
    ("shift", ("0-shot", "4-shot"), None),
]


def main(folder: str, target: str) -> None:
    found = judge(read(folder), axes=["params"], metrics=["exact_match"])
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    save_chart(panel_grid(found, PANELS, columns=3), target, scale=1.5)


if __name__ == "__main__":
    main(*sys.argv[1:])
