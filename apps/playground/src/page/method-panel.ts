import { defaultSettings, settingLimits, type TunerSettings } from "../tuner/settings.ts";
import { element, numberField } from "./elements.ts";

/** Ids of the fields. */
const fields: Readonly<Record<keyof TunerSettings, string>> = {
  rank: "rank",
  learningRate: "learningRate",
  steps: "steps",
  rows: "rowsPerStep",
  seed: "seed",
};

/** The form of the method. */
export interface MethodPanel {
  /** What the fields say; what is no number is NaN. */
  settings(): TunerSettings;
  /** Marks the field of a setting as wrong and goes there; undefined marks none. */
  mark(key: string | undefined): void;
  lock(locked: boolean): void;
}

/** Fills the form with the defaults. */
export function methodPanel(): MethodPanel {
  const keys = Object.keys(fields) as (keyof TunerSettings)[];
  const fieldOf = (key: keyof TunerSettings): HTMLInputElement => numberField(fields[key]);
  for (const key of keys) {
    fieldOf(key).value = String(defaultSettings[key]);
    fieldOf(key).min = String(settingLimits[key].minimum);
    fieldOf(key).max = String(settingLimits[key].maximum);
  }
  return {
    settings() {
      const read = (key: keyof TunerSettings): number => fieldOf(key).valueAsNumber;
      return {
        rank: read("rank"),
        learningRate: read("learningRate"),
        steps: read("steps"),
        rows: read("rows"),
        seed: read("seed"),
      };
    },
    mark(wrong) {
      for (const key of keys) fieldOf(key).setAttribute("aria-invalid", String(key === wrong));
      const field = keys.find((key) => key === wrong);
      if (field === undefined) return;
      fieldOf(field).closest("details")?.setAttribute("open", "");
      fieldOf(field).focus();
    },
    lock(locked) {
      element("method-fields", HTMLFieldSetElement).disabled = locked;
    },
  };
}
