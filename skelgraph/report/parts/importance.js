// Which joints the decisions for each class rest on, and how far that can be believed.
const FIRST = 24;
const heatKey = () => make("div", { class: "heat" }, ["against the class", make("span", { class: "scale" }), "for the class"]);

function importanceSection(report) {
  const found = report.importance;
  const scales = {
    joints: Math.max(...found.classes.flatMap((one) => one.joints.flat()).filter(known).map(Math.abs)),
    parts: ends(found.classes.flatMap((one) => Object.values(one.parts))),
    times: ends(found.classes.flatMap((one) => one.times ?? [])),
  };
  const holder = make("div", { class: "maps" });
  const add = (group) => holder.append(...group.map((one) => importanceMap(report.skeleton, one, scales)));
  add(found.classes.slice(0, FIRST));
  const rest = found.classes.slice(FIRST);
  const more = make("button", { type: "button" }, `Show ${counted(rest.length, "more class", "more classes")}`);
  more.addEventListener("click", () => {
    add(rest);
    more.remove();
  });
  return [
    paragraph(`Method: ${found.title}. Means over ${whole(found.sampled)} of ${counted(found.of, "clip")}, by predicted class. One scale for all classes. Bars are sums over the joints of a body part.`),
    belief(found.check),
    heatKey(),
    holder,
    rest.length ? more : null,
  ];
}

function belief(check) {
  if (!check) return paragraph("This method was not tested on this run: see skelgraph explain --check.", "muted");
  const numbers = `Taking the most important away first leaves ${fixed(check.deletion[0])} of the class\u2019s probability on average (${fixed(check.random.deletion[0])} in random order); adding it first brings ${fixed(check.insertion[0])} (${fixed(check.random.insertion[0])}). Tested on ${counted(check.clips, "clip")}.`;
  return check.beats_random
    ? paragraph(`On this run the method is better than chance. ${numbers}`, "note")
    : paragraph(`On this run the method is not surely better than chance: do not rest anything on these maps. ${numbers}`, "warning");
}

function importanceMap(skeleton, one, scales) {
  const top = topJoints(skeleton, one.joints, 5);
  const label = `${one.name}: most important are ${top.map(([name]) => name).join(", ") || "none"}`;
  return make("figure", { class: "map" }, [
    make("figcaption", {}, [one.name, " ", make("span", { class: "muted" }, counted(one.clips, "clip"))]),
    drawPose(skeleton, one.joints, scales.joints, label),
    topList(top, (value) => ` ${value.toPrecision(2)}`),
    partBars(one, scales.parts),
    one.times && timeLine(one, scales.times),
  ]);
}

// Least and greatest value, with zero between them or at an end.
const ends = (values) => [Math.min(0, ...values), Math.max(0, ...values)];

const BAR = { row: 15, names: 104, width: 240 };

// Sums over body parts; bars to the left of the line speak against the class.
function partBars(one, [low, high]) {
  const parts = Object.entries(one.parts).map(([name, value]) => [name.replaceAll("_", " "), value]);
  if (!parts.length || low === high) return null;
  const across = (value) => BAR.names + ((value - low) / (high - low)) * (BAR.width - BAR.names);
  const height = BAR.row * parts.length;
  const label = `${one.name}, sums by body part: ${parts.map(([name, value]) => `${name} ${value.toPrecision(2)}`).join(", ")}`;
  return draw("svg", { class: "parts", viewBox: `0 0 ${BAR.width} ${height}`, role: "img", "aria-label": label }, [
    parts.flatMap(([name, value], place) => [
      draw("text", { x: BAR.names - 6, y: BAR.row * place + 11, "text-anchor": "end" }, short(name, 17)),
      draw("rect", { x: Math.min(across(0), across(value)), y: BAR.row * place + 2, width: Math.abs(across(value) - across(0)), height: BAR.row - 4,
        colours: { fill: value < 0 ? "var(--against)" : "var(--for)" } }, draw("title", {}, `${name} ${value.toPrecision(2)}`)),
    ]),
    draw("line", { class: "axis", x1: across(0), x2: across(0), y1: 0, y2: height }),
  ]);
}

function timeLine(one, y) {
  const frame = axes({ x: [0, 1], y, xLabel: "share of the clip", yLabel: "", label: `${one.name}: importance over time`, height: 110 });
  frame.svg.append(...lineOf(frame, one.times.map((_, step) => step / (one.times.length - 1)), one.times, "var(--for)"));
  return frame.svg;
}

function topList(top, told = () => "") {
  if (!top.length) return paragraph("No joint speaks for it.", "muted");
  return make("ol", {}, top.map(([name, value]) => make("li", {}, `${name}${told(value)}`)));
}
