import type { TokenizerPlugin } from "@attune/tokenizer-core";
import { bpePlugin } from "./bpe-plugin.ts";
import { scoredBpePlugin } from "./scored-bpe-plugin.ts";

export { bpePlugin } from "./bpe-plugin.ts";
export { scoredBpePlugin } from "./scored-bpe-plugin.ts";
export type { TrainBpeOptions } from "./train-bpe.ts";
export { trainBpe } from "./train-bpe.ts";

/** All tokenizer models of this package, for the loader of `@attune/tokenizer-core`. */
const tokenizerPlugins: readonly TokenizerPlugin[] = [bpePlugin, scoredBpePlugin];
export default tokenizerPlugins;
