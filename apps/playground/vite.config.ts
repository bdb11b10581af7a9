// The page as static files: the application, the worker, and the model's files beside them. Nothing is fetched from elsewhere.
import { createReadStream, readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { folder } from "@attune/model-tiny";
import { defineConfig, type Plugin } from "vite";

const modelFiles = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"];

/** Puts the model's files into `model/` of the page. */
function modelAssets(): Plugin {
  return {
    name: "model-assets",
    generateBundle() {
      if (this.environment.name !== "client") return;
      for (const name of modelFiles) {
        this.emitFile({ type: "asset", fileName: `model/${name}`, source: readFileSync(join(folder, name)) });
      }
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = /^\/model\/([\w.]+)$/.exec(request.url ?? "")?.[1];
        if (name === undefined || !modelFiles.includes(name)) return next();
        response.setHeader("content-length", statSync(join(folder, name)).size);
        createReadStream(join(folder, name)).pipe(response);
      });
    },
  };
}

/** Fails where something that the page imports would bring a module of Node along, used or not. */
function refuseNodeModules(): Plugin {
  return {
    name: "refuse-node-modules",
    enforce: "pre",
    resolveId(id, importer) {
      if (isBuiltin(id)) this.error(`${importer} imports ${id}, which browsers do not have`);
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [modelAssets(), refuseNodeModules()],
  worker: { format: "es", plugins: () => [refuseNodeModules()] },
  build: { outDir: "site", target: "es2022", chunkSizeWarningLimit: 800 },
  preview: { host: "127.0.0.1", port: 4173 },
});
