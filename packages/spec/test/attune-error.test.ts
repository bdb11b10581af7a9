import { expect, test } from "vitest";
import { AttuneError, errorExitCode, throwIfAborted, toAttuneError } from "../src/index.ts";

/** Runs the action and returns the AttuneError that it must throw. */
function errorOf(action: () => unknown): AttuneError {
  try {
    action();
  } catch (error) {
    if (AttuneError.is(error)) return error;
    throw error;
  }
  throw new Error("expected an AttuneError");
}

function systemError(code: string, path?: string): Error {
  return Object.assign(new Error(`${code}: native text`), { code, path });
}

test("an error carries code, sentence, hint, details and cause", () => {
  const cause = new Error("inner");
  const error = new AttuneError("FILE_CORRUPT", "Expected a header.", {
    hint: "Download it again.",
    cause,
    details: { file: "a.bin", line: 3 },
  });
  expect(error).toBeInstanceOf(Error);
  expect(error.name).toBe("AttuneError");
  expect([error.code, error.message, error.hint, error.cause]).toEqual([
    "FILE_CORRUPT",
    "Expected a header.",
    "Download it again.",
    cause,
  ]);
  expect(error.details).toEqual({ file: "a.bin", line: 3 });
  expect("cause" in new AttuneError("INTERNAL", "No cause.")).toBe(false);
});

test("is() recognises an error of another copy of the package, and nothing else", () => {
  const foreign = Object.defineProperty(new Error("copy"), Symbol.for("@attune/error/v1"), { value: true });
  expect(AttuneError.is(foreign)).toBe(true);
  expect(AttuneError.is(new AttuneError("INTERNAL", "x"))).toBe(true);
  for (const other of [new Error("x"), { code: "INTERNAL" }, null, undefined, "INTERNAL"]) {
    expect(AttuneError.is(other)).toBe(false);
  }
});

test("exit codes are those of the command line", () => {
  expect(errorExitCode("NUMERICS")).toBe(1);
  expect(errorExitCode("CONFIG_UNKNOWN_KEY")).toBe(2);
  expect(errorExitCode("GATE_FAILED")).toBe(3);
  expect(errorExitCode("DEPENDENCY_MISSING")).toBe(4);
  expect(errorExitCode("ABORTED")).toBe(130);
});

test.each([
  ["ENOSPC", "DISK_FULL"],
  ["EDQUOT", "DISK_FULL"],
  ["ENOENT", "FILE_NOT_FOUND"],
  ["EEXIST", "FILE_EXISTS"],
  ["EISDIR", "INPUT_INVALID"],
  ["EACCES", "INPUT_INVALID"],
  ["ELOOP", "INPUT_INVALID"],
  ["ENAMETOOLONG", "INPUT_INVALID"],
  ["EMFILE", "INPUT_INVALID"],
  ["EFBIG", "DISK_FULL"],
  ["ERR_MODULE_NOT_FOUND", "DEPENDENCY_MISSING"],
  ["EWHATEVER", "INTERNAL"],
])("a system error %s becomes %s", (systemCode, code) => {
  const cause = systemError(systemCode, "/data/x.json");
  const error = toAttuneError(cause);
  expect(error.code).toBe(code);
  expect(error.cause).toBe(cause);
  if (code === "INTERNAL") return;
  expect(error.hint).toBeTypeOf("string");
  if (code === "DEPENDENCY_MISSING") return;
  expect(error.message).toContain("/data/x.json");
  expect(error.details).toEqual({ file: "/data/x.json" });
});

test("a system error without a path still makes a sentence", () => {
  expect(toAttuneError(systemError("ENOSPC")).message).toBe("There is no space left on the disk to write.");
  expect(toAttuneError(systemError("ENOENT")).message).toBe("Expected a file or folder at a path, but there is none.");
});

test("anything else that is thrown is normalised, an AttuneError passes unchanged", () => {
  const known = new AttuneError("DATA_EMPTY", "No rows.");
  expect(toAttuneError(known)).toBe(known);
  expect(toAttuneError(new DOMException("stop", "AbortError")).code).toBe("ABORTED");
  expect(toAttuneError("text")).toMatchObject({ code: "INTERNAL", cause: "text" });
  expect(toAttuneError(undefined).code).toBe("INTERNAL");
  expect(toAttuneError(new TypeError("x is not a function"))).toMatchObject({
    code: "INTERNAL",
    message: "x is not a function",
  });
});

test("throwIfAborted throws only after the abort, and the reason itself when it is an AttuneError", () => {
  const controller = new AbortController();
  throwIfAborted();
  throwIfAborted(controller.signal);
  controller.abort("why");
  expect(errorOf(() => throwIfAborted(controller.signal))).toMatchObject({ code: "ABORTED", cause: "why" });
  const reason = new AttuneError("DISK_FULL", "Full.");
  expect(errorOf(() => throwIfAborted(AbortSignal.abort(reason)))).toBe(reason);
});
