// Column and row of the tile that workgroup `number` of a matrix takes: panels of `panel` strips, along the panel's strips first
// (tile-order.ts).

fn tile_place(number: u32) -> vec2u {
#if keeps_a
  let first = number / (panel * tiles_n) * panel;
  let inside = number % (panel * tiles_n);
  let strips = min(panel, tiles_m - first);
  return vec2u(inside / strips, first + inside % strips);
#else
  let first = number / (panel * tiles_m) * panel;
  let inside = number % (panel * tiles_m);
  let strips = min(panel, tiles_n - first);
  return vec2u(first + inside % strips, inside / strips);
#endif
}
