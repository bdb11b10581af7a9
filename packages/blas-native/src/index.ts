export type { BlasLibrary } from "./blas-library.ts";
export { type BlasFailure, type BlasSearch, type BlasSearchOptions, findNativeBlas } from "./find-native-blas.ts";
export type { LibraryFile } from "./library-files.ts";
