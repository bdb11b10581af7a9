import { AttuneError, shorten } from "@attune/spec";

/**
 * A Python expression that must match a whole name. The syntax is the common part of Python's and JavaScript's. Expressions come with
 * adapters from anywhere, and one that backtracks without end would never return, so those that can are refused.
 */
export function moduleExpression(
  source: string,
  error: (key: string, sentence: string) => AttuneError = (_, sentence) => new AttuneError("OPTIONS_INVALID", sentence),
): RegExp {
  const danger = dangerOf(source);
  if (danger !== undefined) throw error("targetModules", `"${shorten(source)}" could take for ever: it has ${danger}.`);
  try {
    return new RegExp(`^(?:${source.replaceAll("(?P<", "(?<")})$`);
  } catch (cause) {
    throw error("targetModules", `"${shorten(source)}" is not a regular expression: ${(cause as Error).message}.`);
  }
}

const tokens = /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]|P?<\w+>|:))?|[)|]|[*+?]\??|\{\d+(?:,\d*)?\}\??|./gsu;

/** So many repetitions without bound, one behind the other, try at most length^7 / 7! ways of a name. */
const mostUnbounded = 7;

/** What makes an expression exponential, or polynomial of a high degree, in the length of a name. */
function dangerOf(source: string): string | undefined {
  // Whether each open group matches one text in several ways: something in it repeats, or it is a choice.
  const varies = [false];
  let closed = false;
  let unbounded = 0;
  for (const [token] of source.matchAll(tokens)) {
    const repeats = /^(?:[*+]|\{)/.test(token);
    if (repeats && closed) return "a repetition of what repeats itself or is a choice";
    if (/^(?:[*+]|\{\d+,\})/.test(token)) unbounded += 1;
    if (unbounded > mostUnbounded) return `more than ${mostUnbounded} repetitions without bound`;
    closed = token === ")" && varies.length > 1 && varies.pop()!;
    if (token.startsWith("(")) varies.push(false);
    else if (closed || (repeats && !/^\{\d+\}/.test(token)) || token.startsWith("?") || token === "|")
      varies[varies.length - 1] = true;
  }
  return undefined;
}
