// What the kernels share whose workgroups of 64 threads go over blocks of keys or rows: two tiles in workgroup memory, and whether
// any of 16 rows and a block of keys see each other at all. Where none do (other documents of a packed row, keys outside the window,
// above the diagonal), the block is passed over: its weights are zeros.

#import attention-common

var<workgroup> first_tile: array<vec4f, block * quads>;
var<workgroup> second_tile: array<vec4f, block * quads>;

#if skips
// Two variables, since compilers before 2026 (Firefox, wgpu) have no uniform load of an atomic one.
var<workgroup> latest_seen: atomic<u32>;
var<workgroup> block_seen: u32;

// Before the first block: workgroup memory holds anything at first.
fn begin_blocks(thread: u32) {
  if (thread == 0u) {
    atomicStore(&latest_seen, 0u);
  }
  workgroupBarrier();
}

// Whether a thread of the workgroup has set a bit for the block that begins at `first`. All threads have to call it.
fn any_seen(first: u32, seen: u32, thread: u32) -> bool {
  if (seen != 0u) {
    atomicMax(&latest_seen, first + 1u);
  }
  workgroupBarrier();
  if (thread == 0u) {
    block_seen = atomicLoad(&latest_seen);
  }
  return workgroupUniformLoad(&block_seen) == first + 1u;
}
#else
fn begin_blocks(thread: u32) {}

fn any_seen(first: u32, seen: u32, thread: u32) -> bool {
  return true;
}
#endif

// Copies the block of keys and values that begins at key `first`; past the last key it is zero. A barrier has to follow.
fn load_keys(batch: u32, key_head: u32, first: u32, thread: u32) {
  for (var index = thread; index < block * quads; index += 64u) {
    let key = first + index / quads;
    let inner = index % quads;
    if (key < keys) {
      let place = key_start(batch, key_head, key);
      first_tile[index] = k_quad(place, inner);
      second_tile[index] = v_quad(place, inner);
    } else {
      first_tile[index] = vec4f();
      second_tile[index] = vec4f();
    }
  }
}

// Bit j for each key first + lane + 4 j that a query sees.
fn keys_seen(batch: u32, query: u32, first: u32, lane: u32) -> u32 {
  var seen = 0u;
  for (var j = 0u; j < block / 4u; j++) {
    let key = first + lane + j * 4u;
    if (key < keys && visible(batch, query, key)) {
      seen |= 1u << j;
    }
  }
  return seen;
}
