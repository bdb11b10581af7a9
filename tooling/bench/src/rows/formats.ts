import { availableParallelism } from "node:os";
import { interleave } from "../interleave.ts";
import { attuneSubject, pythonSubject, type Row } from "../row.ts";

const flops = 2 * 256 * 576 * 1536;

/** A subject without a format is left out of the case, and named among those that were. */
export const formatsRow: Row = {
  id: "formats",
  title:
    "A linear layer of 256 rows, 576 to 1536 (A·Bᵀ), whose weight B is stored in a format: 8 bits have one scale a row; 4 bits are the example plugin's for Attune, NF4 for bitsandbytes; only PyTorch's bf16 is not f32 arithmetic",
  unit: "GFLOPS",
  minutes: 1,
  rate: ({ seconds }) => flops / seconds / 1e9,
  run({ short }) {
    const threads = Math.min(2, availableParallelism());
    const seconds = short ? 0.1 : 0.4;
    return interleave(
      [
        attuneSubject("Attune", "formats.ts", { threads }),
        attuneSubject("Attune again (control)", "formats.ts", { threads }),
        pythonSubject("PyTorch and bitsandbytes", "formats.py", { threads }),
      ],
      { warmup: 1, counted: short ? 2 : 9 },
      ["f32", "bf16", "f16", "8 bits", "4 bits"].map((format) => ({ name: format, request: { format, seconds } })),
    );
  },
};
