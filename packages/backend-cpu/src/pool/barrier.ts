// Where threads wait for each other between steps. The last to arrive opens the barrier; the others spin for a moment, as steps
// are short, and then sleep. Mellor-Crummey and Scott, Algorithms for Scalable Synchronization, 1991 (centralised barrier).
import { controlCells } from "./messages.ts";

/** Microseconds to spin before a thread sleeps: about the time that waking a thread takes. */
const spinMicroseconds = 40;

/** Waits until all threads are here. `open` runs on the last to arrive, before anybody goes on. */
export function waitForAll(control: Int32Array<SharedArrayBuffer>, threads: number, open: () => void): void {
  const generation = Atomics.load(control, controlCells.generation);
  if (Atomics.add(control, controlCells.arrived, 1) === threads - 1) {
    open();
    Atomics.store(control, controlCells.arrived, 0);
    Atomics.add(control, controlCells.generation, 1);
    Atomics.notify(control, controlCells.generation);
    return;
  }
  const deadline = performance.now() + spinMicroseconds / 1000;
  do {
    for (let round = 0; round < 100; round++) {
      if (Atomics.load(control, controlCells.generation) !== generation) return;
    }
  } while (performance.now() < deadline);
  while (Atomics.load(control, controlCells.generation) === generation) {
    Atomics.wait(control, controlCells.generation, generation);
  }
}
