import type { ErrorCode } from "./error-code.ts";

const marker = Symbol.for("@attune/error/v1");

/** Where and with what an error happened: file, line, key and any further plain values. */
export interface AttuneErrorDetails {
  /** Path of the file that was read or written. */
  readonly file?: string;
  /** Line in that file, counted from 1. */
  readonly line?: number;
  /** Configuration key, tensor name or field. */
  readonly key?: string;
  readonly [name: string]: unknown;
}

/** Everything about an AttuneError beside its code and message. */
export interface AttuneErrorOptions {
  /** What the reader can do about it, one sentence. */
  readonly hint?: string | undefined;
  /** The error or value that led to this one. */
  readonly cause?: unknown;
  /** Where and with what it happened. */
  readonly details?: AttuneErrorDetails | undefined;
}

/**
 * The one error class of Attune: a stable code, a message that is a full sentence (what was expected, what was
 * received, where) and a hint about what to do.
 */
export class AttuneError extends Error {
  override readonly name: string = "AttuneError";
  /** Machine-readable reason. */
  readonly code: ErrorCode;
  /** What the reader can do about it, one sentence. */
  readonly hint: string | undefined;
  /** Where and with what it happened. */
  readonly details: AttuneErrorDetails | undefined;

  /** @param message a full sentence: what was expected, what was received, where. */
  constructor(code: ErrorCode, message: string, options: AttuneErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
    Object.defineProperty(this, marker, { value: true });
  }

  /** Like `instanceof`, but also true for an error of a second installed copy of this package. */
  static is(value: unknown): value is AttuneError {
    return typeof value === "object" && value !== null && marker in value;
  }
}
