// Headline scores of the part that the page is about, then every part in a table.
const PARTS = { train: "training", val: "validation", test: "test", all: "all clips", unlabelled: "unlabelled" };
const partName = (part) => PARTS[part] ?? part;

function tile(name, value, under) {
  return make("div", { class: "tile" }, [make("dt", {}, name), make("dd", {}, value), make("dd", { class: "under" }, under)]);
}

function scoresSection(report) {
  const own = report.scores.find((row) => row.part === report.part);
  if (!own) return [paragraph("No clip has a known class: nothing to score.", "note")];
  const mistakes = Math.round((1 - own.top1) * own.num_clips);
  const tiles = make("dl", { class: "tiles" }, [
    tile("Top-1 accuracy", percent(own.top1), `95 % interval ${span(own.top1_interval)}`),
    tile("Macro F1", percent(own.macro_f1), `95 % interval ${span(own.macro_f1_interval)}`),
    tile(`Clips, ${partName(own.part)}`, whole(own.num_clips), counted(mistakes, "mistake")),
    tile("Calibration error", percent(own.ece), `cross-entropy ${fixed(own.nll)} nats`),
  ]);
  const number = (text) => ({ text, number: true });
  const top5 = report.scores.some((row) => known(row.top5));
  const head = ["part", number("clips"), number("top-1"), number("95 % interval"), number("macro F1"), number("95 % interval"),
    ...(top5 ? [number("top-5")] : []), number("calibration error"), number("cross-entropy")];
  const rows = report.scores.map((row) => [
    partName(row.part), number(whole(row.num_clips)), number(percent(row.top1)), number(span(row.top1_interval)),
    number(percent(row.macro_f1)), number(span(row.macro_f1_interval)), ...(top5 ? [number(percent(row.top5))] : []),
    number(percent(row.ece)), number(fixed(row.nll, 3)),
  ]);
  return [
    tiles,
    scrolled("Scores of every part", table(head, rows)),
    paragraph("Intervals of top-1 are Wilson\u2019s, of macro F1 a bootstrap over clips. Clips of one person are alike, so the true intervals are wider.", "muted"),
  ];
}
