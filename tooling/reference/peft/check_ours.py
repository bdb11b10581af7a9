"""Runs check_adapter.py on every adapter that packages/peft-lora/test/support/write-adapters.ts wrote, and keeps the answers.

Run: python tooling/reference/peft/check_ours.py FOLDER
Writes packages/peft-lora/test/fixtures/peft-loads-ours.json; exits 1 if PEFT could not load one or computed something else.
"""

import json
import subprocess
import sys
from pathlib import Path

from safetensors.torch import load_file

root = Path(__file__).resolve().parents[3]
fixtures = root / "packages/peft-lora/test/fixtures"


def check(folder: Path, name: str, base: str) -> dict:
    command = [sys.executable, str(Path(__file__).with_name("check_adapter.py")), "--model", str(fixtures / base),
               "--adapter", str(folder / name), "--logits", str(folder / f"{name}.safetensors")]
    answer = subprocess.run(command, capture_output=True, text=True)
    if not answer.stdout:
        raise SystemExit(f"{name}: {answer.stderr}")
    return json.loads(answer.stdout)


def main() -> None:
    folder = Path(sys.argv[1])
    written = json.loads((folder / "adapters.json").read_text())
    reports = {name: check(folder, name, case["base"]) for name, case in written.items()}
    versions = next(iter(reports.values()))["versions"]
    for name, report in reports.items():
        for key in ("versions", "model", "adapter"):
            del report[key]
        tensors = load_file(folder / name / "adapter_model.safetensors")
        report["keys"] = {key: list(value.shape) for key, value in tensors.items()}
        report["config"] = json.loads((folder / name / "adapter_config.json").read_text())
        report.update(written[name])
    log = {"about": "PEFT loading adapters that Attune wrote; logits are compared with Attune's", "versions": versions, "adapters": reports}
    (fixtures / "peft-loads-ours.json").write_text(json.dumps(log, indent=2, sort_keys=True) + "\n")
    failed = [name for name, report in reports.items() if not report["passed"]]
    print(f"{len(reports) - len(failed)} of {len(reports)} adapters pass{': not ' + ', '.join(failed) if failed else ''}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
