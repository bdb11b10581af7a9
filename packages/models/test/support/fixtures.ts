import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openSafetensors } from "@attune/weights";

const root = join(import.meta.dirname, "..", "fixtures", "llama");

/** Names of the golden checkpoints. */
export const variants: readonly string[] = readdirSync(root).sort();

/** The folder of a golden checkpoint. */
export function variantFolder(variant: string): string {
  return join(root, variant);
}

/** One golden case: what went in, and what Transformers answered. */
export interface GoldenCase {
  readonly name: string;
  readonly rows: number;
  readonly tokens: number;
  readonly ids: Int32Array;
  readonly mask: Int32Array;
  readonly positions: Int32Array;
  readonly labels: Int32Array;
  readonly documents: Int32Array | undefined;
  readonly logits: Float32Array;
  readonly loss: number;
  readonly labelsCounted: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly hidden: readonly Float32Array[];
  readonly spread: Readonly<Record<"logits" | "loss" | "grad" | "hidden", number>>;
}

interface CaseDescription {
  readonly loss: number;
  readonly labels_counted: number;
  readonly spread: GoldenCase["spread"];
}

/** What `fixture.json` says beside the cases. */
export interface VariantDescription {
  readonly parameters: number;
  readonly rope: { readonly attention_scaling: number; readonly inverse_frequencies: readonly number[] };
  readonly cases: Readonly<Record<string, CaseDescription>>;
}

/** Reads `fixture.json` of a variant. */
export function describeVariant(variant: string): VariantDescription {
  return JSON.parse(readFileSync(join(root, variant, "fixture.json"), "utf8")) as VariantDescription;
}

/** Reads the cases of a variant. */
export async function goldenCases(variant: string): Promise<GoldenCase[]> {
  const file = await openSafetensors(join(root, variant, "fixture.safetensors"));
  const integers = async (name: string): Promise<Int32Array> => new Int32Array((await file.read(name)).buffer);
  const cases: GoldenCase[] = [];
  for (const [name, description] of Object.entries(describeVariant(variant).cases)) {
    const [rows, tokens] = file.info(`${name}.input_ids`).shape as [number, number];
    const gradients = new Map<string, Float32Array>();
    const prefix = `${name}.grad.`;
    for (const key of file.names)
      if (key.startsWith(prefix)) gradients.set(key.slice(prefix.length), await file.readFloat32(key));
    const hidden: Float32Array[] = [];
    while (file.has(`${name}.hidden.${hidden.length}`))
      hidden.push(await file.readFloat32(`${name}.hidden.${hidden.length}`));
    cases.push({
      name,
      rows,
      tokens,
      ids: await integers(`${name}.input_ids`),
      mask: await integers(`${name}.attention_mask`),
      positions: await integers(`${name}.position_ids`),
      labels: await integers(`${name}.labels`),
      documents: file.has(`${name}.document_ids`) ? await integers(`${name}.document_ids`) : undefined,
      logits: await file.readFloat32(`${name}.logits`),
      loss: description.loss,
      labelsCounted: description.labels_counted,
      gradients,
      hidden,
      spread: description.spread,
    });
  }
  await file.close();
  return cases;
}
