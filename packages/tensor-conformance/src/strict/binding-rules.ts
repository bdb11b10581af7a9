// The rules that WebGPU has for the buffers of one dispatch (https://www.w3.org/TR/webgpu/, 3.4.3 on usage scopes and 8.2 on bind
// groups): a binding starts at a multiple of 256 and covers at most maxStorageBufferBindingSize; one buffer is bound either
// read-only, or read-write in ranges that do not overlap. Attune's policy on top: weights are read-only, the arena is always
// bound read-write, and an input and an output are the same range only where the kernel works in place.
import { AttuneError } from "@attune/spec";
import type { Binding, Capabilities, Dispatch } from "@attune/tensor-core";
import type { StrictAllocation } from "./strict-memory.ts";

/** One range as the dispatch binds it; equal ranges are bound once. */
interface BoundRange {
  readonly allocation: StrictAllocation;
  readonly offset: number;
  readonly bytes: number;
  readonly bindings: Binding[];
}

/** What a dispatch is told when it breaks a rule. */
export type Violation = (sentence: string) => AttuneError;

/** An error that names the dispatch. */
export function violationOf(dispatch: Dispatch, index: number): Violation {
  const name = `Dispatch ${index} ("${dispatch.op.id}"${dispatch.scope === "" ? "" : ` in "${dispatch.scope}"`})`;
  return (sentence) =>
    new AttuneError("INTERNAL", `${name} ${sentence}`, { details: { dispatch: index, op: dispatch.op.id } });
}

/**
 * Checks the bindings of one dispatch against the allocations that the run binds.
 *
 * @throws AttuneError `INTERNAL` that names the dispatch and the rule
 */
export function assertBindingRules(
  dispatch: Dispatch,
  index: number,
  allocations: readonly StrictAllocation[],
  capabilities: Capabilities,
): void {
  const fail = violationOf(dispatch, index);
  for (const binding of dispatch.bindings) assertRange(binding, allocations[binding.region]!, capabilities, fail);
  const ranges = boundRanges(dispatch, allocations);
  if (ranges.length > capabilities.maxBindings) {
    throw fail(`binds ${ranges.length} ranges, more than ${capabilities.maxBindings}.`);
  }
  for (const range of ranges) assertShared(range, dispatch, capabilities, fail);
  for (const [position, range] of ranges.entries()) {
    for (const other of ranges.slice(position + 1)) assertDisjoint(range, other, ranges, fail);
  }
}

function assertRange(
  binding: Binding,
  allocation: StrictAllocation,
  { alignment, maxBindingBytes }: Capabilities,
  fail: Violation,
): void {
  const place = `bytes ${binding.offset} to ${binding.offset + binding.bytes} of ${allocation.role}`;
  if (binding.offset % alignment !== 0) throw fail(`binds ${place}, which start at no multiple of ${alignment}.`);
  if (binding.bytes > maxBindingBytes) throw fail(`binds ${place}, more than ${maxBindingBytes} bytes.`);
  if (binding.offset + binding.bytes > allocation.data.byteLength)
    throw fail(`binds ${place}, which has ${allocation.bytes} bytes.`);
  if (allocation.role === "weights" && binding.access !== "read") throw fail(`writes ${place}, which are read-only.`);
}

/** Ranges that the dispatch binds, equal ones once; empty tensors bind nothing. */
function boundRanges(dispatch: Dispatch, allocations: readonly StrictAllocation[]): BoundRange[] {
  const ranges: BoundRange[] = [];
  for (const binding of dispatch.bindings) {
    if (binding.bytes === 0) continue;
    const allocation = allocations[binding.region]!;
    const known = ranges.find(
      (range) => range.allocation === allocation && range.offset === binding.offset && range.bytes === binding.bytes,
    );
    if (known) known.bindings.push(binding);
    else ranges.push({ allocation, offset: binding.offset, bytes: binding.bytes, bindings: [binding] });
  }
  return ranges;
}

/** A range with several operands is read by all of them, or is one input that one output replaces in place. */
function assertShared(
  { bindings, offset }: BoundRange,
  { op, inputs }: Dispatch,
  { inPlace }: Capabilities,
  fail: Violation,
): void {
  const writers = bindings.filter(({ access }) => access !== "read");
  if (bindings.length === 1 || writers.length === 0) return;
  const [writer] = writers;
  const readers = bindings.filter(({ access }) => access === "read");
  const output = writer!.operand - inputs.length;
  const declared = readers.every(({ operand }) =>
    op.inPlace?.some((pair) => pair.input === operand && pair.output === output),
  );
  if (writers.length > 1 || readers.length > 1 || !declared || !inPlace) {
    const operands = bindings.map(({ operand }) =>
      operand < inputs.length ? `input ${operand}` : `output ${operand - inputs.length}`,
    );
    throw fail(
      `binds ${operands.join(" and ")} to the same range at ${offset}, which its op does not declare as in place.`,
    );
  }
}

function assertDisjoint(range: BoundRange, other: BoundRange, all: readonly BoundRange[], fail: Violation): void {
  const { allocation } = range;
  if (
    allocation !== other.allocation ||
    range.offset >= other.offset + other.bytes ||
    other.offset >= range.offset + range.bytes
  )
    return;
  const written = all.some(
    (each) => each.allocation === allocation && each.bindings.some(({ access }) => access !== "read"),
  );
  if (!written && allocation.role !== "arena") return;
  throw fail(
    `binds overlapping ranges of ${allocation.role}, ${range.offset} to ${range.offset + range.bytes} and ${other.offset} to ${other.offset + other.bytes}, read-write.`,
  );
}
