// Matrix products by onnxruntime-node: a model of one Gemm, written as the bytes of its protobuf. Both operands are inputs, so B is
// packed in every run, as by the others.
import ort from "onnxruntime-node";
import { options, pattern, secondsOf, serve } from "./serve.mjs";

const { threads } = options();
const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
const bytes = (field, content) => [...varint((field << 3) | 2), ...varint(content.length), ...content];
const text = (field, value) => bytes(field, [...new TextEncoder().encode(value)]);
const integer = (field, value) => [...varint(field << 3), ...varint(value)];

function tensor(field, name, shape) {
  const dimensions = shape.flatMap((size) => bytes(1, integer(1, size)));
  return bytes(field, [...text(1, name), ...bytes(2, bytes(1, [...integer(1, 1), ...bytes(2, dimensions)]))]);
}

function gemm({ m, k, n, transposeA, transposeB }) {
  const attribute = (name, value) => bytes(5, [...text(1, name), ...integer(3, Number(value)), ...integer(20, 2)]);
  const node = [
    ...text(1, "a"),
    ...text(1, "b"),
    ...text(2, "c"),
    ...text(4, "Gemm"),
    ...attribute("transA", transposeA),
    ...attribute("transB", transposeB),
  ];
  const graph = [
    ...bytes(1, node),
    ...text(2, "product"),
    ...tensor(11, "a", transposeA ? [k, m] : [m, k]),
    ...tensor(11, "b", transposeB ? [n, k] : [k, n]),
    ...tensor(12, "c", [m, n]),
  ];
  return Uint8Array.from([...integer(1, 8), ...bytes(7, graph), ...bytes(8, [...text(1, ""), ...integer(2, 13)])]);
}

const sessions = new Map();

async function open(request) {
  const { m, k, n, transposeA, transposeB } = request;
  const session = await ort.InferenceSession.create(gemm(request), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const a = new ort.Tensor("float32", pattern(m * k), transposeA ? [k, m] : [m, k]);
  const b = new ort.Tensor("float32", pattern(k * n), transposeB ? [n, k] : [k, n]);
  return () => session.run({ a, b });
}

await serve({ onnxruntime: ort.env.versions.node ?? ort.env.versions.common }, async (request) => {
  const key = JSON.stringify(request);
  if (!sessions.has(key)) sessions.set(key, await open(request));
  return { seconds: await secondsOf(sessions.get(key), request.seconds) };
});
