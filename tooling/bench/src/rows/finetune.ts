import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { interleave, type Measured } from "../interleave.ts";
import { attuneSubject, pythonSubject, type Row, type RowContext } from "../row.ts";
import type { SubjectCommand } from "../subject.ts";
import { alpacaFile, cacheFolder, smollm2Folder } from "../workplace.ts";

/** Rows of a batch, their length, and steps that are counted. */
const [rows, length, steps] = [2, 512, 8];

/** SmolLM2-360M's shape. */
const shape = {
  model_type: "llama",
  architectures: ["LlamaForCausalLM"],
  vocab_size: 49152,
  hidden_size: 960,
  intermediate_size: 2560,
  num_attention_heads: 15,
  num_key_value_heads: 5,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  hidden_act: "silu",
};

/** Bytes of a memory that needs addresses of 64 bits. */
const wideBytes = 12 * 2 ** 30;

/** Rows of a padded batch: as many documents as packed rows hold, more or less. */
const paddedRows = 4;

type Method = "lora" | "full";

/** The batches that all subjects train on, made once. */
function batchesFile(model: string): string {
  const file = join(cacheFolder, `bench-batches-${rows}x${length}.json`);
  if (existsSync(file)) return file;
  const options = { model, alpaca: alpacaFile(), output: file, steps: 32, rows, length };
  const { command, arguments: argumentsOf } = attuneSubject("batches", "make-batches.ts", options).launch();
  const { status, stderr } = spawnSync(command, argumentsOf, { encoding: "utf8" });
  if (status !== 0) throw new Error(`The batches could not be made: ${stderr}`);
  return file;
}

/** Subjects that fit into memory together. */
interface FinetuneSubjects {
  readonly together: readonly SubjectCommand[];
  /** Attune once more, and those that need the rest of the memory. */
  readonly apart: readonly SubjectCommand[];
}

function subjectsOf(method: Method): FinetuneSubjects {
  const [model, threads] = [smollm2Folder(), Math.min(2, availableParallelism())];
  const shared = {
    model,
    method,
    threads,
    batches: batchesFile(model),
    adapter: join(cacheFolder, "bench-adapter"),
    scratch: join(cacheFolder, "bench-scratch"),
  };
  const peer = (name: string, kind: string, more: object = {}) =>
    pythonSubject(name, "finetune.py", { ...shared, kind, ...more } as { threads: number });
  const attune = (name: string, native = false) => attuneSubject(name, "finetune.ts", { ...shared, native });
  const control = attune("Attune again (control)");
  return {
    together: [
      attune("Attune"),
      ...(method === "lora" ? [control] : []),
      attune("Attune with a native BLAS", true),
      pythonSubject("PyTorch, a loop by hand, the same batches", "packed_loop.py", shared),
      peer("Transformers Trainer, the same batches", "trainer"),
      peer("TRL SFTTrainer, packed", "trl-packed"),
    ],
    apart: [
      attune("Attune, beside those with less memory"),
      ...(method === "full" ? [control] : [peer("TRL SFTTrainer, the same batches", "trl-same")]),
      peer("TRL SFTTrainer, padded, batches of 4", "trl-padded", { paddedRows }),
    ],
  };
}

async function measure(method: Method, { short }: RowContext): Promise<Measured> {
  const subjects = subjectsOf(method);
  const rounds = { warmup: 1, counted: short ? 1 : steps };
  const together = await interleave(subjects.together, rounds);
  const apart = await interleave(subjects.apart, rounds, [{ name: "with memory for padded batches", request: {} }]);
  return {
    cases: [...together.cases, ...apart.cases],
    subjects: [...together.subjects, ...apart.subjects],
    skipped: [...together.skipped, ...apart.skipped],
  };
}

function finetuneRow(method: Method, what: string, minutes: number): Row {
  return {
    id: `finetune-${method}`,
    title: `${what} of SmolLM2-135M on Alpaca, f32, length ${length}, ${rows} rows a step`,
    unit: "tokens a second",
    minutes,
    rate: ({ seconds, tokens }) => Number(tokens) / seconds,
    run: (context) => measure(method, context),
  };
}

/** A row that trains random models of SmolLM2-360M's shape with some of its blocks, in memories of either width. */
function memoryRow(
  id: string,
  blocks: number,
  what: string,
  memories: Readonly<Record<string, number | undefined>>,
): Row {
  return {
    id,
    title: `Training all parameters of ${what}, f32, length ${length}, ${rows} rows a step`,
    unit: "tokens a second",
    minutes: 4,
    rate: ({ seconds, tokens }) => Number(tokens) / seconds,
    run({ short }) {
      const [model, threads] = [smollm2Folder(), Math.min(2, availableParallelism())];
      const config = { ...shape, num_hidden_layers: blocks };
      const shared = { model, config, method: "full", threads, batches: batchesFile(model), native: false };
      const subjects = Object.entries(memories).map(([name, maxBytes]) =>
        attuneSubject(name, "finetune.ts", { ...shared, maxBytes }),
      );
      return interleave(subjects, { warmup: 1, counted: short ? 1 : 3 });
    },
  };
}

export const memoryRows: readonly Row[] = [
  memoryRow("memory-narrow", 4, "four blocks of SmolLM2-360M's shape (86 million parameters) in either memory", {
    "Attune, 32-bit addresses": undefined,
    "Attune, 32-bit addresses again (control)": undefined,
    "Attune, 64-bit addresses": wideBytes,
  }),
  memoryRow("memory-wide", 32, "SmolLM2-360M's shape (362 million parameters), which need more than 4 GiB", {
    "Attune, 64-bit addresses": wideBytes,
  }),
];

export const finetuneRows: readonly Row[] = [
  finetuneRow("lora", "LoRA (r = 8, all linear layers)", 12),
  finetuneRow("full", "Full fine-tuning", 20),
];
