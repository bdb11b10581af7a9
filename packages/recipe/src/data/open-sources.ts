import { createHashIndex, hashText, openSource, type PackageResolver, type RecordSource } from "@attune/data-core";
import { hashJson } from "@attune/run-folder";
import { AttuneError } from "@attune/spec";
import type { DataConfig, SourceConfig } from "../config/data-config.ts";

/** How sources are opened. */
export interface SourceContext {
  readonly baseDirectory: string;
  readonly resolvePackage?: PackageResolver | undefined;
}

/** The records of a configuration's source or sources. @throws AttuneError `OPTIONS_INVALID` where there is none */
export function openSources(source: DataConfig["source"], context: SourceContext): RecordSource {
  const sources = Array.isArray(source) ? (source as readonly SourceConfig[]) : source === null ? [] : [source];
  if (sources.length === 0) {
    throw new AttuneError("OPTIONS_INVALID", "Expected a data source, but the recipe has none.", {
      hint: "For example data: { source: { path: rows.jsonl } }",
      details: { key: "data.source" },
    });
  }
  const opened = sources.map((each) => openSource(each, context));
  return opened.length === 1 ? opened[0]! : joinSources(opened);
}

/** Sources one after the other. Ids must differ across all of them. */
function joinSources(sources: readonly RecordSource[]): RecordSource {
  return {
    description: { sources: sources.map(({ description }) => description) },
    fingerprint: async () => hashJson(await Promise.all(sources.map((source) => source.fingerprint()))),
    async *open(options) {
      const owners = createHashIndex();
      for (const [index, source] of sources.entries()) {
        for await (const record of source.open(options)) {
          const first = owners.getOrAdd(hashText(record.id), index);
          if (first !== undefined && first !== index) {
            throw new AttuneError(
              "INPUT_INVALID",
              `Expected ids to be unique, but sources ${first} and ${index} both have "${record.id}".`,
              { hint: "Choose an id column of one of them.", details: { key: record.id } },
            );
          }
          yield record;
        }
      }
    },
  };
}
