// Cases are plain values, so that any test runner can register them.

/** One check. It throws an AttuneError `NUMERICS` with the op, the sample and the first value that differs. */
export interface ConformanceCase {
  /** What is checked; cases of one group belong to one op. */
  readonly group: string;
  readonly name: string;
  run(): Promise<void>;
}

/** Cases, and the release of what they share; run the cases in order, then `dispose`. */
export interface Conformance {
  readonly cases: readonly ConformanceCase[];
  dispose(): Promise<void>;
}

/** What a test runner offers; vitest, jest and node:test all do. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
  afterAll?(body: () => Promise<void>): unknown;
  after?(body: () => Promise<void>): unknown;
}

/** Registers every case with a test runner, one `describe` a group. */
export function describeConformance(title: string, conformance: Conformance, runner: TestRunner): void {
  const groups = new Set(conformance.cases.map((each) => each.group));
  runner.describe(title, () => {
    for (const group of groups) {
      runner.describe(group, () => {
        for (const each of conformance.cases) if (each.group === group) runner.it(each.name, () => each.run());
      });
    }
    (runner.afterAll ?? runner.after)?.(() => conformance.dispose());
  });
}
