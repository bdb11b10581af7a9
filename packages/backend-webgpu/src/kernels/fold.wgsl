// One stage of a fold (fold.ts): `lanes` threads fold a range of the values of one output, then join in a tree.

#import numbers

var<workgroup> parts_of_threads: array<Number, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let number = (group.x + group.y * grid_width) * (64u / lanes) + thread / lanes;
  let inside = number < total;
  let output = number % outputs;
  let first = number / outputs * range_length;
  let end = select(0u, min(count, first + range_length), inside);
  let lane = thread % lanes;
  var value = initial();
  for (var place = first + lane; place < end; place += lanes) {
    value = join(value, element(output, place));
  }
  parts_of_threads[thread] = value;
  for (var step = lanes / 2u; step > 0u; step = step / 2u) {
    workgroupBarrier();
    if (lane < step) {
      parts_of_threads[thread] = join(parts_of_threads[thread], parts_of_threads[thread + step]);
    }
  }
  if (inside && lane == 0u) {
    store(number, parts_of_threads[thread]);
  }
}
