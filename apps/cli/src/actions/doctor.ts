import type { JsonObject } from "@attune/spec";
import { checkMachine } from "../machine/check-machine.ts";
import { renderTable } from "../terminal/table.ts";
import type { VerbAction } from "../verb.ts";
import { cliVersion } from "../version-text.ts";

/** Prints what this machine can do; exit code 4 where something is missing without which nothing runs. */
export const doctor: VerbAction<object> = async (_, { host }) => {
  const checks = await checkMachine({ ownsProcess: host.ownsProcess, directory: process.cwd() });
  const ready = checks.every(({ status }) => status !== "missing");
  const rows = checks.map(({ id, status, detail }) => [id, status, detail]);
  const sentence = ready ? "Ready: everything that is needed is there." : "Not ready: see what is missing above.";
  return {
    json: { version: cliVersion(), ready, checks } as unknown as JsonObject,
    text: `${renderTable(["what", "status", "found"], rows, { alignLeft: true })}\n\n${sentence}`,
    exitCode: ready ? 0 : 4,
  };
};
