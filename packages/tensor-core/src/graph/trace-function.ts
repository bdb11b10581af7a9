import { AttuneError } from "@attune/spec";
import type { Graph } from "./graph.ts";
import { Trace } from "./trace.ts";

/**
 * Runs a function once on a new trace.
 *
 * @throws AttuneError `INPUT_INVALID` for an asynchronous function, of which only the part before its first await would be recorded, and
 * for one that names no output and updates no State
 */
export function traceFunction(build: (trace: Trace) => void): Graph {
  const trace = new Trace();
  const returned: unknown = build(trace);
  if (returned instanceof Promise) {
    returned.catch(() => {});
    throw new AttuneError(
      "INPUT_INVALID",
      "The traced function is asynchronous, but a trace records what it does at once.",
      {
        hint: "Await what it needs before it is traced, and pass a plain function.",
      },
    );
  }
  const graph = trace.finish();
  if (graph.outputs.length === 0 && graph.effects.length === 0) {
    throw new AttuneError(
      "INPUT_INVALID",
      "The traced function names no output and updates no State: there is nothing to compute.",
      {
        hint: 'Name what a run gives, trace.output("loss", loss); what the function returns is not looked at.',
      },
    );
  }
  return graph;
}
