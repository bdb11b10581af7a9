// Short loops of a shader written out. WGSL has no attribute for that, and a compiler that keeps a loop over registers puts these into
// memory: whether a driver does so is measured by timing a kernel both ways.
import type { Backend, KernelDef } from "@attune/tensor-core";

/** Rounds of a loop beyond which it stays one, and rounds of nested loops together. */
const mostRounds = 8;
const mostTogether = 64;

const header = /for \(var (\w+) = 0u; \1 < ([\w\s+\-*/()]+); \1\+\+\) \{/g;

/** The value of an expression of constants, undefined where it has something else in it. */
function numberOf(expression: string, constants: ReadonlyMap<string, number>): number | undefined {
  const numbers = expression.replaceAll(/[A-Za-z_]\w*|\d+u/g, (word) =>
    String(constants.get(word) ?? Number.parseInt(word, 10)),
  );
  if (!/^[\d\s+\-*/()]+$/.test(numbers)) return undefined;
  // Of u32, whose quotients have no fraction.
  return Math.floor(Function(`return ${numbers}`)() as number);
}

/** Constants of a shader, those that follow from others included. */
function constantsOf(wgsl: string): Map<string, number> {
  const constants = new Map<string, number>();
  for (const [, name, expression] of wgsl.matchAll(/^const (\w+) = ([^;]+);/gm)) {
    const value = numberOf(expression!, constants);
    if (value !== undefined) constants.set(name!, value);
  }
  return constants;
}

/** Where the block that opens at `open` closes. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index++) {
    if (text[index] === "{") depth++;
    if (text[index] === "}" && --depth === 0) return index;
  }
  throw new Error("A shader has a block without its end.");
}

/** Text with short loops written out, and how many rounds are one inside the other. */
function unroll(
  text: string,
  constants: ReadonlyMap<string, number>,
): { readonly text: string; readonly rounds: number } {
  let done = "";
  let most = 1;
  for (let at = 0; ; ) {
    header.lastIndex = at;
    const found = header.exec(text);
    if (found === null) return { text: `${done}${text.slice(at)}`, rounds: most };
    const [whole, name, bound] = found as unknown as [string, string, string];
    const open = found.index + whole.length - 1;
    const end = closing(text, open);
    const body = unroll(text.slice(open + 1, end), constants);
    const rounds = numberOf(bound, constants);
    const short = rounds !== undefined && rounds <= mostRounds && rounds * body.rounds <= mostTogether;
    const plain = !/\b(break|continue)\b/.test(body.text);
    const written = (round: number): string =>
      `{${body.text.replaceAll(new RegExp(`(?<![\\w.])${name}\\b`, "g"), `${round}u`)}}`;
    done += text.slice(at, found.index);
    if (short && plain) {
      done += Array.from({ length: rounds }, (_, round) => written(round)).join("\n");
      most = Math.max(most, rounds * body.rounds);
    } else {
      done += `${whole}${body.text}}`;
      most = Math.max(most, mostTogether);
    }
    at = end + 1;
  }
}

/** A shader with its short loops written out. */
export function unrollLoops(wgsl: string): string {
  return unroll(wgsl, constantsOf(wgsl)).text;
}

/** A backend whose kernels have their short loops written out. */
export function withUnrolledLoops(backend: Backend): Backend {
  const kernels = backend.kernels.map(
    (kernel): KernelDef => ({
      ...kernel,
      lower(signature, capabilities) {
        const code = kernel.lower(signature, capabilities);
        if (code.backend !== "webgpu") return code;
        return { ...code, stages: code.stages.map((stage) => ({ ...stage, wgsl: unrollLoops(stage.wgsl) })) };
      },
    }),
  );
  return { ...backend, kernels };
}
