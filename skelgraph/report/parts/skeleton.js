// The neutral pose with a value a joint: orange speaks for the class, blue against it.
const heatName = (value) => (value < 0 ? "against" : "for");
const heatShare = (value, largest) => (largest > 0 ? Math.min(1, Math.abs(value) / largest) : 0);
const heatPaint = (value, largest) =>
  `color-mix(in srgb, var(--${heatName(value)}) ${(100 * Math.sqrt(heatShare(value, largest))).toFixed(1)}%, var(--mid))`;
const GAP = 0.35;
const SCALE = 60;

function drawPose(skeleton, values, largest, label) {
  let left = 0;
  let low = Infinity;
  let high = -Infinity;
  const groups = [];
  for (const panel of skeleton.panels) {
    const known = panel.points.filter((point) => point[0] !== null);
    const begin = Math.min(...known.map((point) => point[0]));
    const end = Math.max(...known.map((point) => point[0]));
    const shift = left - begin;
    groups.push(...posePanel(skeleton, panel, values[panel.body], largest, shift));
    left += end - begin + GAP;
    low = Math.min(low, ...known.map((point) => point[1]));
    high = Math.max(high, ...known.map((point) => point[1]));
  }
  const edge = 0.25;
  const box = [-edge, -high - edge, left - GAP + 2 * edge, high - low + 2 * edge].map((one) => one * SCALE);
  return draw("svg", { viewBox: box.join(" "), role: "img", "aria-label": label }, groups);
}

function posePanel(skeleton, panel, values, largest, shift) {
  const place = (joint) => {
    const [x, y] = panel.points[joint];
    return x === null ? null : [SCALE * (x + shift), -SCALE * y];
  };
  const line = (first, second, kind) => {
    const [a, b] = [place(first), place(second)];
    return a && b ? draw("line", { class: kind, x1: a[0], y1: a[1], x2: b[0], y2: b[1] }) : null;
  };
  const bones = skeleton.bones.map(([joint, parent, virtual]) => line(joint, parent, virtual ? "bone virtual" : "bone"));
  const edges = skeleton.edges.map(([first, second]) => line(first, second, "bone edge"));
  const dots = panel.joints.map((joint) => {
    const [x, y] = place(joint);
    const value = values ? values[joint] : null;
    const radius = 3 + 7 * Math.sqrt(known(value) ? heatShare(value, largest) : 0);
    const paint = known(value) ? heatPaint(value, largest) : "var(--paper)";
    const told = `${skeleton.joints[joint]}: ${known(value) ? value.toPrecision(3) : "not seen"}`;
    const colours = { fill: paint, stroke: "var(--muted)", strokeWidth: 0.6 };
    return draw("circle", { cx: x, cy: y, r: radius.toFixed(2), colours }, draw("title", {}, told));
  });
  return [bones, edges, dots].flat().filter(Boolean);
}

// The joints that speak most for the class.
function topJoints(skeleton, values, count) {
  const found = [];
  values.forEach((body, slot) =>
    body.forEach((value, joint) => {
      if (!(value > 0)) return;
      const name = skeleton.hands && values.length > 1 ? `${["left", "right"][slot]} ${skeleton.joints[joint]}` : skeleton.joints[joint];
      found.push([name, value]);
    }),
  );
  return found.sort((a, b) => b[1] - a[1]).slice(0, count);
}
