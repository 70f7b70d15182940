// Which classes are taken for which: rows are true classes, columns predicted ones.
const NAME_LENGTH = 22;

function confusionSection(report, playPair) {
  const counts = report.confusion;
  const size = counts.length;
  const cell = size > 40 ? 14 : size > 12 ? 24 : 38;
  const longest = Math.min(NAME_LENGTH, Math.max(...report.classes.map((name) => name.length)));
  const margin = 8 + 6.4 * longest;
  const parts = [draw("rect", { x: margin, y: margin, width: size * cell, height: size * cell, colours: { fill: "var(--sheet)" } })];
  counts.forEach((row, truth) => {
    const total = row.reduce((sum, one) => sum + one, 0);
    const middle = margin + (truth + 0.5) * cell;
    const name = short(report.classes[truth], NAME_LENGTH);
    parts.push(draw("text", { x: margin - 5, y: middle + 4, "text-anchor": "end" }, name));
    parts.push(draw("text", { transform: `translate(${middle + 4} ${margin - 5}) rotate(-90)` }, name));
    row.forEach((count, predicted) => {
      if (count) parts.push(...confusionCell(report, { truth, predicted, count, total, cell, margin }));
    });
  });
  const extent = margin + size * cell + 2;
  const label = `Confusion matrix of ${size} classes; the most frequent mistakes are listed beside it`;
  const svg = draw("svg", { width: extent, height: extent, viewBox: `0 0 ${extent} ${extent}`, role: "img", "aria-label": label }, parts);
  return [make("div", { class: "columns" }, [
    make("div", {}, [scrolled("Confusion matrix", svg, "tall"), paragraph("Rows: true class; columns: predicted. Blue: right, orange: wrong; colours are shares of the row.", "muted")]),
    mistakesTable(report, playPair),
  ])];
}

function confusionCell(report, { truth, predicted, count, total, cell, margin }) {
  const share = count / total;
  const paint = `color-mix(in srgb, var(--${truth === predicted ? "against" : "for"}) ${(15 + 85 * share).toFixed(0)}%, var(--sheet))`;
  const told = `${report.classes[truth]} taken for ${report.classes[predicted]}: ${count} of ${total}`;
  const [x, y] = [margin + predicted * cell, margin + truth * cell];
  const found = [draw("rect", { x, y, width: cell - 1, height: cell - 1, colours: { fill: paint } }, draw("title", {}, told))];
  if (cell >= 20 && String(count).length * 7 < cell)
    found.push(draw("text", { x: x + cell / 2, y: y + cell / 2 + 4, "text-anchor": "middle", "pointer-events": "none",
      colours: { fill: share > 0.5 ? "var(--paper)" : "var(--ink)" } }, String(count)));
  return found;
}

function mistakesTable(report, playPair) {
  const pairs = report.confusion
    .flatMap((row, truth) => row.map((count, predicted) => ({ truth, predicted, count, total: row.reduce((s, one) => s + one, 0) })))
    .filter((one) => one.count && one.truth !== one.predicted)
    .sort((a, b) => b.count - a.count)
    .slice(0, 10);
  if (!pairs.length) return paragraph("No mistakes on these clips.", "note");
  const number = (text) => ({ text, number: true });
  const rows = pairs.map(({ truth, predicted, count, total }) => {
    const names = [report.classes[truth], report.classes[predicted]];
    const play = playPair && playPair(truth, predicted);
    const press = play ? make("button", { type: "button", "aria-label": `Play ${names[0]} taken for ${names[1]}` }, "Play") : "";
    if (play) press.addEventListener("click", play);
    return [names[0], names[1], number(`${count} of ${total}`), press];
  });
  return scrolled("Most frequent mistakes", table(["true class", "taken for", number("clips"), make("span", { class: "hidden" }, "play")], rows, { caption: "Most frequent mistakes" }));
}
