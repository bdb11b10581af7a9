/** Gives the reader a file, as a download. */
export function saveFile(name: string, content: string | Uint8Array): void {
  const blob = new Blob([content as BlobPart], {
    type: typeof content === "string" ? "application/json" : "application/octet-stream",
  });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
