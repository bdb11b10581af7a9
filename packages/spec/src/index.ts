export type { AttuneErrorDetails, AttuneErrorOptions } from "./attune-error.ts";
export { AttuneError } from "./attune-error.ts";
export type { OptionKeys } from "./check-option-keys.ts";
export { checkOptionKeys } from "./check-option-keys.ts";
export type { Contract } from "./contract.ts";
export { describeValue } from "./describe-value.ts";
export type { ErrorCode, ExitCode } from "./error-code.ts";
export { errorExitCode } from "./error-code.ts";
export type { FieldKind, NumberBounds } from "./field-kind.ts";
export {
  anyListField,
  booleanField,
  choiceField,
  filledTextField,
  integerField,
  listField,
  nullableField,
  numberField,
  oneOrMoreField,
  recordField,
  textField,
} from "./field-kind.ts";
export type { FieldPlace, FieldReader } from "./field-reader.ts";
export { readFields } from "./field-reader.ts";
export type { Unit } from "./format-quantity.ts";
export { formatCount, formatQuantity } from "./format-quantity.ts";
export type { GgufVocabulary } from "./gguf-vocabulary.ts";
export type { JsonObject, JsonValue } from "./json.ts";
export { isJsonObject, sortKeys } from "./json.ts";
export { nearestName, nearNames } from "./near-names.ts";
export type { ProgressEvent, ProgressListener } from "./progress.ts";
export type { Queue } from "./queue.ts";
export { createQueue } from "./queue.ts";
export type { Registry } from "./registry.ts";
export { createRegistry } from "./registry.ts";
export { rejectUnknownKeys } from "./reject-unknown-keys.ts";
export { shorten } from "./shorten.ts";
export type { TextRecord } from "./text-record.ts";
export { throwIfAborted } from "./throw-if-aborted.ts";
export { toAttuneError } from "./to-attune-error.ts";
export type {
  DecodeOptions,
  EncodeOptions,
  Encoding,
  SpecialTokens,
  StreamingDecoder,
  Tokenizer,
} from "./tokenizer.ts";
