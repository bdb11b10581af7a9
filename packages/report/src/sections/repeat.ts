import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { Fact, RepeatSection } from "../report-data.ts";
import { factList, section } from "./section.ts";

/** Command, recipe, seeds, hashes and versions. */
export function repeatSection({ command, recipe, facts }: RepeatSection, environment: readonly Fact[]): Markup {
  return section(
    "repeat",
    "Do it again",
    "The same command on the same data gives the same bytes.",
    html`<pre tabindex="0"><code>${command}</code></pre>${recipe !== undefined && html`<details><summary>Resolved recipe</summary><pre tabindex="0"><code>${recipe}</code></pre></details>`}${facts.length > 0 && html`<h3>Seeds, hashes, versions</h3>${factList(facts)}`}${environment.length > 0 && html`<h3>Machine</h3>${factList(environment)}`}`,
  );
}
