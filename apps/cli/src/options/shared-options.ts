import { type Command, Option } from "commander";
import { integerFrom } from "./option-parsers.ts";

/** The options of every verb. */
export function addOutputOptions(command: Command): void {
  command
    .optionsGroup("Output:")
    .option("--json", "print the result as one JSON document")
    .option("-q, --quiet", "print nothing but the result and errors")
    .option("--verbose", "show the stack of an error")
    .addOption(
      new Option("--progress <mode>", "how progress is shown on stderr")
        .choices(["auto", "bar", "plain", "none"])
        .default("auto"),
    )
    .option("--no-color", "print without colours");
}

/** The options of every verb that runs a model. */
export function addComputeOptions(command: Command): void {
  command
    .optionsGroup("Compute:")
    .addOption(
      new Option("--seed <number>", "seed of everything random")
        .argParser(integerFrom(0))
        .default(0)
        .env("ATTUNE_SEED"),
    )
    .addOption(new Option("--device <device>", "cpu, webgpu, or auto: the CPU").default("auto").env("ATTUNE_DEVICE"))
    .addOption(
      new Option("--products <precision>", "operands of matrix products: f32, or f16 on GPUs that can")
        .choices(["f32", "f16"])
        .default("f32")
        .env("ATTUNE_PRODUCTS"),
    )
    .addOption(
      new Option("--threads <number>", "threads that compute (default: one a core)")
        .argParser(integerFrom(1))
        .env("ATTUNE_THREADS"),
    )
    .addOption(
      new Option("--memory <size>", "most that the CPU device may hold, such as 12GB (default: 4GiB)").env(
        "ATTUNE_MEMORY",
      ),
    );
}
