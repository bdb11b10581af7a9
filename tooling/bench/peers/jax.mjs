// Matrix products by jax-js on its WASM backend; in Node it has one thread. Arrays are consumed by use, hence `.ref`.
import { defaultDevice, init, numpy as np } from "@jax-js/jax";
import { options, pattern, secondsOf, serve, versionOf } from "./serve.mjs";

options();
await init("wasm");
defaultDevice("wasm");
const operands = new Map();

await serve({ jax: versionOf("@jax-js/jax"), device: "wasm" }, async (request) => {
  const { m, k, n, transposeA, transposeB } = request;
  const key = JSON.stringify(request);
  if (!operands.has(key)) {
    operands.set(key, [
      np.array(pattern(m * k), { shape: transposeA ? [k, m] : [m, k] }),
      np.array(pattern(k * n), { shape: transposeB ? [n, k] : [k, n] }),
    ]);
  }
  const [a, b] = operands.get(key);
  const work = async () => {
    const c = np.matmul(transposeA ? a.ref.transpose() : a.ref, transposeB ? b.ref.transpose() : b.ref);
    await c.blockUntilReady();
    c.dispose();
  };
  return { seconds: await secondsOf(work, request.seconds) };
});
