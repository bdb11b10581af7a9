// Real disks of a few kilobytes, for what happens when one is full. Linux lets root mount them; elsewhere tests of them are skipped.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Whether `mountSmallDisk` can work here. */
export function canMountSmallDisks(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const folder = join("/tmp", `attune-mount-probe-${process.pid}`);
  try {
    mkdirSync(folder);
    mount(folder, 4);
    execFileSync("umount", [folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Mounts a disk of so many kilobytes on an empty folder until the test is over. */
export function mountSmallDisk(folder: string, kilobytes: number): void {
  mount(folder, kilobytes);
  onTestFinished(() => void execFileSync("umount", [folder]));
}

/** Fills the disk up but for so many kilobytes, by a file that is returned. */
export function fillDisk(folder: string, leave: number): string {
  const file = join(folder, "filler");
  const free = Number(
    execFileSync("df", ["--output=avail", "-k", folder], { encoding: "utf8" }).trim().split("\n").at(-1),
  );
  writeFileSync(file, Buffer.alloc((free - leave) * 1024));
  return file;
}

function mount(folder: string, kilobytes: number): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", folder], { stdio: "ignore" });
}
