import { AttuneError } from "@attune/spec";
import { type Section, sectionList, stringField } from "./section.ts";

/** Builds the components of one kind by the `type` they have in tokenizer.json. */
export type ComponentBuilders<Component> = Readonly<Record<string, (section: Section) => Component>>;

/** Builds a component, or throws `FILE_UNSUPPORTED` naming the types that are known. */
export function buildComponent<Component>(
  kind: string,
  builders: ComponentBuilders<Component>,
  section: Section,
): Component {
  const type = stringField(section, "type");
  if (Object.hasOwn(builders, type)) return builders[type]!(section);
  const known = Object.keys(builders).sort();
  throw new AttuneError("FILE_UNSUPPORTED", `${section.where}: the ${kind} "${type}" is not known.`, {
    hint: `Known are ${known.join(", ")}.`,
    details: { key: section.where, known },
  });
}

/** Builds the components listed under a key of a `Sequence`. */
export function buildSequence<Component>(
  kind: string,
  builders: ComponentBuilders<Component>,
  section: Section,
  key: string,
): Component[] {
  return sectionList(section, key).map((inner) => buildComponent(kind, builders, inner));
}
