// What the attention kernels share. Queries of all heads that read one key head are rows of one block: row r is query r / group of
// head key_head · group + r mod group. Scores, and what is hidden, are in the generated functions `score` and `visible`.

#import elementary

const group_heads = heads / key_heads;
const rows = queries * group_heads;
const hidden_score = -3e38f;

fn query_of(row: u32) -> u32 {
  return row / group_heads;
}

fn head_of(key_head: u32, row: u32) -> u32 {
  return key_head * group_heads + row % group_heads;
}

// First quad of a row of queries, or of what has their shape.
fn row_start(batch: u32, key_head: u32, row: u32) -> u32 {
  return (batch * queries + query_of(row)) * heads + head_of(key_head, row);
}

fn key_start(batch: u32, key_head: u32, key: u32) -> u32 {
  return (batch * keys + key) * key_heads + key_head;
}

// Place of a row in [batch, heads, queries].
fn row_place(batch: u32, key_head: u32, row: u32) -> u32 {
  return (batch * heads + head_of(key_head, row)) * queries + query_of(row);
}
