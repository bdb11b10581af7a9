import { AttuneError } from "@attune/spec";
import type { TensorReader } from "@attune/weights";
import type { ModelFamily, ParameterSpec } from "./model-family.ts";

const floatTypes: ReadonlySet<string> = new Set(["F32", "BF16", "F16", "F64"]);

/**
 * Compares the tensors of a checkpoint with what its configuration asks for, before any is read.
 *
 * @returns the name in the file of each parameter
 * @throws AttuneError `FILE_CORRUPT` that lists missing, left over and wrongly shaped tensors
 */
export async function checkTensors(
  folder: string,
  tensors: TensorReader,
  family: ModelFamily,
  specs: readonly ParameterSpec[],
): Promise<ReadonlyMap<string, string>> {
  const fileNames = new Map<string, string>();
  for (const name of tensors.names) {
    const parameter = family.names.fromFile(name);
    if (parameter !== undefined) fileNames.set(parameter, name);
  }
  for (const { name, tiedTo } of specs) {
    // Of two that share their values a file may hold either.
    if (tiedTo !== undefined && !fileNames.has(tiedTo) && fileNames.has(name))
      fileNames.set(tiedTo, fileNames.get(name)!);
  }
  const known = new Set(specs.map(({ name }) => name));
  const missing = specs
    .filter(({ name, tiedTo }) => tiedTo === undefined && !fileNames.has(name))
    .map(({ name }) => name);
  const extra = [...fileNames].filter(([name]) => !known.has(name)).map(([, fileName]) => fileName);
  const present = specs.filter(({ name }) => fileNames.has(name));
  const misshapen = present.flatMap(({ name, shape }) => {
    const found = tensors.info(fileNames.get(name)!).shape;
    return sameSizes(found, shape) ? [] : [`${name} is [${found.join(", ")}] instead of [${shape.join(", ")}]`];
  });
  const problems = [
    ...(missing.length > 0 ? [`missing: ${some(missing)}`] : []),
    ...(extra.length > 0 ? [`not expected: ${some(extra)}`] : []),
    ...(misshapen.length > 0 ? [`of another shape: ${some(misshapen)}`] : []),
  ];
  if (problems.length > 0) {
    throw new AttuneError(
      "FILE_CORRUPT",
      `The tensors of ${folder} do not fit its config.json; ${problems.join("; ")}.`,
      {
        hint: "Check that config.json and the weight files are of the same model, and that all shards are there.",
        details: { file: folder, key: (missing[0] ?? extra[0] ?? misshapen[0])! },
      },
    );
  }
  for (const { name } of present) assertFloat(tensors, fileNames.get(name)!);
  for (const spec of present) if (spec.tiedTo !== undefined) await assertTied(folder, tensors, fileNames, spec);
  return fileNames;
}

function assertFloat(tensors: TensorReader, name: string): void {
  const { dtype, file } = tensors.info(name);
  if (floatTypes.has(dtype)) return;
  throw new AttuneError(
    "FILE_UNSUPPORTED",
    `Tensor "${name}" is of type ${dtype}; a model's weights are F32, BF16, F16 or F64.`,
    {
      hint: "Use the checkpoint of the same model with float weights.",
      details: { file, key: name },
    },
  );
}

/** A tied parameter may be stored too, but only with the values it is tied to. */
async function assertTied(
  folder: string,
  tensors: TensorReader,
  fileNames: ReadonlyMap<string, string>,
  { name, tiedTo }: ParameterSpec,
): Promise<void> {
  const [own, shared] = await Promise.all([name, tiedTo!].map((key) => tensors.readFloat32(fileNames.get(key)!)));
  if (own!.every((value, index) => Object.is(value, shared![index]))) return;
  throw new AttuneError(
    "FILE_CORRUPT",
    `config.json of ${folder} ties "${name}" to "${tiedTo}", but the file holds other values for it.`,
    {
      hint: 'Set "tie_word_embeddings" to false in config.json if the stored values are meant.',
      details: { file: folder, key: name },
    },
  );
}

function sameSizes(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((size, axis) => size === right[axis]);
}

function some(names: readonly string[]): string {
  return names.length <= 6 ? names.join(", ") : `${names.slice(0, 6).join(", ")} and ${names.length - 6} more`;
}
