export { type AdamwOptions, adamw } from "./adamw.ts";
export type { Optimizer, ParameterGroup, ParameterSegment, UpdateInputs } from "./optimizer.ts";
export { createSchedule, type Schedule, type ScheduleOptions, type ScheduleShape } from "./schedule.ts";
export { type SgdOptions, sgd } from "./sgd.ts";
