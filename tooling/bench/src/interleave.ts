import { type Spread, speedRatio, spreadOf } from "./statistics.ts";
import { type Sample, type Subject, type SubjectCommand, startSubject } from "./subject.ts";

/** One piece of work that every subject does. */
export interface Case {
  readonly name: string;
  readonly request: object;
}

/** One subject's part of a case. */
interface SubjectResult {
  readonly subject: string;
  readonly samples: readonly Sample[];
  readonly seconds: Spread;
  /** How many times as fast the first subject is, round by round; by the token where subjects count tokens. */
  readonly firstIsFasterBy: Spread;
}

/** Seconds for a token: rounds of subjects that make their own batches hold different numbers of them. */
function paceOf({ seconds, tokens }: Sample): number {
  return typeof tokens === "number" ? seconds / tokens : seconds;
}

/** What a row measured. */
export interface Measured {
  readonly cases: readonly {
    readonly name: string;
    readonly request: object;
    readonly results: readonly SubjectResult[];
  }[];
  readonly subjects: readonly {
    readonly name: string;
    readonly ready: Readonly<Record<string, unknown>>;
    /** Null where it is not known. */
    readonly peakBytes: number | null;
  }[];
  /** Subjects that could not take part, or not in every case, and why. */
  readonly skipped: readonly { readonly subject: string; readonly reason: string }[];
}

/** Rounds of a case, of which the first few are thrown away. */
export interface Rounds {
  readonly warmup: number;
  readonly counted: number;
}

/** The subjects of a round: each begins as often as the others, since threads of the one before may spin for a while yet. */
function inTurn<T>(subjects: readonly T[], round: number): readonly T[] {
  const first = round % subjects.length;
  return [...subjects.slice(first), ...subjects.slice(0, first)];
}

/** Why a subject did not do a case: in its own words, where it has some. */
function reasonOf(sample: Readonly<Record<string, unknown>>): string {
  return typeof sample["skipped"] === "string" ? sample["skipped"] : JSON.stringify(sample);
}

/** What a page says of a failure: its first line; what was printed goes to the terminal. */
const summaryOf = (message: string): string => message.split("\n")[0]!.slice(0, 300);

/**
 * Starts all subjects, lets them do each case in turn, round after round, and ends them. Only one works at a time. A subject that
 * cannot start or dies is left out with its reason.
 *
 * @throws Error where the first subject cannot start: there is nothing to compare then
 */
export async function interleave(
  commands: readonly SubjectCommand[],
  rounds: Rounds,
  cases: readonly Case[] = [{ name: "", request: {} }],
): Promise<Measured> {
  const skipped: { subject: string; reason: string }[] = [];
  const leaveOut = (name: string, error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    skipped.push({ subject: name, reason: summaryOf(reason) });
    process.stderr.write(`  ${name} is left out: ${reason}\n`);
  };
  const subjects: Subject[] = [];
  for (const command of commands) {
    process.stderr.write(`  starting ${command.name}\n`);
    await startSubject(command).then(
      (subject) => subjects.push(subject),
      (error: unknown) => leaveOut(command.name, error),
    );
  }
  if (subjects[0]?.name !== commands[0]!.name) {
    for (const { close } of subjects) await close();
    throw new Error(skipped.find(({ subject }) => subject === commands[0]!.name)!.reason);
  }
  const measured = [];
  for (const each of cases) {
    const samples = new Map(subjects.map(({ name }) => [name, [] as Sample[]]));
    for (let round = 0; round < rounds.warmup + rounds.counted; round++) {
      for (const subject of inTurn(subjects, round)) {
        if (!samples.has(subject.name)) continue;
        try {
          const sample = await subject.run(each.request);
          if (typeof sample.seconds !== "number") throw new Error(`${each.name}: ${reasonOf(sample)}`);
          if (round >= rounds.warmup) samples.get(subject.name)!.push(sample);
        } catch (error) {
          samples.delete(subject.name);
          leaveOut(subject.name, error);
        }
      }
    }
    process.stderr.write(`  ${each.name || "row"}: ${rounds.counted} rounds\n`);
    const first = [...samples.values()][0] ?? [];
    const results = [...samples].map(([subject, own]) => ({
      subject,
      samples: own,
      seconds: spreadOf(own.map(({ seconds }) => seconds)),
      firstIsFasterBy: speedRatio(first.map(paceOf), own.map(paceOf)),
    }));
    measured.push({ ...each, results });
  }
  const ended = [];
  for (const { name, ready, close } of subjects) {
    ended.push({ name, ready, peakBytes: await close().catch(() => null) });
  }
  return { cases: measured, subjects: ended, skipped };
}
