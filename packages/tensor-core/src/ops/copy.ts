import { defineOp, type OpDef } from "../op/op-def.ts";

/** Moves bytes as they are; the planner inserts it where a value must also stand somewhere else. */
export const copyOp: OpDef = defineOp({
  id: "copy",
  infer: ([x]) => [x!],
  vjp: ({ cotangents }) => [cotangents[0]],
  reference: ([x]) => [x!.slice()],
  cost: () => ({ flops: 0 }),
});
