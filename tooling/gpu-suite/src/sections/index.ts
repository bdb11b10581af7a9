import type { Section } from "../section.ts";
import { conformanceSection16, conformanceSection32 } from "./conformance.ts";
import { deviceSection, variantsSection } from "./device.ts";
import { largeSection } from "./large-tensors.ts";
import { leakSection } from "./leak.ts";
import { speedSection } from "./speed.ts";
import { stepSection } from "./step.ts";
import { trainingSection } from "./training.ts";

/** All sections, in the order of what one wants to know first. */
export const sections: readonly Section[] = [
  deviceSection,
  variantsSection,
  conformanceSection32,
  trainingSection,
  speedSection,
  stepSection,
  conformanceSection16,
  largeSection,
  leakSection,
];
