import type { SiteDescription } from "@attune/models";
import { AttuneError } from "@attune/spec";
import { sameShape } from "@attune/tensor-core";
import type { AdapterLayout, AdapterParameter, ParameterDeclaration } from "./adapter-parameter.ts";

/** A parameter's name without the adapter's: `<module path>.<local>`, or the local name if it is shared. */
export function bareName({ site, local }: Pick<AdapterParameter, "site" | "local">): string {
  return site === undefined ? local : `${site.name}.${local}`;
}

/** Names every parameter of a layout. @throws AttuneError `INTERNAL` for a layout that contradicts itself: the method has a bug */
export function listParameters(
  adapter: string,
  method: string,
  layout: AdapterLayout,
  groups: ReadonlySet<string>,
): readonly AdapterParameter[] {
  const fault = (sentence: string): AttuneError =>
    new AttuneError("INTERNAL", `The layout of method "${method}" ${sentence}.`);
  const make = (
    site: SiteDescription | undefined,
    local: string,
    declaration: ParameterDeclaration,
  ): AdapterParameter => {
    const { shape, role = "trained", group, replaces, initial } = declaration;
    const bare = bareName({ site, local });
    if (group !== undefined && !groups.has(group))
      throw fault(`puts "${bare}" into the group "${group}", which it does not have`);
    assertReplaces(site, bare, declaration, fault);
    const key =
      declaration.key === null
        ? undefined
        : (declaration.key ?? (site === undefined ? `base_model.${local}` : `base_model.model.${bare}`));
    return {
      name: `${adapter}/${bare}`,
      adapter,
      local,
      site,
      shape,
      role,
      group: group === undefined ? "default" : `${adapter}/${group}`,
      replaces,
      key,
      initial,
    };
  };
  const parameters = [
    ...Object.entries(layout.shared ?? {}).map(([local, declaration]) => make(undefined, local, declaration)),
    ...layout.sites.flatMap(({ site, parameters: own }) =>
      Object.entries(own).map(([local, declaration]) => make(site, local, declaration)),
    ),
  ];
  const seen = new Set<string>();
  for (const { name } of parameters) {
    if (seen.has(name)) throw fault(`declares "${name}" twice`);
    seen.add(name);
  }
  return parameters;
}

function assertReplaces(
  site: SiteDescription | undefined,
  bare: string,
  { replaces, shape }: ParameterDeclaration,
  fault: (sentence: string) => AttuneError,
): void {
  if (replaces === undefined) return;
  const own = site?.parameters[replaces];
  if (own === undefined) throw fault(`lets "${bare}" replace "${replaces}", which its site does not have`);
  if (!sameShape(own.shape, shape))
    throw fault(`gives "${bare}" the shape [${shape.join(", ")}] in place of [${own.shape.join(", ")}]`);
}
