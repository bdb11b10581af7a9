import { interleave } from "../interleave.ts";
import { attuneSubject, type Row } from "../row.ts";
import { smollm2Folder } from "../workplace.ts";

export const compileRow: Row = {
  id: "compile",
  title: "The plan of a LoRA step of SmolLM2-135M (forward and backward, 2 x 512 tokens)",
  unit: "plans a second",
  minutes: 0.5,
  rate: ({ seconds }) => 1 / seconds,
  run: ({ short }) =>
    interleave(
      [attuneSubject("Attune", "compile.ts", { model: smollm2Folder() })],
      { warmup: 0, counted: short ? 2 : 7 },
      [
        { name: "traced and planned", request: { compile: false } },
        { name: "compiled to WebAssembly as well", request: { compile: true } },
      ],
    ),
};
