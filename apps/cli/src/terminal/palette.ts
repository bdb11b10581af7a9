import picocolors from "picocolors";
import type { Host } from "../host.ts";

/** Colours for one stream. */
export type Palette = ReturnType<typeof picocolors.createColors>;

/**
 * Colours for a stream: as `--color` or `--no-color` say, else NO_COLOR, else FORCE_COLOR, else where it is a terminal.
 * A stream decides for itself: a piped result stays plain while notes on a terminal have colour.
 */
export function paletteFor(
  stream: { readonly isTTY?: boolean | undefined },
  environment: Host["environment"],
  color: boolean,
): Palette {
  const forced = environment["FORCE_COLOR"];
  const wanted = forced !== undefined && forced !== "" ? forced !== "0" && forced !== "false" : stream.isTTY === true;
  const refused = !color || (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb";
  return picocolors.createColors(wanted && !refused);
}
