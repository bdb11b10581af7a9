// What kernels reach of the device's peak: each beside a plain copy, in turns, which says what the memory gives at that moment. If a copy
// is slow, or its spread wide, the row beside it says nothing.
import type { JsonValue } from "@attune/spec";
import { type Backend, type DeviceDescription, type Plan, parseDevice } from "@attune/tensor-core";
import type { Item, Section, SectionContext } from "../section.ts";
import { copyProgram, cube, decoding, everywhere, type Named, onlyPlain, quickOnes } from "./speed-programs.ts";
import { kernelTimes, makeReady, type Ready, runsOf, spreadOf, type TimedProgram } from "./timed-program.ts";
import { withUnrolledLoops } from "./unroll-loops.ts";
import { openVariants, type VariantBackend } from "./variant-backends.ts";

const rounds = { full: 11, quick: 5 };

/** The copy beside all rows, ready from the first one on. */
interface Control {
  readonly program: TimedProgram;
  readonly ready: Ready;
  readonly runs: number;
}

async function openControl(backend: Backend): Promise<Control> {
  const program = copyProgram(backend.capabilities);
  const ready = await makeReady(backend, program);
  return { program, ready, runs: await runsOf(ready) };
}

/** What a program does in a second, and the share of a device's peak that this is. */
function rateOf(
  { flops, bytes }: TimedProgram,
  milliseconds: number,
  peak: { readonly flops: number; readonly bandwidth: number } | undefined,
): JsonValue {
  const [work, most] = flops > 0 ? [flops, peak?.flops] : [bytes, peak?.bandwidth];
  const perSecond = (1000 * work) / milliseconds;
  return {
    milliseconds,
    ...(flops > 0 ? { tflops: perSecond / 1e12 } : { gigabytesPerSecond: perSecond / 1e9 }),
    ...(most === undefined ? {} : { share: perSecond / most }),
  };
}

/** The peak for the kernels of a plan: matrices have one of their own. */
function peakFor(
  { dispatches }: Plan,
  device: DeviceDescription,
): { readonly flops: number; readonly bandwidth: number } {
  const onMatrices = dispatches.some(({ kernel }) => kernel.endsWith("subgroup-matrix"));
  return { flops: (onMatrices ? device.flops.f16 : undefined) ?? device.flops.f32, bandwidth: device.bandwidth };
}

/** Times a program in turn with the copy; by the clock, with all that a run costs the host, and by the device's own. */
async function measure(
  { options, doing }: SectionContext,
  backend: Backend,
  timed: TimedProgram,
  control: Control,
): Promise<JsonValue> {
  const row = await makeReady(backend, timed);
  doing("timing by the clock");
  const runs = await runsOf(row);
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < (options.quick ? rounds.quick : rounds.full); round++) {
    times[0].push(await row.time(runs));
    times[1].push(await control.ready.time(control.runs));
  }
  const [own, beside] = [spreadOf(times[0]), spreadOf(times[1])];
  doing("timing by the device's own clock");
  const kernels = await kernelTimes(row);
  await row.runtime.dispose();
  const peak = options.peaks === undefined ? undefined : peakFor(row.program.plan, parseDevice(options.peaks));
  return {
    clock: rateOf(timed, own.median, peak),
    spread: own.spread,
    ...(kernels === undefined ? {} : { device: rateOf(timed, kernels.milliseconds, peak), kernels: kernels.kernels }),
    copy: { gigabytesPerSecond: control.program.bytes / beside.median / 1e6, spread: beside.spread },
  };
}

interface Row {
  readonly name: string;
  readonly backend: Backend;
  readonly timed: TimedProgram;
}

/** Programs in each of these variants. */
function inVariants(variants: readonly VariantBackend[], programs: Named): Row[] {
  return variants.flatMap(({ variant, backend }) =>
    programs.map(([name, timed]) => ({ name: `${name}: ${variant}`, backend, timed })),
  );
}

/** All rows, those first that a short time should be spent on. */
function rowsOf(variants: readonly VariantBackend[], quick: boolean): Row[] {
  const [plain] = variants;
  const products = variants.filter(({ variant }) => variant !== "subgroups");
  if (quick) return inVariants(products, everywhere.slice(0, quickOnes));
  const unrolled = [...products, { ...plain!, variant: "attention" }].map(({ variant, backend }) => ({
    variant: `${variant}, loops written out`,
    backend: withUnrolledLoops(backend),
  }));
  return [
    ...inVariants(products, everywhere),
    ...inVariants(unrolled.slice(0, -1), everywhere.slice(...cube)),
    ...inVariants([plain!], onlyPlain),
    ...inVariants(unrolled.slice(-1), onlyPlain.slice(0, 2)),
    ...inVariants(
      variants.filter(({ variant }) => ["plain", "subgroups"].includes(variant)),
      decoding,
    ),
  ];
}

/** The section. */
export const speedSection: Section = {
  name: "speed",
  title: "kernels against the device's peak, variant by variant",
  seconds: 150,
  quickSeconds: 40,
  itemSeconds: 40,
  needsHardware: true,
  async items(context): Promise<readonly Item[]> {
    const variants = await openVariants(context);
    let opened: Promise<Control> | undefined;
    const control = (): Promise<Control> => {
      opened ??= openControl(variants[0]!.backend);
      return opened;
    };
    return rowsOf(variants, context.options.quick).map(({ name, backend, timed }) => ({
      name,
      run: async () => measure(context, backend, timed, await control()),
    }));
  },
};
