import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { attachAdapters, loadAdapter, placeForInference, saveAdapter } from "@attune/peft-core";
import { assert, assertClose, assertDiffers, assertSame, magnitude } from "../assertions.ts";
import { inFolder } from "../in-folder.ts";
import { tokensOf } from "../workbench.ts";
import type { Check } from "./check.ts";

/** PEFT folders. */
export const filesChecks: readonly Check[] = [
  {
    name: "computes the same after it was saved and loaded under another name",
    run: ({ method, workbench }) =>
      inFolder(async (folder) => {
        const bench = await workbench();
        const { runtime, model, adapters, values } = bench;
        await saveAdapter(runtime, model, adapters, values, folder);
        const loaded = await loadAdapter(runtime, model, folder, { methods: [method], name: "other" });
        const again = attachAdapters(model, [loaded]);
        const placed = await placeForInference(runtime, again, loaded.values);
        const saved = tokensOf(await bench.logits(bench.visit(await bench.place(values))));
        const read = tokensOf(await bench.logits(again.visitors(placed.placement)));
        assertDiffers("logits of the loaded adapter and of the base", read, tokensOf(await bench.logits()));
        assertClose("logits of the loaded adapter", read, saved, 2 ** -20 * magnitude(saved));
      }),
  },
  {
    name: "writes the same bytes when it is saved, loaded and saved",
    run: ({ method, workbench }) =>
      inFolder(async (folder) => {
        const { runtime, model, adapters, values } = await workbench();
        const [first, second] = [join(folder, "first"), join(folder, "second")];
        await saveAdapter(runtime, model, adapters, values, first);
        const loaded = await loadAdapter(runtime, model, first, { methods: [method] });
        await saveAdapter(runtime, model, attachAdapters(model, [loaded]), loaded.values, second, {
          origin: loaded.origin,
        });
        const files = (await readdir(first)).sort();
        assert(
          files.join() === "adapter_config.json,adapter_model.safetensors",
          `The folder holds ${files.join(", ")}.`,
        );
        for (const file of files)
          assertSame(file, await readFile(join(second, file)), await readFile(join(first, file)));
      }),
  },
  {
    name: "names its type and no key that it cannot read back in its configuration",
    run: ({ method, workbench }) =>
      inFolder(async (folder) => {
        const { runtime, model, adapters, values } = await workbench();
        await saveAdapter(runtime, model, adapters, values, folder);
        const config = JSON.parse(await readFile(join(folder, "adapter_config.json"), "utf8")) as Record<
          string,
          unknown
        >;
        assert(config["peft_type"] === method.peft.type, `peft_type is ${String(config["peft_type"])}.`);
        const notices: string[] = [];
        await loadAdapter(runtime, model, folder, {
          methods: [method],
          onNotice: (sentence) => notices.push(sentence),
        });
        assert(notices.length === 0, `Loading leaves keys out: ${notices.join(" ")}`);
      }),
  },
];
