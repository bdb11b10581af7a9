import type { OutputOptions, Verb } from "../verb.ts";

/** What this machine can do. */
export const doctorVerb: Verb<OutputOptions> = {
  name: "doctor",
  summary: "check this machine: Node, SIMD, threads, memory, disk, GPU",
  examples: ["attune doctor", "attune doctor --json"],
  load: async () => (await import("../actions/doctor.ts")).doctor,
};
