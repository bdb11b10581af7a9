import { AttuneError } from "@attune/spec";

/** A Python expression that must match a whole name. The syntax is the common part of Python's and JavaScript's. */
export function moduleExpression(
  source: string,
  error: (key: string, sentence: string) => AttuneError = (_, sentence) => new AttuneError("OPTIONS_INVALID", sentence),
): RegExp {
  try {
    return new RegExp(`^(?:${source.replaceAll("(?P<", "(?<")})$`);
  } catch (cause) {
    throw error("targetModules", `"${source}" is not a regular expression: ${(cause as Error).message}.`);
  }
}
