import { generateRows } from "@attune/recipe";
import { AttuneError, type JsonObject } from "@attune/spec";
import { openToolbox } from "../open/open-toolbox.ts";
import { readObjects } from "../open/read-input.ts";
import type { VerbAction } from "../verb.ts";
import type { GenerateOptions } from "../verbs/generate.ts";

/** Continues one prompt, shown while it is written, or the rows of a file. */
export const generate: VerbAction<GenerateOptions> = async (options, context) => {
  const { host, json, signal, onProgress, note } = context;
  const { prompt, input, plugin, maxNewTokens, numBeams, stop, parseSpecialTokens } = options;
  checkChoices(options);
  const toolbox = await openToolbox(host, plugin);
  const rows = prompt === undefined ? readObjects(input!, host.stdin) : [{ prompt }];
  const streams = prompt !== undefined && !json && (numBeams ?? 1) === 1;
  const { model, adapter, storage, contextLength, device, products, threads, memory } = options;
  const result = await generateRows(toolbox, {
    model,
    adapter,
    storage,
    contextLength,
    device,
    products,
    threads,
    memory,
    rows,
    maxNewTokens,
    sampling: samplingOf(options),
    numBeams,
    stop,
    parseSpecialTokens,
    signal,
    onNotice: note,
    ...(streams ? { onText: (_row: number, text: string) => void host.stdout.write(text) } : { onProgress }),
  });
  if (streams) {
    await context.write("\n");
    return undefined;
  }
  const texts = result.rows.map(({ index, text }) => (prompt === undefined ? `[${index}] ${text}` : text));
  return { json: result as unknown as JsonObject, text: texts.join("\n") };
};

function samplingOf(options: GenerateOptions) {
  const { greedy, temperature, topK, topP, minP, repetitionPenalty, seed } = options;
  return { temperature: greedy ? 0 : temperature, topK, topP, minP, repetitionPenalty, seed };
}

/** Options that contradict each other are refused; none is left out in silence. */
function checkChoices(options: GenerateOptions): void {
  const { prompt, input, greedy, numBeams = 1 } = options;
  if ((prompt === undefined) === (input === undefined)) {
    throw new AttuneError("OPTIONS_INVALID", "Expected either --prompt or --input.", {
      hint: 'For example: --prompt "Once upon a time"',
    });
  }
  const drawing = (["temperature", "topK", "topP", "minP"] as const).filter(
    (name) => options[name] !== undefined && options[name] !== 0,
  );
  if (drawing.length === 0 || (!greedy && numBeams === 1)) return;
  const flag = `--${drawing[0]!.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new AttuneError("OPTIONS_INVALID", `Expected no ${flag} beside ${greedy ? "--greedy" : "--num-beams"}.`, {
    hint: "Draw tokens, take the most likely one, or search with beams: one of them.",
  });
}
