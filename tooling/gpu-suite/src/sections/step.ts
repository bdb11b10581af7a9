// What a whole step of LoRA reaches on a model of 135 million parameters: tokens a second, and where the time of a step goes, by the
// device's own clock. The values of the model are made up; its work is not.
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { createWebgpuBackend } from "@attune/backend-webgpu";
import { folder as tinyModel } from "@attune/model-tiny";
import { createToolbox, resolveRecipe, trainModel } from "@attune/recipe";
import type { JsonValue } from "@attune/spec";
import { roundsProductsToHalf } from "@attune/tensor-core";
import type { Item, Section, SectionContext } from "../section.ts";

/** Of SmolLM2-135M. */
const sizes = { hidden: 576, inner: 1536, blocks: 30, heads: 9, keyHeads: 3, vocabulary: 49152 };

const config = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: sizes.hidden,
  intermediate_size: sizes.inner,
  num_hidden_layers: sizes.blocks,
  num_attention_heads: sizes.heads,
  num_key_value_heads: sizes.keyHeads,
  vocab_size: sizes.vocabulary,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
  bos_token_id: 0,
  eos_token_id: 1,
};

/** Names and shapes of its tensors; norms have one axis. */
function tensorsOf(): (readonly [string, readonly number[]])[] {
  const { hidden, inner, blocks, heads, keyHeads, vocabulary } = sizes;
  const keys = (hidden / heads) * keyHeads;
  const ofBlock: readonly (readonly [string, readonly number[]])[] = [
    ["input_layernorm", [hidden]],
    ["self_attn.q_proj", [hidden, hidden]],
    ["self_attn.k_proj", [keys, hidden]],
    ["self_attn.v_proj", [keys, hidden]],
    ["self_attn.o_proj", [hidden, hidden]],
    ["post_attention_layernorm", [hidden]],
    ["mlp.gate_proj", [inner, hidden]],
    ["mlp.up_proj", [inner, hidden]],
    ["mlp.down_proj", [hidden, inner]],
  ];
  const layers = Array.from({ length: blocks }, (_, block) =>
    ofBlock.map(([name, shape]) => [`model.layers.${block}.${name}.weight`, shape] as const),
  );
  return [["model.embed_tokens.weight", [vocabulary, hidden]], ...layers.flat(), ["model.norm.weight", [hidden]]];
}

/** Writes a checkpoint in bf16: norms of ones, other values up to 0.06 with a random sign. */
function writeModel(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(tinyModel)) {
    if (name !== "config.json" && !name.endsWith(".safetensors"))
      copyFileSync(join(tinyModel, name), join(folder, name));
  }
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  let end = 0;
  const tensors = tensorsOf().map(([name, shape]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const begin = end;
    end += 2 * count;
    return { name, shape, count, offsets: [begin, end] };
  });
  const header = JSON.stringify(
    Object.fromEntries(
      tensors.map(({ name, shape, offsets }) => [name, { dtype: "BF16", shape, data_offsets: offsets }]),
    ),
  );
  const bytes = Buffer.from(header.padEnd(Math.ceil(header.length / 8) * 8));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(bytes.length));
  const file = openSync(join(folder, "model.safetensors"), "w");
  let word = 1;
  for (const part of [size, bytes]) writeSync(file, part);
  for (const { shape, count } of tensors) {
    const values = new Uint16Array(count).fill(0x3f80);
    for (let index = 0; index < count && shape.length > 1; index++) {
      word = (Math.imul(word, 1664525) + 1013904223) | 0;
      values[index] = ((word >>> 16) & 0x8000) | (0x3c00 + ((word >>> 8) & 0x17f));
    }
    const raw = Buffer.from(values.buffer);
    for (let done = 0; done < raw.length; ) done += writeSync(file, raw, done);
  }
  closeSync(file);
}

const recipeText = `name: step
model: model
data:
  source: { path: rows.jsonl }
  stages: { split: { groupBy: [], validation: 4, test: 4 } }
template: { prompt: "{text}", completion: " {label}", maxTokens: 256 }
method: { id: lora, options: { rank: 8, targetModules: all-linear } }
training: { steps: 14, rows: 4, blockLength: 512, learningRate: 0.0001, promptLossWeight: 1, checkpointEvery: 1000 }
`;

function writeRows(path: string): void {
  const words = ["meeting", "report", "kernel", "patch", "free", "offer", "winner", "Monday", "lunch", "list"];
  const rows = Array.from({ length: 900 }, (_, row) => {
    const text = Array.from({ length: 120 }, (__, place) => words[(row * 7 + place * place) % words.length]).join(" ");
    return JSON.stringify({ id: `row-${row}`, text: `${row} ${text}`, label: row % 2 === 0 ? "ham" : "spam" });
  });
  writeFileSync(path, `${rows.join("\n")}\n`);
}

interface Metric {
  readonly loss?: number;
  readonly tokens?: number;
  readonly seconds?: number;
}

async function measure(context: SectionContext, products: "f32" | "f16"): Promise<JsonValue> {
  const place = join(context.folder, "step");
  writeModel(join(place, "model"));
  writeRows(join(place, "rows.jsonl"));
  const { flags, adapter } = context.options;
  const toolbox = createToolbox({
    baseDirectory: place,
    devices: { webgpu: () => createWebgpuBackend({ flags, adapter, products }) },
  });
  const set = ["device=webgpu", `products=${products}`];
  const recipe = await resolveRecipe({ file: join(place, "step.yaml"), text: recipeText, set });
  const output = join(place, products);
  const start = performance.now();
  let profile: unknown;
  await trainModel(recipe, {
    toolbox,
    output,
    onProfile: (made) => (profile = made),
    onProgress: ({ stage, done, unit }) => context.doing(`${stage}, ${done} ${unit}`),
  });
  const metrics = readFileSync(join(output, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Metric)
    .filter(({ loss, seconds }) => loss !== undefined && seconds !== undefined);
  const rates = metrics.map(({ tokens = 0, seconds = 1 }) => tokens / seconds);
  return {
    losses: metrics.map(({ loss }) => loss!),
    tokensPerSecond: Math.max(...rates),
    rates,
    secondsInAll: (performance.now() - start) / 1000,
    profile: JSON.parse(JSON.stringify(profile ?? null)) as JsonValue,
  };
}

/** The section. */
export const stepSection: Section = {
  name: "step",
  title: "a step of LoRA on a model of 135 million parameters",
  seconds: 150,
  itemSeconds: 75,
  needsHardware: true,
  async items(context): Promise<readonly Item[]> {
    const backend = await context.open("f16");
    const half = roundsProductsToHalf(backend.capabilities);
    await backend.dispose();
    const all = ["f32", ...(half ? ["f16"] : [])] as ("f32" | "f16")[];
    return all.map((products) => ({ name: `products in ${products}`, run: () => measure(context, products) }));
  },
};
