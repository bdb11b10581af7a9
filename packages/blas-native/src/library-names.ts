/**
 * Where a native BLAS usually is, the fastest first, as the system's loader finds it. A library in an unusual place is named by its
 * path instead.
 */
export function libraryNames(platform: NodeJS.Platform): readonly string[] {
  switch (platform) {
    case "darwin":
      return [
        "/System/Library/Frameworks/Accelerate.framework/Accelerate",
        "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
        "/usr/local/opt/openblas/lib/libopenblas.dylib",
      ];
    case "win32":
      return ["mkl_rt.2.dll", "mkl_rt.dll", "libopenblas.dll", "openblas.dll"];
    default:
      return [
        "libmkl_rt.so.2",
        "libmkl_rt.so.1",
        "libmkl_rt.so",
        "libopenblas.so.0",
        "libopenblas.so",
        "libblis.so.4",
        "libblis.so.3",
        "libblas.so.3",
      ];
  }
}
