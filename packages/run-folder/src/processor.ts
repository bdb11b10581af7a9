import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { cpus } from "node:os";

/** A processor, as far as what is measured on it depends on it. */
export type Processor = {
  /** Its name: "AMD EPYC" for several generations, where a host hides more. */
  readonly name: string;
  /** Linux: vendor, family, model, stepping (on ARM implementer, part, revision), undefined elsewhere. */
  readonly generation?: string;
  /** Linux: of the instruction sets that it has, a hash. */
  readonly instructions?: string;
};

const generationFields = [
  "vendor_id",
  "cpu family",
  "model",
  "stepping",
  "CPU implementer",
  "CPU part",
  "CPU revision",
];

/** The beginning of /proc/cpuinfo, in which the first processor stands whole. */
const readBytes = 16384;

let known: Processor | undefined;

/** The processor of this machine. */
export function processor(): Processor {
  known ??= { name: cpus()[0]?.model.trim() || "unknown", ...parseProcessor(readBeginning("/proc/cpuinfo")) };
  return known;
}

/** What the first processor in the text of /proc/cpuinfo is; nothing in a text that is none. */
export function parseProcessor(text: string): Pick<Processor, "generation" | "instructions"> {
  const fields = new Map<string, string>();
  for (const line of text.split("\n\n", 1)[0]!.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  const generation = generationFields.flatMap((name) => fields.get(name) ?? []).join(" ");
  const flags = fields.get("flags") ?? fields.get("Features");
  return {
    ...(generation === "" ? {} : { generation }),
    ...(flags === undefined ? {} : { instructions: createHash("sha256").update(flags).digest("hex").slice(0, 16) }),
  };
}

/** An empty string where there is no such file: on other systems, and in some containers. */
function readBeginning(path: string): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return "";
  }
  try {
    const bytes = Buffer.alloc(readBytes);
    let length = 0;
    for (let read = -1; read !== 0 && length < readBytes; length += read) {
      read = readSync(file, bytes, length, readBytes - length, null);
    }
    return bytes.toString("latin1", 0, length);
  } catch {
    return "";
  } finally {
    closeSync(file);
  }
}
