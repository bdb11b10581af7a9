// Reading a parameter and crossing a site are what a Scope does: it carries the module path, the trace, and who visits.
import { AttuneError } from "@attune/spec";
import { sameShape, type TensorType, type Trace } from "@attune/tensor-core";
import type { ForwardContext } from "./forward-context.ts";
import { type ParameterPlacement, type ParameterSource, readPlacement } from "./parameter-source.ts";
import type { SiteParameter, SiteVisitor } from "./site.ts";

/** A module path in one trace of a model. */
export interface Scope {
  readonly trace: Trace;
  /** Path as in the checkpoint; empty at the root. */
  readonly name: string;
  readonly visitors: readonly SiteVisitor[];
  readonly context: ForwardContext | undefined;
  /** The scope of a module inside this one. */
  at(path: string): Scope;
  /** The root scope of the same trace, for parameters that modules share. */
  root(): Scope;
  /** The same place with the forward pass that crossings tell visitors about. */
  during(context: ForwardContext): Scope;
  /** A parameter of this module. Throws `ID_UNKNOWN` or `SHAPE_MISMATCH` naming it. */
  parameter(name: string, shape: readonly number[]): SiteParameter;
  /** Type of a parameter of this module. Throws `ID_UNKNOWN`. */
  parameterType(name: string): TensorType;
  /** Runs `body` with this path as the trace's scope. */
  enter<T>(body: () => T): T;
}

/** What a scope is made of. */
export interface ScopeOptions {
  readonly parameters: ParameterSource;
  /** In order: the first is outermost and sees what the others made. */
  readonly visitors?: readonly SiteVisitor[] | undefined;
}

/** What all scopes of one trace share. */
interface Session {
  readonly trace: Trace;
  readonly parameters: ParameterSource;
  readonly visitors: readonly SiteVisitor[];
  entered: string;
}

/**
 * The root scope of a model in a trace. Reading throws `ID_UNKNOWN` for a parameter that the model lacks, `SHAPE_MISMATCH` for one of
 * another shape.
 */
export function createScope(trace: Trace, { parameters, visitors = [] }: ScopeOptions): Scope {
  return makeScope({ trace, parameters, visitors, entered: "" }, "", undefined);
}

function makeScope(session: Session, name: string, context: ForwardContext | undefined): Scope {
  const { trace, parameters, visitors } = session;
  const pathOf = (child: string): string => (name === "" ? child : `${name}.${child}`);
  return {
    trace,
    name,
    visitors,
    context,
    at: (path) => makeScope(session, pathOf(path), context),
    root: () => makeScope(session, "", context),
    during: (given) => makeScope(session, name, given),
    parameter(child, shape) {
      const full = pathOf(child);
      const placement = placementOf(parameters, full);
      if (!sameShape(placement.type.shape, shape)) {
        throw new AttuneError(
          "SHAPE_MISMATCH",
          `Expected parameter "${full}" to be [${shape.join(", ")}], but it is [${placement.type.shape.join(", ")}].`,
        );
      }
      return { name: full, shape, read: () => readPlacement(trace, placement) };
    },
    parameterType: (child) => placementOf(parameters, pathOf(child)).type,
    enter: (body) => enter(session, name, body),
  };
}

function placementOf(parameters: ParameterSource, name: string): ParameterPlacement {
  const placement = parameters.get(name);
  if (placement === undefined) {
    throw new AttuneError("ID_UNKNOWN", `Expected a parameter "${name}", but the model has none of that name.`, {
      hint: `The ${parameters.size} names there begin with ${[...parameters.keys()].slice(0, 4).join(", ")}.`,
    });
  }
  return placement;
}

/** Enters a path relative to the one that is open, so that nested crossings do not repeat it. */
function enter<T>(session: Session, name: string, body: () => T): T {
  const outer = session.entered;
  if (name === outer || name === "") return body();
  const relative = outer !== "" && name.startsWith(`${outer}.`) ? name.slice(outer.length + 1) : name;
  session.entered = name;
  try {
    return session.trace.scoped(relative, body);
  } finally {
    session.entered = outer;
  }
}
