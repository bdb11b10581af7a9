// For every place, the next one of the same id (`count` if there is none), with the upper bit set at the first place of an id:
// sums over places of an id can then go in ascending order without atomics.

#import flat

fn run(index: u32) {
  let id = ids[index];
  var next = index + 1u;
  while (next < count && ids[next] != id) {
    next++;
  }
  var before = index;
  while (before > 0u && ids[before - 1u] != id) {
    before--;
  }
  chain[index] = next | select(0u, 0x80000000u, before == 0u);
}
