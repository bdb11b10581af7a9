import type { CurvePoint, ReportData } from "../src/index.ts";

/** A believable report, every section filled; numbers are made up and repeat exactly. */
export function sampleReport(): ReportData {
  let state = 7;
  const noise = (): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648 - 0.5;
  };
  const steps = Array.from({ length: 240 }, (_, index) => index + 1);
  const curve = (step: number): number => 0.09 + 2.4 * Math.exp(-step / 28) + 0.5 * Math.exp(-step / 120);
  const train = steps.map((step): CurvePoint => ({ step, value: curve(step) * (1 + 0.35 * noise()) }));
  const validation = steps
    .filter((step) => step % 24 === 0)
    .map((step) => ({ step, value: curve(step) * 1.06 + 0.02 + Math.max(0, step - 190) * 0.0006 }));
  const learningRate = steps.map((step) => ({
    step,
    value: step <= 12 ? (2e-3 * step) / 12 : 1e-3 * (1 + Math.cos((Math.PI * (step - 12)) / 228)),
  }));
  const bins = (confidences: readonly number[], rights: readonly number[], counts: readonly number[]) =>
    counts.map((n, index) => ({
      low: index / 10,
      high: (index + 1) / 10,
      n,
      confidence: confidences[index]!,
      accuracy: rights[index]!,
    }));
  const middles = [0, 0, 0, 0, 0, 0.55, 0.65, 0.75, 0.86, 0.985];
  return {
    version: 1,
    title: "Telling spam from mail",
    summary:
      "After two minutes of fine-tuning, the small model recognises spam in 97.3 of 100 mails from senders it has never seen, up from 68.9. It forgot almost nothing of its general English.",
    createdAt: "24 November 2026, 14:05 UTC",
    tiles: [
      {
        label: "Accuracy on unseen mail",
        before: { value: 0.689, unit: "share" },
        value: { value: 0.973, unit: "share" },
        note: "95% interval 96.1 to 98.1",
        tone: "good",
      },
      {
        label: "Spam that gets through",
        before: { value: 0.94, unit: "share" },
        value: { value: 0.052, unit: "share" },
        note: "of 318 spam mails",
        tone: "good",
      },
      {
        label: "General perplexity",
        value: { value: 1.018, unit: "ratio" },
        note: "of the base; 1.05 was allowed",
        tone: "neutral",
      },
      {
        label: "Time after set-up",
        value: { value: 108, unit: "seconds" },
        note: "112 s predicted, 2 cores",
        tone: "neutral",
      },
    ],
    scores: {
      cases: "mails from senders and threads that occur in no other part",
      n: 1022,
      groups: 611,
      columns: [
        {
          id: "accuracy",
          title: "Accuracy",
          unit: "share",
          higherIsBetter: true,
          explanation: "Share of mails put in the right folder.",
        },
        {
          id: "f1",
          title: "F1 of spam",
          unit: "share",
          higherIsBetter: true,
          explanation: "Balance of spam found and mail wrongly blamed.",
        },
        {
          id: "notList",
          title: "Accuracy without lists",
          unit: "share",
          higherIsBetter: true,
          explanation: "Mailing lists are easy; this leaves them out.",
        },
        {
          id: "bitsPerByte",
          title: "General text",
          unit: "bits/byte",
          higherIsBetter: false,
          explanation: "How well it still predicts a novel.",
        },
      ],
      rows: [
        {
          name: "Always “mail”",
          role: "baseline",
          description: "the most frequent answer",
          scores: {
            accuracy: { value: 0.689, low: 0.66, high: 0.717, n: 1022 },
            f1: { value: 0, low: 0, high: 0, n: 1022 },
            notList: { value: 0.452, low: 0.41, high: 0.495, n: 522 },
          },
        },
        {
          name: "Word counts",
          role: "baseline",
          description: "TF-IDF logistic regression",
          scores: {
            accuracy: { value: 0.967, low: 0.954, high: 0.976, n: 1022 },
            f1: { value: 0.946, low: 0.926, high: 0.962, n: 1022 },
            notList: { value: 0.95, low: 0.928, high: 0.966, n: 522 },
          },
        },
        {
          name: "Base model",
          role: "before",
          description: "attune:tiny as it is",
          scores: {
            accuracy: { value: 0.689, low: 0.66, high: 0.717, n: 1022 },
            f1: { value: 0.107, low: 0.066, high: 0.151, n: 1022 },
            notList: { value: 0.468, low: 0.425, high: 0.511, n: 522 },
            bitsPerByte: { value: 1.912, low: 1.874, high: 1.95, n: 240_118 },
          },
        },
        {
          name: "Adapted model",
          role: "after",
          description: "the same with LoRA, rank 8",
          scores: {
            accuracy: { value: 0.973, low: 0.961, high: 0.981, n: 1022 },
            f1: { value: 0.956, low: 0.938, high: 0.971, n: 1022 },
            notList: { value: 0.958, low: 0.937, high: 0.972, n: 522 },
            bitsPerByte: { value: 1.921, low: 1.884, high: 1.959, n: 240_118 },
          },
        },
      ],
      comparisons: [
        {
          title: "Accuracy",
          unit: "share",
          difference: 0.284,
          low: 0.255,
          high: 0.312,
          pValue: 1e-70,
          test: "mcnemar-exact",
          verdict: "better",
        },
        {
          title: "F1 of spam",
          unit: "share",
          difference: 0.849,
          low: 0.803,
          high: 0.889,
          pValue: 0.0005,
          test: "paired-bootstrap",
          verdict: "better",
        },
        {
          title: "Bits per byte of general text",
          unit: "bits/byte",
          difference: 0.009,
          low: 0.006,
          high: 0.013,
          pValue: 0.001,
          test: "paired-bootstrap",
          verdict: "worse",
        },
      ],
      notes: [
        "Prompt, rank, steps and label words were chosen on the validation part; the test part was scored once a model.",
      ],
    },
    data: {
      unit: "mails",
      stages: [
        { name: "Raw mail", count: 6046 },
        {
          name: "Parsed and cleaned",
          count: 5981,
          description: "HTML to text, quoted printable and character sets, footers of lists stripped.",
          dropped: [
            { rule: "no text left", count: 41, explanation: "images and empty bodies" },
            { rule: "too short", count: 24 },
          ],
          changed: [
            { rule: "list footer stripped", count: 2817 },
            { rule: "encoding repaired", count: 212 },
          ],
        },
        {
          name: "Without duplicates",
          count: 4873,
          dropped: [
            { rule: "exact copy", count: 388 },
            { rule: "near copy", count: 720, explanation: "Jaccard of at least 0.8" },
          ],
        },
        {
          name: "Masked",
          count: 4873,
          changed: [
            { rule: "e-mail address", count: 2204 },
            { rule: "URL", count: 3319 },
            { rule: "phone number", count: 617 },
          ],
        },
      ],
      parts: [
        { name: "train", count: 3412, groups: 1804, perLabel: { mail: 2391, spam: 1021 } },
        { name: "validation", count: 439, groups: 301, perLabel: { mail: 301, spam: 138 } },
        { name: "test", count: 1022, groups: 611, perLabel: { mail: 704, spam: 318 } },
      ],
      leaks: 0,
      notes: ["Groups are the connected components of near-duplicates, threads and senders."],
    },
    training: {
      train,
      validation,
      learningRate,
      bestStep: 192,
      facts: [
        { name: "Trained parameters", value: "73,728 of 5,046,528 (1.5%)" },
        { name: "Steps", value: "240 of 16 rows" },
        { name: "Tokens", value: "614,400, of them 20% replay" },
        { name: "Speed", value: "9,310 tokens/s" },
      ],
    },
    mistakes: {
      confusions: [
        {
          title: "Before",
          labels: ["mail", "spam"],
          counts: [
            [685, 19],
            [299, 19],
          ],
        },
        {
          title: "After",
          labels: ["mail", "spam"],
          counts: [
            [693, 11],
            [17, 301],
          ],
        },
      ],
      reliability: [
        {
          title: "Before",
          bins: bins(middles, [0, 0, 0, 0, 0, 0.61, 0.66, 0.7, 0.72, 0.75], [0, 0, 0, 0, 0, 160, 301, 340, 180, 41]),
          error: { value: 0.083, low: 0.06, high: 0.11 },
        },
        {
          title: "After",
          bins: bins(middles, [0, 0, 0, 0, 0, 0.58, 0.7, 0.8, 0.84, 0.991], [0, 0, 0, 0, 0, 12, 18, 30, 72, 890]),
          error: { value: 0.011, low: 0.006, high: 0.02 },
        },
      ],
    },
    samples: {
      drawn: "Two of 40 texts, drawn by chance.",
      samples: [
        {
          id: "talk-1",
          text: "Where does the </blockquote><b>train</b> leave?",
          expected: "From platform 4.",
          before: "",
          after: "From platform 4 & 5.",
        },
        { id: "talk-2", text: "A text that was read.", before: "2.53 bits a byte", after: "2.21 bits a byte" },
      ],
    },
    changes: {
      fixed: {
        total: 304,
        shown: [
          {
            id: "spam-00412",
            label: "spam",
            before: "mail",
            after: "spam",
            text: "Dear friend,\n\nI am the manager of a bank in <COUNTRY> and have a business proposal that will benefit both of us. Kindly reply to <EMAIL> with your telephone number …",
          },
          {
            id: "spam-01107",
            label: "spam",
            before: "mail",
            after: "spam",
            text: '<b>LOWEST MORTGAGE RATES IN 40 YEARS!!!</b> Click <a href="http://example.test">here</a> <script>alert(1)</script> to apply now. '.repeat(
              6,
            ),
          },
        ],
      },
      broken: {
        total: 3,
        shown: [
          {
            id: "ham-02213",
            label: "mail",
            before: "mail",
            after: "spam",
            text: "Your weekly newsletter: 20% off all books until Friday. You get this because you subscribed at our shop.",
          },
        ],
      },
    },
    forgetting: {
      text: "Moby Dick",
      documents: 135,
      tokens: 61_204,
      before: 1.912,
      after: 1.921,
      difference: { value: 0.009, low: 0.006, high: 0.013 },
      perplexityRatio: { value: 1.018, low: 1.012, high: 1.025 },
      limit: 1.05,
    },
    resources: {
      rows: [
        { name: "Peak memory", unit: "bytes", predicted: 402 * 2 ** 20, used: 431 * 2 ** 20 },
        { name: "Time of the job", unit: "seconds", predicted: 112, used: 108 },
        { name: "Work of training", unit: "flops", predicted: 1.9e13, used: 1.9e13 },
      ],
      stages: [
        { name: "Parse, clean, deduplicate, mask, split", seconds: 14.2 },
        { name: "Evaluate the base", seconds: 15.8 },
        { name: "Train", seconds: 58.3 },
        { name: "Evaluate the adapted model", seconds: 15.9 },
        { name: "Merge and report", seconds: 3.8 },
      ],
      step: {
        note: "The mean of steps 3 to 7.",
        parts: [
          { name: "products", seconds: 0.1493 },
          { name: "attention", seconds: 0.0412 },
          { name: "outside kernels", seconds: 0.0095 },
        ],
      },
    },
    environment: [
      { name: "Processor", value: "Intel Xeon, 2 cores" },
      { name: "Node", value: "24.21.0" },
      { name: "Backend", value: "cpu, WASM SIMD with relaxed FMA, 2 threads" },
      { name: "System", value: "Linux x64" },
    ],
    repeat: {
      command: "npx attune run recipes/mail.yaml --seed 1 --threads 2 --output runs/mail",
      recipe:
        'model: attune:tiny\ntask:\n  kind: classification\n  labels: { mail: " good", spam: " junk" }\ntrain:\n  method: lora\n  rank: 8\n  steps: 240\n',
      facts: [
        { name: "Seed", value: "1" },
        { name: "Base weights", value: "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" },
        { name: "Data", value: "sha256 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752" },
        { name: "Attune", value: "0.1.0" },
      ],
    },
  };
}
