// A thread that took its memory over while it grew: the engine never tells it, and bulk operations stop at the old size. That takes a
// growth by another thread between the beginning and the end of one message's deserialisation, which padding makes 0.1 s long.
import { EventEmitter } from "node:events";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import { type AddressType, address, loadAddress, ModuleBuilder } from "@attune/tensor-core/wasm";
import { expect, it, vi } from "vitest";
import { pageBytes } from "../src/memory/heap.ts";
import { controlCells, type RunFinished, type WorkerMessage, type WorkerStart } from "../src/pool/messages.ts";

const [initial, grown, maxPages] = [1, 4, 64];

/** Sends a memory behind padding; told that it is being read, waits a moment and lets it grow. */
const owner = `
  const { port, turn, type, padding, initial, grown, maximum } = require("node:worker_threads").workerData;
  const pages = type === "i64" ? BigInt : Number;
  const memory = new WebAssembly.Memory({ address: type, initial: pages(initial), maximum: pages(maximum), shared: true });
  port.postMessage({ padding: Array.from({ length: padding }, () => []), memory });
  Atomics.store(turn, 0, 1);
  Atomics.notify(turn, 0);
  Atomics.wait(turn, 0, 1);
  Atomics.wait(turn, 1, 0, 20);
  memory.grow(pages(grown - initial));
  Atomics.store(turn, 0, 3);
  Atomics.notify(turn, 0);
`;

/** A memory of `grown` pages that this thread takes for one of `initial`; undefined where the growth came too late. */
async function takeStaleMemory(type: AddressType, padding: number): Promise<WebAssembly.Memory | undefined> {
  const { port1, port2 } = new MessageChannel();
  const turn = new Int32Array(new SharedArrayBuffer(8));
  const workerData = { port: port1, turn, type, padding, initial, grown, maximum: maxPages };
  const worker = new Worker(owner, { eval: true, workerData, transferList: [port1] });
  while (Atomics.load(turn, 0) !== 1) Atomics.wait(turn, 0, 0, 100);
  Atomics.store(turn, 0, 2);
  Atomics.notify(turn, 0);
  const { memory } = receiveMessageOnPort(port2)!.message as { memory: WebAssembly.Memory };
  while (Atomics.load(turn, 0) !== 3) Atomics.wait(turn, 0, 2, 100);
  await worker.terminate();
  port2.close();
  return memory.buffer.byteLength === initial * pageBytes ? memory : undefined;
}

/** One kernel, which fills the last 100 bytes of the grown memory with 7. */
function compileFill(addressType: AddressType): WebAssembly.Module {
  const module = new ModuleBuilder(
    { addressType, relaxedSimd: true },
    { module: "env", name: "memory", minPages: 1, maxPages },
  );
  const fill = module.function({ name: "fill", parameters: ["address", "i32"] }, (f, parameters) => {
    f.fillBytes(loadAddress(parameters), 7, address.constant(100));
  });
  module.export(fill, "k0");
  return new WebAssembly.Module(module.encode());
}

it.each(["i32", "i64"] as const)(
  "a thread fills memory that grew while it took it over (%s addresses)",
  async (addressType) => {
    let memory: WebAssembly.Memory | undefined;
    for (let padding = 1e6; memory === undefined && padding < 1e7; padding *= 2) {
      memory = await takeStaleMemory(addressType, padding);
    }
    const workerData: WorkerStart = {
      memory: memory!,
      addressType,
      control: new SharedArrayBuffer(4 * controlCells.count),
      thread: 0,
      threads: 1,
      parameters: 1024,
    };
    const answers: RunFinished[] = [];
    const parentPort = Object.assign(new EventEmitter(), {
      postMessage: (answer: RunFinished) => answers.push(answer),
    });
    vi.doMock("node:worker_threads", () => ({ parentPort, workerData }));
    vi.resetModules();
    await import("../src/pool/worker.ts");
    const steps = new Int32Array(new SharedArrayBuffer(20));
    steps.set([0, 0, 1, 0, 1]);
    const addresses = new Float64Array(new SharedArrayBuffer(8));
    addresses[0] = grown * pageBytes - 100;
    const messages: WorkerMessage[] = [
      { kind: "module", module: compileFill(addressType) },
      {
        kind: "program",
        id: 0,
        steps,
        addresses,
      },
      { kind: "run", id: 0, from: 0, to: 1, scratch: 0, shared: 0, near: 0, memoryBytes: grown * pageBytes },
    ];
    for (const message of messages) parentPort.emit("message", message);
    expect(answers).toEqual([{}]);
    expect(new Uint8Array(memory!.buffer).subarray(-101).join()).toBe([0, ...Array<number>(100).fill(7)].join());
  },
);
