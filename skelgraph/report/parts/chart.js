// Axes and lines for the charts; everything is placed in one drawing of fixed size.
const WIDTH = 360;
const HEIGHT = 230;
const INSIDE = { left: 58, right: 10, top: 10, bottom: 36 };

function ticks(low, high, count = 5) {
  const rough = (high - low || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push(Number((i * step).toPrecision(10)));
  return found;
}

function axes({ x, y, xLabel, yLabel, label, wholeX = false, height = HEIGHT }) {
  const across = (value) => INSIDE.left + ((value - x[0]) / (x[1] - x[0] || 1)) * (WIDTH - INSIDE.left - INSIDE.right);
  const up = (value) => height - INSIDE.bottom - ((value - y[0]) / (y[1] - y[0] || 1)) * (height - INSIDE.top - INSIDE.bottom);
  const xs = ticks(x[0], x[1]).filter((value) => !wholeX || Number.isInteger(value));
  const ys = ticks(y[0], y[1], height < 150 ? 2 : 5);
  const parts = [
    ...ys.map((v) => draw("line", { class: "grid", x1: across(x[0]), x2: across(x[1]), y1: up(v), y2: up(v) })),
    ...ys.map((v) => draw("text", { x: INSIDE.left - 5, y: up(v) + 4, "text-anchor": "end" }, plain(v))),
    ...xs.map((v) => draw("text", { x: across(v), y: height - INSIDE.bottom + 14, "text-anchor": "middle" }, plain(v))),
    draw("path", { class: "axis", d: `M${across(x[0])},${up(y[1])}V${up(y[0])}H${across(x[1])}` }),
    draw("text", { x: (WIDTH + INSIDE.left) / 2, y: height - 5, "text-anchor": "middle" }, xLabel),
    draw("text", { transform: `translate(11 ${(height - INSIDE.bottom) / 2 + 4}) rotate(-90)`, "text-anchor": "middle" }, yLabel),
  ];
  const svg = draw("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": label }, parts);
  return { svg, across, up };
}

const plain = (value) => (Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(0) : String(value));

function lineOf(frame, xs, ys, paint) {
  const d = xs.map((x, i) => `${i ? "L" : "M"}${frame.across(x).toFixed(1)},${frame.up(ys[i]).toFixed(1)}`).join("");
  const parts = [draw("path", { class: "line", d, colours: { stroke: paint } })];
  if (xs.length === 1) parts.push(draw("circle", { cx: frame.across(xs[0]), cy: frame.up(ys[0]), r: 3, colours: { fill: paint } }));
  return parts;
}

function legend(entries, kind = "") {
  return make("ul", { class: "legend" }, entries.map(([name, paint]) =>
    make("li", {}, [make("span", { class: `swatch ${kind}`, colours: { background: paint } }), name])));
}

const partPaint = (number) => `var(--part-${number % 12})`;

// A score with its interval as a bar from 0 to 1.
function scoreBar(value, bounds, paint = "var(--part-0)") {
  if (!known(value)) return "";
  const inside = [
    draw("rect", { x: 0, y: 3, width: 100, height: 10, rx: 2, colours: { fill: "var(--mid)" } }),
    draw("rect", { x: 0, y: 3, width: 100 * value, height: 10, rx: 2, colours: { fill: paint } }),
  ];
  if (bounds && known(bounds[0]))
    inside.push(draw("path", { d: `M${100 * bounds[0]},5v6m0,-3H${100 * bounds[1]}m0,-3v6`, colours: { stroke: "var(--ink)", fill: "none" } }));
  return draw("svg", { width: 104, height: 16, viewBox: "-2 0 104 16", "aria-hidden": "true" }, inside);
}
