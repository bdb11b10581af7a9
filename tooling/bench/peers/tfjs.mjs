// Matrix products by TensorFlow.js on its WASM backend (XNNPACK); in Node it has one thread.
import { createRequire } from "node:module";
import { options, pattern, secondsOf, serve } from "./serve.mjs";

const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs-core");
const wasm = require("@tensorflow/tfjs-backend-wasm");
options();
await tf.setBackend("wasm");
await tf.ready();
const operands = new Map();

await serve({ tfjs: tf.version_core ?? wasm.version_wasm, threads: wasm.getThreadsCount() }, async (request) => {
  const { m, k, n, transposeA, transposeB } = request;
  const key = JSON.stringify(request);
  if (!operands.has(key)) {
    operands.set(key, [
      tf.tensor2d(pattern(m * k), transposeA ? [k, m] : [m, k]),
      tf.tensor2d(pattern(k * n), transposeB ? [n, k] : [k, n]),
    ]);
  }
  const [a, b] = operands.get(key);
  const work = () => tf.matMul(a, b, transposeA, transposeB).dispose();
  return { seconds: await secondsOf(work, request.seconds) };
});
