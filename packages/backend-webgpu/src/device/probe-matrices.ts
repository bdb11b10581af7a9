// The extension for matrices of subgroups is spelled in two ways: with the layout as a template argument, or as a flag among the
// arguments (Dawn before August 2026). Which one a device takes is found by compiling the newer.

const newer = `enable f16;
enable chromium_experimental_subgroup_matrix;
var<workgroup> values: array<f16, 256>;
@compute @workgroup_size(128)
fn main() {
  let left = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&values, 0u, 16u);
}
`;

/** Whether the device takes layouts as template arguments. */
export async function takesMatrixLayouts(device: GPUDevice): Promise<boolean> {
  device.pushErrorScope("validation");
  const { messages } = await device.createShaderModule({ code: newer }).getCompilationInfo();
  await device.popErrorScope();
  return messages.every(({ type }) => type !== "error");
}
