import { AttuneError } from "@attune/spec";
import { moduleExpression } from "./module-expression.ts";

/** The value of the first pattern that matches a module: `(.*\.)?(pattern)$`, as `rank_pattern` and `alpha_pattern` are read. */
export function patternValue(patterns: Readonly<Record<string, number>>, module: string): number | undefined {
  const found = Object.entries(patterns).find(([pattern]) => patternExpression(pattern).test(module));
  return found?.[1];
}

/**
 * Refuses patterns whose order matters: PEFT sorts them when it saves, so that another pattern would be the first to match.
 *
 * @throws AttuneError `OPTIONS_INVALID` naming the module and both patterns
 */
export function assertPatternsAgree(
  key: string,
  patterns: Readonly<Record<string, number>>,
  modules: readonly string[],
): void {
  const entries = Object.entries(patterns).map(([pattern, value]) => ({
    pattern,
    value,
    expression: patternExpression(pattern),
  }));
  for (const module of modules) {
    const [first, ...others] = entries.filter(({ expression }) => expression.test(module));
    if (first === undefined) continue;
    const sortedFirst = [first, ...others].sort((a, b) => (a.pattern < b.pattern ? -1 : 1))[0]!;
    if (sortedFirst.value !== first.value) {
      throw new AttuneError(
        "OPTIONS_INVALID",
        `${key}: module "${module}" matches "${first.pattern}" (${first.value}) and "${sortedFirst.pattern}" (${sortedFirst.value}), and a PEFT file keeps patterns sorted, so the other one would win.`,
        { hint: "Make the patterns exclude each other.", details: { key } },
      );
    }
  }
}

function patternExpression(pattern: string): RegExp {
  return moduleExpression(`(.*\\.)?(${pattern})`);
}
