import { AttuneError, type FieldReader, textField } from "@attune/spec";

/** Builds the components of one kind by the `type` they have in tokenizer.json. */
export type ComponentBuilders<Component> = Readonly<Record<string, (section: FieldReader) => Component>>;

/** Builds a component, or throws `FILE_UNSUPPORTED` naming the types that are known. */
export function buildComponent<Component>(
  kind: string,
  builders: ComponentBuilders<Component>,
  section: FieldReader,
): Component {
  const type = section.read("type", textField);
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
  section: FieldReader,
  key: string,
): Component[] {
  return section.objects(key).map((inner) => buildComponent(kind, builders, inner));
}
