import { join } from "node:path";
import { writeFileAtomic } from "@attune/run-folder";

/** Puts the template of a recipe beside a trained model or adapter, as Transformers does, for whoever talks to it later. */
export async function writeChatTemplate(folder: string, template: string | null | undefined): Promise<void> {
  if (template != null) await writeFileAtomic(join(folder, "chat_template.jinja"), template);
}
