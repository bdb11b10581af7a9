import { AttuneError } from "@attune/spec";
import { Command, Help, type Option } from "commander";
import { addComputeOptions, addOutputOptions } from "./options/shared-options.ts";
import type { OutputOptions, Verb } from "./verb.ts";
import { verbGroups, verbs } from "./verbs/index.ts";
import { versionText } from "./version-text.ts";

/** What happens with what was typed. */
export interface ProgramHandlers {
  run(verb: Verb, options: OutputOptions): Promise<void>;
  /** Text of help and version. */
  print(text: string): void;
  /** Text that commander would print on stderr. */
  printError(text: string): void;
}

/** Builds the command line from the verbs. Usage errors are thrown, not printed. */
export function createProgram({ run, print, printError }: ProgramHandlers): Command {
  const program = new Command("attune")
    .description("Adapts open language models to a domain, end to end, in TypeScript.")
    .version(versionText(), "-v, --version", "print the versions and the backends")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .showSuggestionAfterError()
    .configureHelp({ optionDescription })
    .configureOutput({ writeOut: print, writeErr: printError })
    // Before any verb is added: settings are copied when a command is made.
    .exitOverride()
    .addHelpText("after", "\nFirst steps:\n  $ attune demo\n  $ attune init\n  $ attune run recipe.yaml");
  for (const verb of verbs) addVerb(program, verb, run);
  return program;
}

/** Commander's description of an option, without the default of a repeatable one: an empty list. */
function optionDescription(option: Option): string {
  return new Help().optionDescription(option).replace(" (default: [])", "");
}

function addVerb(program: Command, verb: Verb, run: ProgramHandlers["run"]): void {
  const words = verb.name.split(" ");
  const parent = words.slice(0, -1).reduce(groupOf, program);
  const command = parent.command(words.at(-1)!).description(verb.summary).allowExcessArguments(false);
  for (const [name, description] of verb.arguments ?? []) command.argument(name, description);
  verb.configure?.(command);
  if (verb.computes) addComputeOptions(command);
  addOutputOptions(command);
  const examples = verb.examples.map((line) => `  $ ${line}`).join("\n");
  command.addHelpText("after", `\n${verb.examples.length > 1 ? "Examples" : "Example"}:\n${examples}`);
  const required = takeRequired(command);
  command.action(async () => {
    assertGiven(command, required);
    assertPathsNotEmpty(command);
    const named = command.registeredArguments.map((argument, index) => [argument.name(), command.processedArgs[index]]);
    await run(verb, { ...Object.fromEntries(named), ...command.opts() } as OutputOptions);
  });
}

/** Commander would complain of a missing option before it sees that one is misspelt, so they are checked afterwards. */
function takeRequired(command: Command): readonly Option[] {
  const required = command.options.filter(({ mandatory }) => mandatory);
  for (const option of required) option.makeOptionMandatory(false);
  return required;
}

function assertGiven(command: Command, required: readonly Option[]): void {
  const missing = required.find((option) => command.getOptionValue(option.attributeName()) === undefined);
  if (missing === undefined) return;
  throw new AttuneError("OPTIONS_INVALID", `Required option '${missing.flags}' not specified.`, {
    hint: "Add --help to see an example.",
  });
}

/** An empty path is a variable of a shell script that was never set; read as a path it would be the working folder. */
function assertPathsNotEmpty(command: Command): void {
  const isEmpty = (option: Option): boolean =>
    /<(path|folder|model)>/.test(option.flags) && command.getOptionValue(option.attributeName()) === "";
  const empty = command.options.find(isEmpty);
  if (empty === undefined) return;
  throw new AttuneError("OPTIONS_INVALID", `Expected a path in '${empty.flags}', but it is empty.`, {
    hint: "Use . for the working folder.",
  });
}

/** The command that holds verbs of two words, made when the first one comes. */
function groupOf(parent: Command, name: string): Command {
  const known = parent.commands.find((command) => command.name() === name);
  return (
    known ??
    parent
      .command(name)
      .description(verbGroups[name] ?? "")
      .helpCommand(false)
  );
}
