"""`compare.py` on every checkpoint folder below one, a line of JSON each.

Run: python tooling/reference/transformers/sweep.py --models DIR [--node node_modules/.bin/node] [--rows 6]
     [--length 48] [--max-new-tokens 32] [--tolerance 1e-4]
A checkpoint that the command refuses is a failure with the sentence that it printed. Exits 1 when there is any failure.
"""

import json
import sys
from pathlib import Path

import torch
from compare import Attune, compare, parse_options


def summary(report: dict) -> dict:
    scores, generations = report["score"].values(), report["generate"].values()
    return {"tokenize": all(report["tokenize"].values()), "score": max(part["greatest_difference_per_token"] for part in scores),
            "rows": sum(part["rows"] for part in scores), "generations": sum(part["rows"] for part in generations),
            "equal": sum(part["equal"] for part in generations), "failures": report["failures"],
            "differences": {name: part["differences"] for name, part in report["generate"].items() if part["differences"]}}


def main() -> None:
    options = parse_options(__doc__, "--models")
    torch.set_num_threads(1)
    attune, failed = Attune(options.node), []
    for folder in sorted(path.parent for path in Path(options.models).glob("*/config.json")):
        about = json.loads((folder / "about.json").read_text()) if (folder / "about.json").exists() else {}
        try:
            result = summary(compare(str(folder), attune, options))
        except SystemExit as stopped:
            result = {"failures": [str(stopped)]}
        if result["failures"]:
            failed.append(folder.name)
        print(json.dumps({"name": folder.name, **result, **about}, ensure_ascii=False), flush=True)
    print(json.dumps({"failed": failed}))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
