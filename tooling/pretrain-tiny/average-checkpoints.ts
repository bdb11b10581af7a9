// The weighted mean of two checkpoints of one architecture, where the second was trained on from the first: (1 - share) first + share second.
//
// Reference: Wortsman et al. 2022, Model soups (arXiv 2203.05482), WiSE-FT (arXiv 2109.01903).
import { float32ToBytes, openCheckpoint, writeCheckpoint } from "@attune/weights";

/** Writes the mean into an empty folder in bf16, with the configuration of the second; no tokenizer files. */
export async function averageCheckpoints(
  folders: readonly [string, string],
  share: number,
  target: string,
): Promise<void> {
  const [first, second] = [await openCheckpoint(folders[0]), await openCheckpoint(folders[1])];
  try {
    const tensors = [];
    for (const name of second.tensors.names) {
      const values = await first.tensors.readFloat32(name);
      const others = await second.tensors.readFloat32(name);
      const mean = values.map((value, index) => (1 - share) * value + share * others[index]!);
      const { shape } = second.tensors.info(name);
      tensors.push({ name, dtype: "BF16" as const, shape, data: float32ToBytes(mean, "BF16") });
    }
    await writeCheckpoint(target, { config: second.config, tensors });
  } finally {
    await first.close();
    await second.close();
  }
}
