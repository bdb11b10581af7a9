import { build, preview } from "vite";

/** The built page on a local address. */
export interface ServedPage {
  readonly url: string;
  close(): Promise<void>;
}

/** Builds the page from the sources of all packages into a folder and serves it as static files. */
export async function servePage(folder: string): Promise<ServedPage> {
  const root = new URL("..", import.meta.url).pathname;
  const shared = { root, configFile: `${root}vite.config.ts`, logLevel: "error", build: { outDir: folder } } as const;
  await build({ ...shared, resolve: { conditions: ["@attune/source", "browser", "module", "import", "default"] } });
  const server = await preview({ ...shared, preview: { port: 0, strictPort: false } });
  return { url: server.resolvedUrls!.local[0]!, close: () => server.close() };
}
