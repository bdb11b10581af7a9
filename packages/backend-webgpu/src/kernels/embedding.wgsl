// Rows of a stored table by their ids, four columns a thread; an id outside the table gives zeros.

#import flat

fn run(index: u32) {
  let place = index / quads;
  let column = index % quads * 4u;
  let id = ids[place];
  var value = vec4f();
  if (id >= 0i && id < i32(rows)) {
    value = decode(u32(id) * columns + column);
  }
  for (var lane = 0u; lane < 4u && column + lane < columns; lane++) {
    y[place * columns + column + lane] = value[lane];
  }
}
