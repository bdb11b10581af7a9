// Moves words as they are.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.x + group.y * grid_width) * 64u + lane;
  if (index < count) {
    destination[index] = origin[index];
  }
}
