import { availableParallelism } from "node:os";
import { interleave } from "../interleave.ts";
import { attuneSubject, pythonSubject, type Row } from "../row.ts";

/** A Llama of one block of SmolLM2-135M's size, with a vocabulary that costs nothing. */
const config = {
  model_type: "llama",
  architectures: ["LlamaForCausalLM"],
  vocab_size: 64,
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 1,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  max_position_embeddings: 512,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
};

export const blockRow: Row = {
  id: "block",
  title: "One block of SmolLM2-135M on 512 tokens, forward and backward to all weights, f32",
  unit: "blocks a second",
  minutes: 1,
  rate: ({ seconds }) => 1 / seconds,
  run({ short }) {
    const threads = Math.min(2, availableParallelism());
    return interleave(
      [
        attuneSubject("Attune", "block.ts", { threads, native: false, config }),
        attuneSubject("Attune again (control)", "block.ts", { threads, native: false, config }),
        attuneSubject("Attune with a native BLAS", "block.ts", { threads, native: true, config }),
        pythonSubject("PyTorch and Transformers", "block.py", { threads, config } as { threads: number }),
      ],
      { warmup: 1, counted: short ? 2 : 9 },
      [{ name: "", request: { seconds: short ? 0.1 : 0.5 } }],
    );
  },
};
