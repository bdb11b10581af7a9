import { AttuneError } from "@attune/spec";

/** What a device reaches at most, to hold plans against. */
export interface DeviceDescription {
  readonly id: string;
  readonly name: string;
  /** FLOPs a second in f32, and on f16 matrices with sums in f32 where it has them. */
  readonly flops: { readonly f32: number; readonly f16?: number | undefined };
  /** Bytes a second from and to memory. */
  readonly bandwidth: number;
  /** Bytes of the last cache in front of memory: what is read again before so many others were costs memory nothing. */
  readonly cacheBytes: number;
  /** Where the numbers are from. */
  readonly source: string;
}

/** Devices whose makers publish their peaks. */
export const knownDevices: readonly DeviceDescription[] = [
  {
    id: "h100",
    name: "NVIDIA H100 SXM",
    flops: { f32: 67e12, f16: 989.5e12 },
    bandwidth: 3.35e12,
    cacheBytes: 50 * 2 ** 20,
    source: "NVIDIA H100 Tensor Core GPU Datasheet (dense) and Architecture whitepaper (L2)",
  },
  {
    id: "h200",
    name: "NVIDIA H200 SXM",
    flops: { f32: 67e12, f16: 989.5e12 },
    bandwidth: 4.8e12,
    cacheBytes: 50 * 2 ** 20,
    source: "NVIDIA H200 Tensor Core GPU Datasheet (dense); the processor, and so the L2, is the H100's",
  },
  {
    id: "rtx-4090",
    name: "NVIDIA GeForce RTX 4090",
    flops: { f32: 82.6e12, f16: 165.2e12 },
    bandwidth: 1.008e12,
    cacheBytes: 72 * 2 ** 20,
    source: "NVIDIA Ada GPU Architecture whitepaper, appendix A (dense f16 with f32 sums)",
  },
  {
    id: "m3-max",
    name: "Apple M3 Max, 40 cores",
    flops: { f32: 14.2e12 },
    bandwidth: 0.4e12,
    cacheBytes: 48 * 2 ** 20,
    source:
      "bandwidth from Apple's MacBook Pro technical specifications; 40 cores x 128 units x 2 x 1.38 GHz; Apple names no cache, measured on the M1 Max by AnandTech (2021)",
  },
  {
    id: "iris-xe",
    name: "Intel Iris Xe, 96 units, in a Core i7-1165G7",
    flops: { f32: 1.99e12 },
    bandwidth: 68.3e9,
    cacheBytes: 3.75 * 2 ** 20,
    source:
      "Intel ARK (1.3 GHz, LPDDR4x-4267 on two channels); 96 x 8 x 2 FLOPs a cycle and L3 from Intel's Xe-LP API Developer Guide",
  },
];

/**
 * The device that a text names: the id of a known one, or peaks in the form `f32=14.2e12,bandwidth=400e9`, with `f16=` and `cache=` where
 * they are known. Units are FLOPs a second, bytes a second, bytes.
 *
 * @throws AttuneError `ID_UNKNOWN` for another name, `OPTIONS_INVALID` for peaks that are missing or no positive numbers
 */
export function parseDevice(text: string): DeviceDescription {
  const known = knownDevices.find(({ id }) => id === text);
  if (known !== undefined) return known;
  if (!text.includes("=")) {
    throw new AttuneError("ID_UNKNOWN", `There is no description of a device "${text}".`, {
      hint: `Use one of ${knownDevices.map(({ id }) => id).join(", ")}, or peaks such as f32=14.2e12,bandwidth=400e9.`,
    });
  }
  const given = new Map<string, number>();
  for (const part of text.split(",")) {
    const [name, value] = part.split("=") as [string, string | undefined];
    if (!["f32", "f16", "bandwidth", "cache"].includes(name) || !(Number(value) > 0)) {
      throw new AttuneError("OPTIONS_INVALID", `"${part}" is no peak of a device.`, {
        hint: "Give f32, f16, bandwidth or cache, each as name=number with a positive number.",
      });
    }
    given.set(name, Number(value));
  }
  const [f32, bandwidth] = [given.get("f32"), given.get("bandwidth")];
  if (f32 === undefined || bandwidth === undefined) {
    throw new AttuneError("OPTIONS_INVALID", `"${text}" lacks ${f32 === undefined ? "f32" : "bandwidth"}.`, {
      hint: "A roofline needs both, for example f32=14.2e12,bandwidth=400e9.",
    });
  }
  return {
    id: text,
    name: "the device given",
    flops: { f32, f16: given.get("f16") },
    bandwidth,
    cacheBytes: given.get("cache") ?? 0,
    source: "given",
  };
}
