import { AttuneError, type ProgressListener, throwIfAborted } from "@attune/spec";
import { checkInteger } from "./check.ts";
import type { TaskRunOptions } from "./task.ts";

/**
 * Sends requests to a model in batches of at most `batchSize`, in order, obeying the signal between batches and reporting
 * progress after each, and inside of one where the model tells how far it is. Throws INTERNAL when the model returns another number of answers than it was asked.
 */
export async function runBatches<Request, Answer>(
  requests: readonly Request[],
  ask: (batch: readonly Request[], onProgress: ProgressListener) => Promise<readonly Answer[]>,
  options: TaskRunOptions & { readonly stage: string; readonly unit: string },
): Promise<Answer[]> {
  const { batchSize = 64, signal, onProgress, stage, unit } = options;
  checkInteger("batchSize", batchSize, 1);
  const answers: Answer[] = [];
  for (let start = 0; start < requests.length; start += batchSize) {
    throwIfAborted(signal);
    const batch = requests.slice(start, start + batchSize);
    const received = await ask(batch, ({ done }) => {
      if (done < batch.length) onProgress?.({ stage, done: start + done, total: requests.length, unit });
    });
    if (received.length !== batch.length) {
      throw new AttuneError("INTERNAL", `The model was asked ${batch.length} ${unit}, it answered ${received.length}.`);
    }
    answers.push(...received);
    onProgress?.({ stage, done: answers.length, total: requests.length, unit });
  }
  return answers;
}
