import { parentPort } from "node:worker_threads";
import { enable256Bits } from "@attune/backend-cpu";
import { multiplyAddPeak } from "../../../packages/backend-cpu/src/engine/chain-rates.ts";

enable256Bits();
parentPort!.on("message", () => parentPort!.postMessage(multiplyAddPeak()));
