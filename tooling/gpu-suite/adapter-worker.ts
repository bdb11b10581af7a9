// Says which adapter Dawn finds in this process's environment, as one line of JSON: the loader and the driver print to stderr.
import { dawnFlags } from "@attune/backend-webgpu";
import { describeAdapter } from "./src/sections/describe-adapter.ts";

const options = JSON.parse(process.argv[2]!) as Parameters<typeof describeAdapter>[0];
try {
  const adapter = await describeAdapter(options, dawnFlags);
  process.stdout.write(`${JSON.stringify(adapter === undefined ? { error: "no adapter" } : { adapter })}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`);
}
process.stdout.write("", () => process.exit());
