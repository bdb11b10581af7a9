import { readFileSync } from "node:fs";

/**
 * Returns when a process started, as text that only makes sense to compare, or undefined where the system does not
 * say (outside Linux) or there is no such process. Together with the pid it tells a process from a later one that
 * was given the same pid, also after a reboot.
 */
export function processStart(pid: number): string | undefined {
  try {
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in parentheses and may hold spaces; start time is field 22.
    const startTime = status.slice(status.lastIndexOf(")") + 2).split(" ")[19];
    return startTime === undefined ? undefined : `${bootId}/${startTime}`;
  } catch {
    return undefined;
  }
}

/** Whether a process of this host is alive; one that started at another time than `start` is another process. */
export function isProcessAlive(pid: number, start: string | undefined): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const current = processStart(pid);
  return start === undefined || current === undefined || current === start;
}
