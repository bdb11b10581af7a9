export type { Host } from "./host.ts";
export { main } from "./main.ts";
