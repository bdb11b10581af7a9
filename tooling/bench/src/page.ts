// One small HTML page, without scripts, that opens from disk.
import type { ResultCell, RowResult } from "./result.ts";
import type { Spread } from "./statistics.ts";

const escapeText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Three digits that mean something. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 6));
}

const spread = ({ median, low, high }: Spread): string =>
  `<b>${digits(median)}</b> <small>${digits(low)} to ${digits(high)}</small>`;

/** The page of all rows. */
export function renderPage(results: readonly RowResult[]): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Attune, benchmarks</title>
<meta name="viewport" content="width=device-width">
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #d8dee4 }
small, .note { color: #57606a } .off { color: #b35900 } h2 { margin-top: 2.2rem }
</style>
<h1>Benchmarks</h1>
<p>Subjects take turns, round after round, in one run; each is a process of its own. Numbers are medians with the smallest and the largest;
the last column is how many times as fast the first subject is, round by round. A control row is the first subject once more: it must show
about 1.0, else the machine was too noisy for differences of that size.</p>
${results.map(renderRow).join("\n")}
</html>
`;
}

/** What subjects said of themselves: versions, features, how long they took to be ready. */
function renderSubjects({ subjects }: RowResult): string {
  const items = subjects.flatMap(({ name, ready }) => {
    const said = Object.entries(ready).map(([key, value]) =>
      typeof value === "number" && key.endsWith("Seconds")
        ? `${key.slice(0, -"Seconds".length)} ${digits(value)} s`
        : `${key} ${Array.isArray(value) ? value.join(" ") : String(value)}`,
    );
    return said.length === 0 ? [] : [`<li>${escapeText(name)}: ${escapeText(said.join(", "))}</li>`];
  });
  return items.length === 0
    ? ""
    : `<details class="note"><summary>Versions</summary><ul>${items.join("")}</ul></details>`;
}

function renderRow(row: RowResult): string {
  const { cpu, generation, cores, node, platform } = row.machine;
  const busy = row.load[0] > 1 || row.short;
  const processor = generation === undefined ? cpu : `${cpu} (${generation})`;
  const revision = row.revision === undefined ? "" : `; Attune ${row.revision}`;
  const about = `${row.date.slice(0, 10)}; ${processor}, ${cores} cores, ${platform}, Node ${node}${revision}`;
  const warning = busy
    ? `<p class="off">Noisy: ${row.short ? "a short run; " : ""}load ${row.load.map((value) => value.toFixed(1)).join(" to ")}.</p>`
    : "";
  const peaks = new Map(row.subjects.map(({ name, peakBytes }) => [name, peakBytes]));
  const skipped = row.skipped.map(
    ({ subject, reason }) => `<li>${escapeText(subject)}: ${escapeText(reason.split("\n")[0]!)}</li>`,
  );
  const table = `<table><tr><th>${escapeText(row.unit)}</th><th></th><th>peak memory</th><th>first / this</th></tr>
${row.cases.map(({ name, results }) => renderCase(name, results, peaks)).join("\n")}</table>`;
  return `<h2 id="${row.id}">${escapeText(row.title)}</h2>
<p class="note">${escapeText(about)}</p>${warning}
${row.cases.length > 0 ? table : ""}
${renderSubjects(row)}
${skipped.length > 0 ? `<p class="note">Left out:</p><ul class="note">${skipped.join("")}</ul>` : ""}`;
}

function renderCase(name: string, results: readonly ResultCell[], peaks: ReadonlyMap<string, number | null>): string {
  const title = name === "" ? "" : `<tr><th colspan="4">${escapeText(name)}</th></tr>`;
  const lines = results.map((cell) => {
    const peak = peaks.get(cell.subject);
    const losses = cell.losses
      ? `<br><small>loss ${cell.losses
          .slice(0, 8)
          .map((loss) => loss.toFixed(5))
          .join(", ")}</small>`
      : "";
    const control = cell.subject.includes("control");
    const off = control && Math.abs(cell.firstIsFasterBy.median - 1) > 0.05 ? ' class="off"' : "";
    return `<tr${off}><td>${escapeText(cell.subject)}${losses}</td><td>${spread(cell.rate)}</td><td>${peak ? `${digits(peak / 2 ** 20)} MiB` : ""}</td><td>${spread(cell.firstIsFasterBy)}</td></tr>`;
  });
  return title + lines.join("\n");
}
