// Blocks of keys and values in workgroup memory, for kernels whose workgroups of 64 threads go over them.

#import attention-common

var<workgroup> key_tile: array<vec4f, block * quads>;
var<workgroup> value_tile: array<vec4f, block * quads>;

// Copies the block that begins at key `first`; past the last key it is zero. A barrier has to follow.
fn load_keys(batch: u32, key_head: u32, first: u32, thread: u32) {
  for (var index = thread; index < block * quads; index += 64u) {
    let key = first + index / quads;
    let inner = index % quads;
    if (key < keys) {
      let place = key_start(batch, key_head, key);
      key_tile[index] = k_quad(place, inner);
      value_tile[index] = v_quad(place, inner);
    } else {
      key_tile[index] = vec4f();
      value_tile[index] = vec4f();
    }
  }
}
