// The row of hyper-parameters of an element, times 8, or -1 for an element of no segment.

fn hyper_row(index: u32) -> i32 {
  var low = 0u;
  var high = segment_count;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (segments[middle * 3u + 1u] <= index) {
      low = middle + 1u;
    } else {
      high = middle;
    }
  }
  if (low == segment_count || index < segments[low * 3u]) {
    return -1i;
  }
  return i32(segments[low * 3u + 2u] * 8u);
}
