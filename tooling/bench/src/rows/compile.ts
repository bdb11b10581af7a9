import { interleave } from "../interleave.ts";
import { attuneSubject, type Row } from "../row.ts";
import { smollm2Folder } from "../workplace.ts";

export const compileRow: Row = {
  id: "compile",
  title: "The plan of a LoRA step of SmolLM2-135M (forward and backward, 2 x 512 tokens)",
  unit: "milliseconds",
  minutes: 1,
  rate: ({ seconds }) => 1000 * seconds,
  run({ short }) {
    const model = smollm2Folder();
    return interleave(
      ["Attune", "Attune again (control)"].map((name) => attuneSubject(name, "compile.ts", { model })),
      { warmup: 3, counted: short ? 2 : 9 },
      [
        { name: "traced and planned", request: { compile: false } },
        { name: "traced, planned and compiled to WebAssembly", request: { compile: true } },
      ],
    );
  },
};
