import { AttuneError } from "./attune-error.ts";
import { describeValue } from "./describe-value.ts";
import { rejectUnknownKeys } from "./reject-unknown-keys.ts";

/** The keys of an options type; the compiler sees to it that none is missing. */
export type OptionKeys<Options> = { readonly [Key in keyof Options]-?: true };

/**
 * Refuses options that a program without types could not know to be ignored: a misspelt key, or something that is no object.
 *
 * @param owner - the function whose options they are, for the message
 * @throws AttuneError `CONFIG_UNKNOWN_KEY` naming the key and the nearest known one, `OPTIONS_INVALID` for no object
 */
export function checkOptionKeys<Options extends object>(
  owner: string,
  options: Options,
  keys: OptionKeys<Options>,
): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected the options of ${owner} to be an object, but received ${describeValue(options)}.`,
    );
  }
  rejectUnknownKeys(owner, Object.keys(options), Object.keys(keys));
}
