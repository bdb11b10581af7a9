import { fileURLToPath } from "node:url";

/** Path of the Hugging Face folder with the weights (bf16), the configuration and the tokenizer of `attune:tiny`. */
export const folder: string = fileURLToPath(new URL("../model/", import.meta.url));
