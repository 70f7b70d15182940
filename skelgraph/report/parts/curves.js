// How training went, one chart a kind of quantity.
function curvesSection(report) {
  const { panels, best_epoch: best } = report.curves;
  const charts = panels.map((panel) => curveChart(panel, best));
  return [known(best) ? paragraph(`Dashed: epoch ${best}, the best on validation.`, "muted") : null, make("div", { class: "charts" }, charts)];
}

function curveChart(panel, best) {
  const xs = panel.lines.flatMap((line) => line.x);
  const ys = panel.lines.flatMap((line) => line.y);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const edge = (high - low || Math.abs(high) || 1) * 0.05;
  const bottom = low >= 0 && low < 0.4 * high ? 0 : low - edge;
  const first = Math.min(...xs);
  const frame = axes({ x: [first, Math.max(...xs, first + 1)], y: [bottom, high + edge], xLabel: panel.across, yLabel: panel.unit, wholeX: true,
    label: `${panel.unit} over epochs: ${panel.lines.map((line) => line.name).join(", ")}` });
  if (known(best) && xs.includes(best))
    frame.svg.append(draw("path", { class: "guide", d: `M${frame.across(best)},${frame.up(bottom)}V${INSIDE.top}` }));
  panel.lines.forEach((line, place) => frame.svg.append(...lineOf(frame, line.x, line.y, partPaint(place))));
  return make("figure", {}, [make("figcaption", {}, panel.unit), frame.svg, legend(panel.lines.map((line, place) => [line.name, partPaint(place)]))]);
}
