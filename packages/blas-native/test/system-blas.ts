// The BLAS that tests use: the one that Debian's libopenblas0-pthread installs. Tests that need it are skipped without it.
import { findNativeBlas } from "../src/index.ts";

export const openblas = await findNativeBlas({ cache: false, library: "libopenblas.so.0" });

/** Why tests that need it are skipped, for their names; empty where it is there. */
export const withoutOpenblas: string = openblas.library
  ? ""
  : ` (skipped without libopenblas0-pthread: ${openblas.failures[0]?.reason})`;
