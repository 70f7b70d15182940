// A run with few labels: what it started from, what the method made of it, which one is kept.
function verdict(few) {
  const guard = few.guard ?? {};
  const kept = few.kept === "supervised" ? "the supervised start" : `the model of ${few.method}`;
  if (!known(guard.prefers)) return `Kept: ${kept}. There was no comparison on validation.`;
  const numbers = `${percent(guard.supervised.top1)} before and ${percent(guard.method.top1)} after on ${counted(guard.num_clips, "held-out clip")}`;
  const sure = guard.decided ? "the interval of the difference excludes zero" : "chance may explain the difference";
  return `Kept: ${kept}. Validation prefers ${guard.prefers === "method" ? few.method : "the supervised start"}: ${numbers} (${sure}).`;
}

function dumbbell(before, after) {
  if (!known(before) || !known(after)) return "";
  const paint = after < before ? "var(--part-1)" : "var(--part-0)";
  return draw("svg", { width: 108, height: 16, viewBox: "-4 0 108 16", "aria-hidden": "true" }, [
    draw("line", { x1: 0, x2: 100, y1: 8, y2: 8, colours: { stroke: "var(--faint)" } }),
    draw("line", { x1: 100 * before, x2: 100 * after, y1: 8, y2: 8, colours: { stroke: paint, strokeWidth: 3 } }),
    draw("circle", { cx: 100 * before, cy: 8, r: 3.5, colours: { fill: "var(--paper)", stroke: paint } }),
    draw("circle", { cx: 100 * after, cy: 8, r: 4, colours: { fill: paint } }),
  ]);
}

function changesSection(report) {
  const few = report.few_labels;
  const found = [paragraph(verdict(few), few.surely_fell?.length ? "warning" : "note")];
  const labels = few.labels ?? {};
  if (labels.label_budget) {
    const given = Object.values(labels.labels_by_class ?? {}).reduce((sum, one) => sum + one, 0);
    found.push(paragraph(`Label budget ${labels.label_budget}: ${counted(given, "labelled clip")}. Method: ${few.method}.`));
  }
  if (few.pseudo_labels && known(few.pseudo_labels.taken_accuracy))
    found.push(paragraph(`At the end ${whole(few.pseudo_labels.taken)} of ${whole(few.pseudo_labels.clips)} unlabelled clips were taught, ${percent(few.pseudo_labels.taken_accuracy)} of them rightly.`));
  if (!few.rows) return found;
  const number = (text) => ({ text, number: true });
  const rows = few.rows.map(([name, clips, before, after, difference, low, high]) => ({
    kind: few.surely_fell.includes(name) ? "surely" : null,
    cells: [name, number(fixed(clips, 0)), number(fixed(before)), number(fixed(after)), { text: dumbbell(before, after), wide: true },
      number(signed(difference)), { ...number(known(low) ? `${signed(low)} to ${signed(high)}` : DASH), wide: true }],
  }));
  const head = ["class", number("clips"), number("before"), number("after"), { text: "F1, 0 to 1", wide: true }, number("change"), { ...number("95 % interval"), wide: true }];
  found.push(scrolled("F1 of each class before and after", table(head, rows), "tall"), paragraph(`${few.basis}. Bold: fell by more than chance explains.`, "muted"));
  return found;
}
