// The gradient of a table's row: the cotangents of its id, added in ascending order of their place by the id's first place.

#import flat

fn run(index: u32) {
  let first = index / columns;
  let column = index % columns;
  let id = ids[first];
  if ((chain[first] & 0x80000000u) == 0u || id < 0i || id >= i32(rows)) {
    return;
  }
  var sum = 0f;
  for (var place = first; place < count; place = chain[place] & 0x7fffffffu) {
    sum += dy[place * columns + column];
  }
  gradient[u32(id) * columns + column] = sum;
}
