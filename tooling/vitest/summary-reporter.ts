import type { Reporter, SerializedError, TestCase, TestModule, Vitest } from "vitest/node";

/**
 * Ends a run with the plain line `tests: N passed, N failed, N skipped`. Skipped tests are listed by name above it,
 * because the name carries the reason; a module that cannot be imported and an unhandled error count as failures.
 */
export default class SummaryReporter implements Reporter {
  /** With `-t`, everything that the pattern does not name is skipped; listing that would hide the result. */
  #listsSkipped = true;

  onInit(vitest: Vitest): void {
    this.#listsSkipped = vitest.config.testNamePattern === undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    const skipped: TestCase[] = [];
    for (const module of modules) {
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "failed") failedTests += 1;
        counts[state === "pending" ? "failed" : state] += 1;
        if (state === "skipped") skipped.push(test);
      }
      if (module.state() === "failed" && failedTests === 0) counts.failed += 1;
    }
    for (const test of this.#listsSkipped ? skipped : []) {
      process.stdout.write(`skipped: ${test.project.name} > ${test.fullName}${noteOf(test)}\n`);
    }
    process.stdout.write(`tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  }
}

function noteOf(test: TestCase): string {
  const result = test.result();
  return result.state === "skipped" && result.note ? ` (${result.note})` : "";
}
