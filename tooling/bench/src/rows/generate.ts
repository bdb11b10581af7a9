import { availableParallelism } from "node:os";
import { interleave } from "../interleave.ts";
import { attuneSubject, pythonSubject, type Row } from "../row.ts";
import { smollm2Folder } from "../workplace.ts";

const [promptTokens, newTokens] = [512, 128];

/** Ids that are no text: what is read does not change how long it takes, and no end token may follow. */
const prompt: readonly number[] = Array.from({ length: promptTokens }, (_, index) => 100 + ((index * 7919) % 40000));

export const generateRow: Row = {
  id: "generate",
  title: `SmolLM2-135M, f32: prefill of ${promptTokens} and decoding of ${newTokens} tokens, one row`,
  unit: "tokens a second",
  minutes: 3,
  rate: ({ seconds }, request) => ((request as { tokens: number }).tokens === 1 ? promptTokens : newTokens) / seconds,
  run({ short }) {
    const [model, threads] = [smollm2Folder(), Math.min(2, availableParallelism())];
    return interleave(
      [
        attuneSubject("Attune", "generate.ts", { model, threads, prompt, native: false }),
        attuneSubject("Attune again (control)", "generate.ts", { model, threads, prompt, native: false }),
        attuneSubject("Attune with a native BLAS", "generate.ts", { model, threads, prompt, native: true }),
        pythonSubject("Transformers", "generate.py", { model, threads, prompt } as { threads: number }),
      ],
      { warmup: 1, counted: short ? 1 : 5 },
      [
        { name: `prefill of ${promptTokens}`, request: { tokens: 1 } },
        { name: `decoding of ${newTokens}`, request: { tokens: newTokens + 1 } },
      ],
    );
  },
};
