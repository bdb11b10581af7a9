import { interleave } from "../interleave.ts";
import { attuneSubject, pythonSubject, type Row } from "../row.ts";

const dispatches = 1000;

export const replayRow: Row = {
  id: "replay",
  title: "One replayed dispatch that does next to nothing (64 additions), beside one call of PyTorch",
  unit: "microseconds",
  minutes: 0.5,
  rate: ({ seconds }) => 1e6 * seconds,
  run: ({ short }) =>
    interleave(
      [
        attuneSubject("Attune", "replay.ts", { threads: 1, dispatches }),
        attuneSubject("Attune again (control)", "replay.ts", { threads: 1, dispatches }),
        pythonSubject("PyTorch, eager", "replay.py", { threads: 1, dispatches } as { threads: number }),
      ],
      { warmup: 1, counted: short ? 3 : 9 },
      [{ name: "", request: { seconds: 0.2 } }],
    ),
};
