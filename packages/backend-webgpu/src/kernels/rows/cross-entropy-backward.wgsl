// dx = (e^(x - lse) - [column is the label]) · dloss, 0 in rows without a loss; in place over the logits.

#import elementary
#import flat

fn run(index: u32) {
  let row = index / columns;
  let label = labels[row];
  let probability = exp_of(logits[index] - log_sum_exp[row]);
  let hit = select(0f, 1f, i32(index % columns) == label);
  dlogits[index] = select((probability - hit) * dloss[row], 0f, label == -100i);
}
